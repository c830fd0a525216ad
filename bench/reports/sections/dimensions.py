"""Does a metric agree with the target, or with something else that listeners rated beside it?"""

from __future__ import annotations

from collections.abc import Sequence

from bench.analysis.numbers import interval_text, percent
from bench.analysis.strata import ALL, StratumName
from bench.analysis.verdict.dimensions import nearly_one_text
from bench.analysis.verdict.words import names
from bench.reports.layout import Cell, Column, Row, Section, Table
from bench.reports.sections.intervals import intervals_made, measured_cell
from bench.statistics.agreement import SRCC
from bench.statistics.dimensions import DimensionAgreement, DimensionOverlap


def dimensions_section(
    agreements: Sequence[DimensionAgreement], overlaps: Sequence[DimensionOverlap], strata: Sequence[StratumName]
) -> Section | None:
    """Return metrics against every rated dimension, and the target beside the others; None where one was rated."""
    if not overlaps:
        return None
    target, others = overlaps[0].target, list(dict.fromkeys(one.dimension for one in overlaps))
    everywhere = [one for one in overlaps if one.stratum == ALL]
    tables = [
        *_by_dimension([one for one in agreements if one.stratum == ALL], target, others),
        *_by_stratum([one for one in agreements if one.dimension == target], strata),
        _between(overlaps, strata),
    ]
    paragraphs = (_reading(target, others), nearly_one_text(everywhere))
    return Section(
        f"Agreement with {target}, or with {names(others, 'or')}?", tuple(filter(None, paragraphs)), tuple(tables)
    )


def _reading(target: str, others: Sequence[str]) -> str:
    rated = names(others)
    return (
        f"Listeners also rated {rated}. A partial {SRCC.name} is what is left of a metric's {SRCC.name} with {target} "
        f"once the ranks of {rated} are taken out of scores and ratings. Where it is not above 0, the metric was not "
        f"shown to agree with {target} beyond {rated}. The reverse is no proof: ratings are noisy, and what the noise "
        f"hides of {rated} is not taken out.{_reliability(others)}"
    )


def _reliability(others: Sequence[str]) -> str:
    if len(others) > 1:
        return ""
    return (
        f" “Gone at”: the reliability of the mean ratings of {others[0]} at which a metric that hears {others[0]} only "
        "would show as much; the lower it is, the safer."
    )


def _by_dimension(found: Sequence[DimensionAgreement], target: str, others: Sequence[str]) -> list[Table]:
    if not found:
        return []
    record = {(one.metric, one.dimension): one for one in found}
    dimensions, one_other = (target, *others), len(others) == 1
    rows = [
        Row(metric, tuple(cell for d in dimensions for cell in _cells(record[metric, d], one_other and d == target)))
        for metric in dict.fromkeys(one.metric for one in found)
    ]
    n_pairs = found[0].n_pairs
    rest = {d: names([one for one in dimensions if one != d]) for d in dimensions}
    columns = [column for d in dimensions for column in (Column(d, n_pairs), Column(f"{d}, given {rest[d]}", n_pairs))]
    columns[2:2] = [Column("gone at", n_pairs)] if one_other else []
    reading = (
        f"{SRCC.name} with the mean ratings of each dimension, and the partial {SRCC.name} given the others, on the "
        f"pairs that are rated in all of them. {intervals_made(found)}"
    )
    return [Table(f"{SRCC.name} with everything that was rated, all pairs", reading, tuple(columns), tuple(rows))]


def _cells(one: DimensionAgreement, with_reliability: bool) -> tuple[Cell, ...]:
    cells = measured_cell(one.correlation, one.note), measured_cell(one.partial, one.note)
    return (*cells, measured_cell(one.gone_at)) if with_reliability else cells


def _by_stratum(found: Sequence[DimensionAgreement], strata: Sequence[StratumName]) -> list[Table]:
    """Return the partial correlation with the target by source, where there are several."""
    record = {(one.metric, one.stratum): one for one in found}
    shown = [stratum for stratum in strata if any(one.stratum == stratum.id for one in found)]
    if len(shown) < 2:
        return []
    first = found[0]
    rows = [
        Row(metric, tuple(measured_cell(record[metric, s.id].partial, record[metric, s.id].note) for s in shown))
        for metric in dict.fromkeys(one.metric for one in found)
    ]
    n_pairs = {one.stratum: one.n_pairs for one in found}
    return [
        Table(
            f"Partial {SRCC.name} with {first.dimension}, given {names(first.given)}, by source",
            intervals_made(found),
            tuple(Column(stratum.label, n_pairs[stratum.id]) for stratum in shown),
            tuple(rows),
        )
    ]


def _between(overlaps: Sequence[DimensionOverlap], strata: Sequence[StratumName]) -> Table:
    record = {(one.dimension, one.stratum): one for one in overlaps}
    shown = [stratum for stratum in strata if any(one.stratum == stratum.id for one in overlaps)]
    rows = [
        Row(name, tuple(measured_cell(record[name, s.id].correlation, record[name, s.id].note) for s in shown))
        for name in dict.fromkeys(one.dimension for one in overlaps)
    ]
    first = {one.stratum: one for one in overlaps}
    target = overlaps[0].target
    together = tuple(_shared_cell(first[stratum.id]) for stratum in shown)
    return Table(
        f"{SRCC.name} of {target} with what else was rated",
        f"Mean ratings of pairs. Last row: the share of the rank variance of {target} that the others explain together "
        f"(R²). {intervals_made(overlaps)}",
        tuple(Column(stratum.label, first[stratum.id].n_pairs) for stratum in shown),
        (*rows, Row("explained together", together, origin="yardstick")),
        corner="dimension",
    )


def _shared_cell(one: DimensionOverlap) -> Cell:
    share = one.shared
    if share.estimate != share.estimate:
        return Cell(note=share.note or one.note)
    ends = f" [{percent(share.low)}, {percent(share.high)}]" if interval_text(share.low, share.high) else ""
    return Cell(text=f"{percent(share.estimate)}{ends}", note=share.note)
