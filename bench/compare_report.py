"""Two runs beside each other, as a report."""

from __future__ import annotations

from bench.analysis import Analysis
from bench.compare import RunComparison
from bench.reports.layout import Cell, Column, Report, Row, Section, Table
from bench.reports.sections.agreement import STATISTIC_LABELS, stratum_label
from bench.statistics.types import STATISTICS, CorrelationEstimate


def build_comparison(found: RunComparison) -> Report:
    """Return what changed, what it did to scores, and what it did to agreement with listeners."""
    sections = [
        Section("What changed", found.remarks, (_changes(found),) if found.changes else ()),
        Section("Scores", (), (_scores(found),) if found.score_differences else ()),
        Section("Agreement with listeners", (), (_estimates(found),)),
        Section("Paired differences", (), tuple(_differences(found))),
    ]
    return Report(
        f"{found.before.folder.name} and {found.now.folder.name}",
        (f"Before: {found.before.folder}. Now: {found.now.folder}. {found.n_common:,} pairs in common.",),
        tuple(section for section in sections if section.paragraphs or section.tables),
    )


def _changes(found: RunComparison) -> Table:
    rows = [Row(change.what, (Cell(text=change.before), Cell(text=change.now))) for change in found.changes]
    return Table("What is not as before", "All else that the manifests hold is the same.", _BOTH, tuple(rows), "what")


def _scores(found: RunComparison) -> Table:
    rows = [Row(metric, (Cell(text=f"{value:.3g}"),)) for metric, value in found.score_differences.items()]
    reading = "0 means equal to the last bit; inf, that a pair has a score in one run only."
    return Table("Largest difference of a score", reading, (Column("|now - before|", found.n_common),), tuple(rows))


def _estimates(found: RunComparison) -> Table:
    """All pairs of each run, whether in common or not."""
    before, now = (_overall(run.analysis) for run in (found.before, found.now))
    rows = [
        Row(f"{metric}, {when}", tuple(_cell(estimates.get((metric, statistic))) for statistic in STATISTICS))
        for metric in dict.fromkeys(name for name, _ in (*before, *now))
        for when, estimates in (("before", before), ("now", now))
        if (metric, "srcc") in estimates
    ]
    columns = tuple(Column(STATISTIC_LABELS[statistic]) for statistic in STATISTICS)
    return Table("All pairs of each run", "As each run's own report has them.", columns, tuple(rows))


def _differences(found: RunComparison) -> list[Table]:
    tables = []
    for stratum in dict.fromkeys(one.stratum for one in found.differences):
        here = {(one.metric_a, one.statistic): one for one in found.differences if one.stratum == stratum}
        rows = []
        for metric in dict.fromkeys(name for name, _ in here):
            ones = [here[metric, statistic] for statistic in STATISTICS]
            cells = (Cell(one.delta, one.low, one.high, one.p_value, one.p_value < 0.05, note=one.note) for one in ones)
            rows.append(Row(metric, tuple(cells)))
        n_pairs = next(iter(here.values())).n_pairs
        columns = tuple(Column(f"Δ{STATISTIC_LABELS[statistic]}", n_pairs) for statistic in STATISTICS)
        title = f"Now minus before, {stratum_label(stratum)}"
        tables.append(
            Table(title, "On the same pairs and resamples; bold: p below 0.05, unadjusted.", columns, tuple(rows))
        )
    return tables


def _overall(analysis: Analysis) -> dict[tuple[str, str], CorrelationEstimate]:
    return {(e.metric, e.statistic): e for e in analysis.estimates if e.stratum == "all"}


def _cell(estimate: CorrelationEstimate | None) -> Cell:
    return Cell() if estimate is None else Cell(estimate.estimate, estimate.low, estimate.high, note=estimate.note)


_BOTH = (Column("before"), Column("now"))
