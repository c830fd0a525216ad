"""The summary of a scoring job as a report."""

from __future__ import annotations

from bench.analysis.strata import told_from
from bench.reports.layout import Cell, Column, Report, Row, Section, Table
from bench.scoring.summary import ScoringSummary, SystemMean

ALL = "all pairs"


def build_report(summary: ScoringSummary) -> Report:
    """Return one table: systems down, metrics across, mean scores with intervals."""
    metrics = [one.metric for one in summary.metrics]
    cells: dict[str | None, dict[str, SystemMean]] = {}
    for mean in summary.means:
        cells.setdefault(mean.system, {})[mean.metric] = mean
    table = Table(
        "Mean scores",
        f"Mean and {summary.confidence_level:.0%} interval (Student's t; pairs as independent draws) of the pairs that "
        "have a score.",
        (Column("pairs"), *(Column(metric) for metric in metrics), Column("failed")),
        tuple(_row(_label(system), [row[metric] for metric in metrics]) for system, row in cells.items()),
        corner="system",
    )
    signatures = tuple(f"- {one.signature}" for one in summary.metrics)
    counts = f"{summary.n_pairs:,} pairs in {summary.n_shards:,} shards; {summary.n_failures:,} scores missing."
    sections = (Section("Systems", tables=(table,)), Section("Signatures", signatures))
    return Report("Scores", (counts, f"Pairs: sha256 {summary.sha256}."), sections)


def _label(system: str | None) -> str:
    return ALL if system is None else told_from([ALL], "system", system)


def _row(label: str, means: list[SystemMean]) -> Row:
    n_failed = sum(mean.n_failed for mean in means)
    shown = (Cell(mean.mean, mean.low, mean.high, decimals=4) for mean in means)
    return Row(label, (Cell(text=f"{means[0].n_pairs:,}"), *shown, Cell(text=f"{n_failed:,}")))
