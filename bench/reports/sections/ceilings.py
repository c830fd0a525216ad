"""How far from the best that any metric could reach, given how far listeners agree?"""

from __future__ import annotations

from collections.abc import Sequence

from bench.analysis.strata import StratumName, labels, of_kind
from bench.reports.layout import Cell, Column, Row, Section, Table
from bench.reports.sections.intervals import intervals_made, measured_cell
from bench.statistics.reliability import SHARED_STATISTICS, CeilingShare, ReliabilityEstimate


def ceilings_section(
    reliability: Sequence[ReliabilityEstimate], shares: Sequence[CeilingShare], strata: Sequence[StratumName]
) -> Section | None:
    """Return reliability by stratum, and each metric's correlations as a share of the ceiling."""
    if not reliability:
        return None
    return Section("Noise ceiling", (), (_reliability_table(reliability, strata), _share_table(shares, strata)))


def _reliability_table(reliability: Sequence[ReliabilityEstimate], strata: Sequence[StratumName]) -> Table:
    label = labels(strata)
    headers = ("ICC(1)", "ICC(1,k)", "√ICC(1,k)", "reliability", "ceiling")
    rows = [
        Row(label[one.stratum], (Cell(text=f"{one.n_pairs:,}"), Cell(text=f"{one.n_ratings:,}"), *_cells(one)))
        for one in reliability
    ]
    return Table(
        "Agreement among listeners",
        "No metric can be expected to exceed the ceiling. ICC(1,k) speaks of the mean of a typical number of ratings; "
        "reliability and ceiling speak of these pairs as they are, those that few have rated counting in full. "
        f"{intervals_made(reliability)}",
        tuple(map(Column, ("pairs", "ratings", *headers))),
        tuple(rows),
        corner="stratum",
    )


def _cells(one: ReliabilityEstimate) -> list[Cell]:
    nothing_left = "no reliability is left: the square root of a value below 0 is no ceiling"
    ceilings = [
        measured_cell(ceiling, one.note) if of.estimate > 0 else Cell(note=nothing_left)
        for of, ceiling in ((one.icc1k, one.icc1k_ceiling), (one.reliability, one.ceiling))
    ]
    icc1, icc1k, reliability = (measured_cell(value, one.note) for value in (one.icc1, one.icc1k, one.reliability))
    return [icc1, icc1k, ceilings[0], reliability, ceilings[1]]


def _share_table(shares: Sequence[CeilingShare], strata: Sequence[StratumName]) -> Table:
    found = {(share.metric, (share.stratum, share.statistic)): share for share in shares}
    places = [(one, statistic) for one in of_kind(strata, "all", "source") for statistic in SHARED_STATISTICS]
    rows = [
        Row(metric, tuple(_share_cell(found[metric, (one.id, statistic.id)]) for one, statistic in places))
        for metric in dict.fromkeys(share.metric for share in shares)
    ]
    columns = [Column(f"{statistic.name}, {one.label}") for one, statistic in places]
    return Table(
        "Correlation as a share of the ceiling",
        f"1 means: as good as these ratings can show. {intervals_made(shares)}",
        tuple(columns),
        tuple(rows),
    )


def _share_cell(share: CeilingShare) -> Cell:
    return measured_cell(share.share, share.note)
