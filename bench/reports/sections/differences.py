"""Is metric A better than metric B? One row a pair of metrics."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from bench.analysis.strata import ALL, StratumName, of_kind
from bench.reports.layout import Cell, Column, Row, Section, Table
from bench.reports.sections.agreement import Place
from bench.reports.sections.intervals import intervals_made
from bench.statistics.agreement import PRIMARY, STATISTICS
from bench.statistics.comparison import CorrelationDifference
from bench.statistics.power import DetectableDifference

METHOD = (
    "First metric minus second, on the same pairs and the same resamples. p: two-sided permutation of the two metrics' "
    "standardised scores caption by caption, (c + 1) / (n + 1), Holm-adjusted within each column."
)


def differences_section(
    differences: Sequence[CorrelationDifference],
    strata: Sequence[StratumName],
    detectable: Sequence[DetectableDifference] = (),
) -> Section | None:
    """Return tables of differences overall (all statistics) and by source; None with a single metric."""
    if not differences:
        return None
    by_source = of_kind(strata, "source", "system")
    tables = [
        _table(
            "Differences between metrics, all pairs",
            "An interval that leaves 0 out and a small p say the same in two ways; bold: p below 0.05.",
            [(ALL, statistic.id) for statistic in STATISTICS],
            [f"Δ{statistic.name}" for statistic in STATISTICS],
            differences,
        ),
        _table(
            f"Differences in {PRIMARY.name} by source and system",
            "A metric can be better overall and no better on recordings.",
            [(stratum.id, PRIMARY.id) for stratum in by_source],
            [stratum.label for stratum in by_source],
            differences,
        ),
    ]
    tables[0] = _with_detectable(tables[0], _pairs_of(differences), detectable)
    return Section("Differences between metrics", (METHOD,), tuple(table for table in tables if table.columns))


def difference_label(first: str, second: str) -> str:
    """Return ``first − second``; a name that has such a minus itself stands in quotation marks."""
    return f"{_one_name(first)} − {_one_name(second)}"


def _one_name(metric: str) -> str:
    return f"“{metric}”" if " − " in metric or metric.startswith("“") else metric


def _with_detectable(
    table: Table, pairs: Sequence[tuple[str, str]], detectable: Sequence[DetectableDifference]
) -> Table:
    """Add a column with the smallest true difference that these pairs would show as significant in 4 of 5 cases."""
    found = {
        (d.metric_a, d.metric_b): d.detectable for d in detectable if (d.stratum, d.statistic) == (ALL, PRIMARY.id)
    }
    if not found:
        return table
    rows = tuple(
        replace(row, cells=(*row.cells, Cell(found.get(pair, math.nan))))
        for row, pair in zip(table.rows, pairs, strict=True)
    )
    return replace(table, columns=(*table.columns, Column(f"Δ{PRIMARY.name} detectable at 80 % power")), rows=rows)


def _table(
    title: str,
    reading: str,
    places: Sequence[Place],
    headers: Sequence[str],
    differences: Sequence[CorrelationDifference],
) -> Table:
    found = {((d.metric_a, d.metric_b), (d.stratum, d.statistic)): d for d in differences}
    rows = [
        Row(difference_label(*pair), tuple(_cell(found[pair, place]) for place in places))
        for pair in _pairs_of(differences)
    ]
    n_pairs = {d.stratum: d.n_pairs for d in differences}
    columns = [Column(header, n_pairs[stratum]) for (stratum, _), header in zip(places, headers, strict=True)]
    reading = f"{reading} {intervals_made(d for d in differences if (d.stratum, d.statistic) in places)}"
    return Table(title, reading, tuple(columns), tuple(rows), corner="metrics")


def _pairs_of(differences: Sequence[CorrelationDifference]) -> list[tuple[str, str]]:
    """Return the pairs of metrics in the order of the rows."""
    return list(dict.fromkeys((d.metric_a, d.metric_b) for d in differences))


def _cell(difference: CorrelationDifference) -> Cell:
    return Cell(
        difference.delta,
        difference.low,
        difference.high,
        p_value=difference.p_holm,
        best=difference.p_holm < 0.05,
        note=difference.note,
    )
