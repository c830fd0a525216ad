"""How far from the best that any metric could reach, given how far listeners agree?"""

from __future__ import annotations

from collections.abc import Sequence

from bench.analysis.strata import StratumName, labels, of_kind
from bench.reports.layout import Cell, Column, Row, Section, Table
from bench.reports.sections.intervals import intervals_made, measured_cell
from bench.statistics.reliability import SHARED_STATISTICS, CeilingShare, ReliabilityEstimate

CEILING = (
    "No metric can be expected to exceed the ceiling: it is the correlation with these mean ratings, those that few "
    "have rated counting in full, of a metric that hears the true relevance. It is for LCC; about .01 lower for SRCC."
)


def ceilings_section(
    reliability: Sequence[ReliabilityEstimate], shares: Sequence[CeilingShare], strata: Sequence[StratumName]
) -> Section | None:
    """Return the ceiling of each stratum, and each metric's correlations as a share of it.

    Strata in which listeners were not shown to agree have no ceiling: they are named, and left out.
    """
    if not reliability:
        return None
    shown = [one for one in reliability if one.is_shown]
    tables = (_ceiling_table(shown, strata), _share_table(shares, _of(strata, shown)))
    return Section("Noise ceiling", _hidden(reliability, strata), tuple(table for table in tables if table.rows))


def agreement_section(reliability: Sequence[ReliabilityEstimate], strata: Sequence[StratumName]) -> Section | None:
    """Return how far single listeners agree: what ceilings are made from, for the appendix."""
    if not reliability:
        return None
    label = labels(strata)
    rows = [
        Row(
            label[one.stratum],
            (
                Cell(text=f"{one.n_pairs:,}"),
                Cell(text=f"{one.n_ratings:,}"),
                *(measured_cell(value, one.note) for value in (one.icc1, one.icc1k)),
            ),
        )
        for one in reliability
    ]
    table = Table(
        "Intraclass correlations",
        "ICC(1): reliability of one rating; ICC(1,k): of the mean of a typical number of ratings. One-way random "
        f"effects. {intervals_made(reliability)}",
        tuple(map(Column, ("pairs", "ratings", "ICC(1)", "ICC(1,k)"))),
        tuple(rows),
        corner="stratum",
    )
    return Section("Agreement among listeners", (), (table,))


def _hidden(reliability: Sequence[ReliabilityEstimate], strata: Sequence[StratumName]) -> tuple[str, ...]:
    label = labels(strata)
    names = [label[one.stratum] for one in reliability if not one.is_shown]
    if not names:
        return ()
    return (
        f"No ceiling for {', '.join(names)}: there the interval of ICC(1) does not lie above 0, so listeners were not "
        "shown to agree.",
    )


def _ceiling_table(reliability: Sequence[ReliabilityEstimate], strata: Sequence[StratumName]) -> Table:
    label = labels(strata)
    rows = [
        Row(label[one.stratum], tuple(measured_cell(value, one.note) for value in (one.reliability, one.ceiling)))
        for one in reliability
    ]
    return Table(
        "Ceiling by stratum",
        f"{CEILING} {intervals_made(reliability)}",
        (Column("reliability of the mean ratings"), Column("ceiling")),
        tuple(rows),
        corner="stratum",
    )


def _of(strata: Sequence[StratumName], reliability: Sequence[ReliabilityEstimate]) -> list[StratumName]:
    """Return the broad strata among those that have a ceiling."""
    ids = {one.stratum for one in reliability}
    return [one for one in of_kind(strata, "all", "source") if one.id in ids]


def _share_table(shares: Sequence[CeilingShare], strata: Sequence[StratumName]) -> Table:
    ids = {one.id for one in strata}
    shown = [share for share in shares if share.stratum in ids]
    found = {(share.metric, (share.stratum, share.statistic)): share for share in shown}
    places = [(one, statistic) for one in strata for statistic in SHARED_STATISTICS]
    rows = [
        Row(metric, tuple(_share_cell(found[metric, (one.id, statistic.id)]) for one, statistic in places))
        for metric in dict.fromkeys(share.metric for share in shown)
    ]
    columns = [Column(f"{statistic.name}, {one.label}") for one, statistic in places]
    return Table(
        "Correlation as a share of the ceiling",
        "1 means: as good as these ratings can show, for LCC; SRCC is divided by the same ceiling, and would reach "
        f"about .99. {intervals_made(shown)}",
        tuple(columns),
        tuple(rows),
    )


def _share_cell(share: CeilingShare) -> Cell:
    return measured_cell(share.share, share.note)
