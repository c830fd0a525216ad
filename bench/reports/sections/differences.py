"""Is metric A better than metric B? One row a pair of metrics."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from bench.analysis.merit import ADJUSTED
from bench.analysis.strata import ALL, StratumName, of_kind
from bench.reports.layout import Cell, Column, Row, Section, Table
from bench.reports.sections.agreement import Place
from bench.statistics.agreement import PRIMARY, STATISTICS
from bench.statistics.comparison import CorrelationDifference
from bench.statistics.max_t import LEVEL
from bench.statistics.power import DetectableDifference
from bench.statistics.vote_differences import VoteDifference

AnyDifference = CorrelationDifference | VoteDifference

BOLD = f"Bold: p at or below {LEVEL:g}."


def differences_section(
    differences: Sequence[CorrelationDifference],
    strata: Sequence[StratumName],
    detectable: Sequence[DetectableDifference] = (),
) -> Section | None:
    """Return tables of differences overall (all statistics) and by source; None with a single metric.

    Comparisons with a baseline stand in a table of their own, as their p-values are adjusted for one another only.
    """
    if not differences:
        return None
    between = [d for d in differences if not d.with_baseline]
    beside = [d for d in differences if d.with_baseline]
    by_source = of_kind(strata, "source", "system")
    overall: list[Place] = [(ALL, statistic.id) for statistic in STATISTICS]
    headers = [f"Δ{statistic.name}" for statistic in STATISTICS]
    tables = [
        _with_detectable(
            _table("Differences between metrics, all pairs", BOLD, overall, headers, between), between, detectable
        ),
        _table(
            f"Differences in {PRIMARY.name} by source and system",
            f"A metric can be better overall and no better on recordings. {BOLD}",
            [(stratum.id, PRIMARY.id) for stratum in by_source],
            [stratum.label for stratum in by_source],
            between,
        ),
        _table(
            "Differences from baselines, all pairs",
            f"Adjusted for one another and not for the comparisons between other metrics. {BOLD}",
            overall,
            headers,
            beside,
        ),
    ]
    kept = tuple(table for table in tables if table.columns and table.rows)
    return Section("Differences between metrics", (_method(differences[0]),), kept)


def _method(difference: CorrelationDifference) -> str:
    unit = difference.resample_unit
    permuted = (
        f"p: two-sided, from {difference.n_permutations:,} permutations of the two metrics' scores {unit} by {unit}, "
        f"(c + 1) / (n + 1), adjusted by step-down max-T; ≤ where no permutation came as far as the data. {ADJUSTED}"
        if difference.n_permutations
        else "No permutations were made, so there are no p-values."
    )
    return f"First metric minus second, on the same pairs and the same resamples. {permuted}"


def difference_label(first: str, second: str) -> str:
    """Return ``first − second``; a name that has such a minus itself stands in quotation marks."""
    return f"{_one_name(first)} − {_one_name(second)}"


def _one_name(metric: str) -> str:
    return f"“{metric}”" if " − " in metric or metric.startswith("“") else metric


def _with_detectable(
    table: Table, differences: Sequence[CorrelationDifference], detectable: Sequence[DetectableDifference]
) -> Table:
    """Add a column with the smallest true difference that these pairs would show in 4 of 5 cases, adjusted as p is."""
    found = {
        (d.metric_a, d.metric_b): d.detectable for d in detectable if (d.stratum, d.statistic) == (ALL, PRIMARY.id)
    }
    if not found:
        return table
    rows = tuple(
        replace(row, cells=(*row.cells, Cell(found.get(pair, math.nan))))
        for row, pair in zip(table.rows, _pairs_of(differences), strict=True)
    )
    header = f"Δ{PRIMARY.name} detectable at 80 % power, adjusted"
    return replace(table, columns=(*table.columns, Column(header)), rows=rows)


def _table(
    title: str,
    reading: str,
    places: Sequence[Place],
    headers: Sequence[str],
    differences: Sequence[CorrelationDifference],
) -> Table:
    found = {((d.metric_a, d.metric_b), (d.stratum, d.statistic)): d for d in differences}
    rows = [
        Row(difference_label(*pair), tuple(difference_cell(found[pair, place]) for place in places))
        for pair in _pairs_of(differences)
    ]
    n_pairs = {d.stratum: d.n_pairs for d in differences}
    columns = [Column(header, n_pairs.get(stratum)) for (stratum, _), header in zip(places, headers, strict=True)]
    shown = [d for d in differences if (d.stratum, d.statistic) in places]
    sentences = [reading, *dict.fromkeys(map(simultaneous_intervals, shown)), *dict.fromkeys(map(no_p_can_pass, shown))]
    return Table(title, " ".join(filter(None, sentences)), tuple(columns), tuple(rows), corner="metrics")


def simultaneous_intervals(difference: AnyDifference) -> str:
    """Return how the simultaneous interval of a difference was made."""
    return (
        f"Intervals: {100 * difference.confidence_level:g} % for a whole column at once, difference ± max-T quantile × "
        f"standard error, {difference.n_resamples:,} resamples of {difference.resample_unit}s."
    )


def no_p_can_pass(difference: AnyDifference) -> str:
    """Return why the number of permutations lets no p fall to the level; empty if it does not, or there is no p."""
    if difference.n_permutations == 0 or 1 / (difference.n_permutations + 1) <= LEVEL:
        return ""
    return f"With {difference.n_permutations} permutations no p can be as low as {LEVEL:g}."


def _pairs_of(differences: Sequence[CorrelationDifference]) -> list[tuple[str, str]]:
    """Return the pairs of metrics in the order of the rows."""
    return list(dict.fromkeys((d.metric_a, d.metric_b) for d in differences))


def difference_cell(difference: CorrelationDifference) -> Cell:
    """Return a difference with its simultaneous interval and its adjusted p, which are adjusted alike."""
    return Cell(
        difference.delta,
        difference.sim_low,
        difference.sim_high,
        p_value=difference.p_adjusted,
        p_is_bound=difference.at_resolution,
        best=difference.is_shown,
        note=difference.sim_note,
    )
