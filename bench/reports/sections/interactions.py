"""Does one metric lead another on some sounds more than on others?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bench.analysis.strata import Kind, StratumName, labels, of_kind
from bench.reports.layout import Cell, Column, Row, Section, Table
from bench.reports.sections.differences import difference_label
from bench.reports.sections.intervals import intervals_made
from bench.statistics.agreement import BY_ID
from bench.statistics.comparison import CorrelationDifference
from bench.statistics.interactions import Interaction

READING = (
    "That a lead is shown on some sounds and not on others does not show that it differs: the difference of the two "
    "leads does. Where ratings spread less, every correlation and with it every lead is smaller, so a lead that only "
    "shrinks may come from the ratings; that it shrinks or grows is not to be read as a property of the metrics alone."
)

Leads = dict[tuple[str, str, str], CorrelationDifference]
"""Differences by metric, other metric and stratum."""


def interactions_section(
    interactions: Sequence[Interaction], differences: Sequence[CorrelationDifference], strata: Sequence[StratumName]
) -> Section | None:
    """Return the leads of metrics by source, and those that differ between systems; None with nothing to compare.

    Args:
        interactions: of sources and of systems.
        differences: between metrics; those of the same statistic, by source, are shown beside.
        strata: what the ids stand for.
    """
    by_source, by_system = (_of(interactions, strata, kind) for kind in ("source", "system"))
    statistics = {one.statistic for one in interactions}
    leads = {(d.metric_a, d.metric_b, d.stratum): d for d in differences if d.statistic in statistics}
    tables = [_sources(by_source, leads, labels(strata))] if by_source else []
    sentences = [READING]
    shown = [one for one in by_system if one.p_adjusted <= 1 - one.confidence_level]
    if by_system:
        sentences.append(_on_systems(by_system, shown))
    if shown:
        tables.append(_systems(shown, by_system, labels(strata)))
    return Section("Does a lead depend on the sounds?", tuple(sentences), tuple(tables)) if interactions else None


def _of(interactions: Iterable[Interaction], strata: Sequence[StratumName], kind: Kind) -> list[Interaction]:
    ids = {stratum.id for stratum in of_kind(strata, kind)}
    return [one for one in interactions if one.stratum_a in ids]


def _sources(found: Sequence[Interaction], leads: Leads, label: dict[str, str]) -> Table:
    first = found[0]
    two = (first.stratum_a, first.stratum_b)
    rows = [
        Row(
            difference_label(one.metric_a, one.metric_b),
            (*(_lead(leads.get((one.metric_a, one.metric_b, stratum))) for stratum in two), _cell(one)),
        )
        for one in found
    ]
    beside = [leads[key] for one in found for s in two if (key := (one.metric_a, one.metric_b, s)) in leads]
    n_pairs = {d.stratum: d.n_pairs for d in beside}
    columns = (*(Column(label[stratum], n_pairs.get(stratum)) for stratum in two), Column("difference of the leads"))
    reading = (
        f"First metric minus second in {BY_ID[first.statistic].name}. {intervals_made(beside)} {_simultaneous(found)}"
    )
    title = f"Leads on {label[two[0]]} and on {label[two[1]]} clips"
    return Table(title, reading, columns, tuple(rows), corner="metrics")


def _systems(shown: Sequence[Interaction], among: Sequence[Interaction], label: dict[str, str]) -> Table:
    rows = [
        Row(
            difference_label(one.metric_a, one.metric_b),
            (Cell(text=label[one.stratum_a]), Cell(text=label[one.stratum_b]), _cell(one)),
        )
        for one in sorted(shown, key=lambda one: one.p_adjusted)
    ]
    columns = (Column("larger or smaller on"), Column("than on"), Column("difference of the leads"))
    reading = f"First metric minus second in {BY_ID[shown[0].statistic].name}. {_simultaneous(among)}"
    return Table("Leads that differ between systems", reading, columns, tuple(rows), corner="metrics")


def _on_systems(found: Sequence[Interaction], shown: Sequence[Interaction]) -> str:
    tested = [one for one in found if one.p_adjusted == one.p_adjusted]
    level = f"p ≤ {1 - found[0].confidence_level:.2g}, adjusted for all of them"
    if not tested:
        return "Whether leads differ between systems could not be tested."
    n = f"{len(shown):,}" if shown else "none"
    return f"Of {_comparisons(tested)} of a lead between two systems, {n} showed a difference ({level})."


def _simultaneous(found: Sequence[Interaction]) -> str:
    """Return how interval and p of a difference of leads were made."""
    one = found[0]
    drawn = f"{one.n_resamples:,} resamples of {one.resample_unit}s, drawn for all strata together"
    return (
        f"Difference of the leads: {100 * one.confidence_level:g} % interval simultaneous over "
        f"{_comparisons(found)}, from the largest studentised deviation of each of {drawn}; p from the same, by "
        "step-down, which never shows less."
    )


def _comparisons(found: Sequence[Interaction]) -> str:
    return f"{len(found):,} {'comparison' if len(found) == 1 else 'comparisons'}"


def _lead(difference: CorrelationDifference | None) -> Cell:
    if difference is None:
        return Cell()
    return Cell(difference.delta, difference.low, difference.high, note=difference.note)


def _cell(one: Interaction) -> Cell:
    note = one.note or one.difference.note
    return Cell(one.difference.estimate, one.sim_low, one.sim_high, p_value=one.p_adjusted, note=note)
