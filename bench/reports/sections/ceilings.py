"""How far from the best that any metric could reach, given how far listeners agree?"""

from __future__ import annotations

from collections.abc import Sequence

from bench.reports.layout import Cell, Column, Row, Section, Table
from bench.reports.sections.agreement import stratum_label
from bench.reports.sections.intervals import intervals_made, measured_cell
from bench.statistics.agreement import BY_ID
from bench.statistics.reliability import SHARED_STATISTICS, CeilingShare, ReliabilityEstimate


def ceilings_section(reliability: Sequence[ReliabilityEstimate], shares: Sequence[CeilingShare]) -> Section | None:
    """Return reliability by stratum, and each metric's correlations as a share of the ceiling."""
    if not reliability:
        return None
    return Section("Noise ceiling", (), (_reliability_table(reliability), _share_table(shares)))


def _reliability_table(reliability: Sequence[ReliabilityEstimate]) -> Table:
    headers = ("ICC(1)", "ICC(1,k)", "√ICC(1,k)", "reliability", "ceiling")
    rows = [
        Row(stratum_label(one.stratum), (Cell(text=f"{one.n_pairs:,}"), Cell(text=f"{one.n_ratings:,}"), *_cells(one)))
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


def _share_table(shares: Sequence[CeilingShare]) -> Table:
    found = {(share.metric, (share.stratum, share.statistic)): share for share in shares}
    strata = [s for s in dict.fromkeys(share.stratum for share in shares) if s == "all" or s.startswith("source=")]
    places = [(stratum, statistic.id) for stratum in strata for statistic in SHARED_STATISTICS]
    rows = [
        Row(metric, tuple(measured_cell(found[metric, place].share, found[metric, place].note) for place in places))
        for metric in dict.fromkeys(share.metric for share in shares)
    ]
    columns = [Column(f"{BY_ID[statistic].name}, {stratum_label(stratum)}") for stratum, statistic in places]
    return Table(
        "Correlation as a share of the ceiling",
        f"1 means: as good as these ratings can show. {intervals_made(shares)}",
        tuple(columns),
        tuple(rows),
    )
