"""Two runs beside each other, as a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bench.analysis.results import Analysis
from bench.analysis.strata import ALL, of_kind
from bench.reports.layout import Cell, Column, Report, Row, Section, Table
from bench.reports.sections.agreement import Place
from bench.reports.sections.differences import difference_cell, simultaneous_intervals
from bench.reports.sections.intervals import intervals_made
from bench.runs.compare import SIGNATURE, Change, RunComparison
from bench.statistics.agreement import PRIMARY, STATISTICS
from bench.statistics.bootstrap import CorrelationEstimate
from bench.statistics.comparison import CorrelationDifference
from bench.statistics.max_t import LEVEL


def build_comparison(found: RunComparison) -> Report:
    """Return what changed, what it did to scores, and what it did to agreement with listeners."""
    sections = [
        Section("What changed", found.remarks, (changes_table(found.changes),) if found.changes else ()),
        Section(
            "Scores", (), (scores_table(found.score_differences, found.n_common),) if found.score_differences else ()
        ),
        Section("Agreement with listeners", (), (_estimates(found),)),
        Section("Paired differences", (), tuple(_differences(found))),
    ]
    return Report(
        f"{found.before.folder.name} and {found.now.folder.name}",
        (f"Before: {found.before.folder}. Now: {found.now.folder}. {found.n_common:,} pairs in common.",),
        tuple(section for section in sections if section.paragraphs or section.tables),
        found.warning,
    )


def changes_table(changes: Sequence[Change]) -> Table:
    """Return what is not as before in the making of a run."""
    rows = [Row(change.what, tuple(Cell(text=text) for text in _apart(change))) for change in changes]
    reading = "All else that the manifests hold is the same. Of signatures, only what differs is shown."
    return Table("What is not as before", reading, _BOTH, tuple(rows), "what")


def _apart(change: Change) -> tuple[str, str]:
    """Return both values; of two signatures, the parts that the other does not have."""
    before, now = change.before.split("|"), change.now.split("|")
    if not change.what.startswith(f"{SIGNATURE} ") or min(len(before), len(now)) == 1:
        return change.before, change.now
    return (
        "|".join(part for part in before if part not in now),
        "|".join(part for part in now if part not in before),
    )


def scores_table(score_differences: Mapping[str, float], n_common: int) -> Table:
    """Return how far scores are apart."""
    rows = [Row(metric, (Cell(text=f"{value:.3g}"),)) for metric, value in score_differences.items()]
    reading = "0 means equal to the last bit; inf, that a pair has a score in one run only."
    return Table("Largest difference of a score", reading, (Column("|now - before|", n_common),), tuple(rows))


def _estimates(found: RunComparison) -> Table:
    """All pairs of each run, whether in common or not."""
    before, now = (_overall(run.analysis) for run in (found.before, found.now))
    rows = [
        Row(f"{metric}, {when}", tuple(_cell(estimates.get((metric, statistic.id))) for statistic in STATISTICS))
        for metric in dict.fromkeys(name for name, _ in (*before, *now))
        for when, estimates in (("before", before), ("now", now))
        if (metric, PRIMARY.id) in estimates
    ]
    columns = tuple(Column(statistic.label) for statistic in STATISTICS)
    reading = f"As each run's own report has them. {intervals_made([*before.values(), *now.values()])}"
    return Table("All pairs of each run", reading, columns, tuple(rows))


def _differences(found: RunComparison) -> list[Table]:
    """All statistics on all pairs, and the primary one by source and system."""
    tables = [
        _difference_table(
            "Now minus before, all pairs",
            found,
            [(f"Δ{statistic.label}", (ALL, statistic.id)) for statistic in STATISTICS],
        ),
        _difference_table(
            f"Now minus before, {PRIMARY.name} by source and system",
            found,
            [(stratum.label, (stratum.id, PRIMARY.id)) for stratum in of_kind(found.strata, "source", "system")],
        ),
    ]
    return [table for table in tables if table.columns and table.rows]


def _difference_table(title: str, found: RunComparison, columns: Sequence[tuple[str, Place]]) -> Table:
    ones = {(one.metric_a, (one.stratum, one.statistic)): one for one in found.differences}
    n_pairs = {place: one.n_pairs for (_, place), one in ones.items()}
    rows = [
        Row(metric, tuple(_cell_of(ones.get((metric, place))) for _, place in columns))
        for metric in dict.fromkeys(one.metric_a for one in found.differences)
    ]
    reading = (
        "On the same pairs and resamples; within each column p is adjusted by Holm and intervals by Bonferroni; bold: "
        f"p at or below {LEVEL:g}. {' '.join(dict.fromkeys(map(simultaneous_intervals, found.differences)))}"
    )
    return Table(title, reading, tuple(Column(header, n_pairs.get(place)) for header, place in columns), tuple(rows))


def _cell_of(one: CorrelationDifference | None) -> Cell:
    return Cell() if one is None else difference_cell(one)


def _overall(analysis: Analysis) -> dict[tuple[str, str], CorrelationEstimate]:
    return {(e.metric, e.statistic): e for e in analysis.estimates if e.stratum == ALL}


def _cell(estimate: CorrelationEstimate | None) -> Cell:
    return Cell() if estimate is None else Cell(estimate.estimate, estimate.low, estimate.high, note=estimate.note)


_BOTH = (Column("before"), Column("now"))
