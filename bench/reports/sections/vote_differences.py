"""Which metric prefers more often what listeners prefer? One row a pair of metrics, one column a kind of comparison."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from bench.analysis.merit import ADJUSTED
from bench.analysis.strata import ALL
from bench.analysis.vote_results import kind_label
from bench.reports.layout import Cell, Column, Row, Section, Table
from bench.reports.sections.differences import difference_label, no_p_can_pass, simultaneous_intervals
from bench.statistics.max_t import LEVEL
from bench.statistics.power import DetectableDifference
from bench.statistics.vote_differences import VoteDifference


def vote_differences_section(
    differences: Sequence[VoteDifference], detectable: Sequence[DetectableDifference] = ()
) -> Section | None:
    """Return differences in accuracy by kind of comparison; None with a single metric.

    Comparisons with a baseline stand in a table of their own, as their p-values are adjusted for one another only.
    """
    if not differences:
        return None
    between = [d for d in differences if not d.with_baseline]
    beside = [d for d in differences if d.with_baseline]
    reading = f"Bold: adjusted p at or below {LEVEL:g}."
    apart = "Adjusted for one another and not for the comparisons between other metrics."
    tables = [
        _with_detectable(_table("Differences in accuracy", reading, between), between, detectable),
        _table("Differences in accuracy from baselines", f"{apart} {reading}", beside),
    ]
    return Section("Differences between metrics", (_method(differences[0]),), tuple(t for t in tables if t.rows))


def _method(one: VoteDifference) -> str:
    unit = one.resample_unit
    permuted = (
        f"p: two-sided, from {one.n_permutations:,} permutations of the two metrics' decisions {unit} by {unit}, "
        f"(c + 1) / (n + 1), adjusted by step-down max-T; ≤ where no permutation came as far as the data. {ADJUSTED}"
        if one.n_permutations
        else "No permutations were made, so there are no p-values."
    )
    return f"Accuracy of the first metric minus that of the second, on the same comparisons and resamples. {permuted}"


def _table(title: str, reading: str, differences: Sequence[VoteDifference]) -> Table:
    n_comparisons = {one.stratum: one.n_comparisons for one in differences}
    found = {((one.metric_a, one.metric_b), one.stratum): one for one in differences}
    rows = [
        Row(difference_label(*pair), tuple(vote_difference_cell(found[pair, stratum]) for stratum in n_comparisons))
        for pair in _pairs_of(differences)
    ]
    columns = [Column(kind_label(stratum), n) for stratum, n in n_comparisons.items()]
    sentences = [
        f"{reading} n counts comparisons.",
        *dict.fromkeys(map(simultaneous_intervals, differences)),
        *dict.fromkeys(map(no_p_can_pass, differences)),
    ]
    return Table(title, " ".join(filter(None, sentences)), tuple(columns), tuple(rows), corner="metrics")


def _with_detectable(
    table: Table, differences: Sequence[VoteDifference], detectable: Sequence[DetectableDifference]
) -> Table:
    """Add a column with the smallest true difference that all comparisons would show, adjusted as p is."""
    found = {(d.metric_a, d.metric_b): d.detectable for d in detectable if d.stratum == ALL}
    if not found:
        return table
    rows = tuple(
        replace(row, cells=(*row.cells, Cell(found.get(pair, math.nan))))
        for row, pair in zip(table.rows, _pairs_of(differences), strict=True)
    )
    return replace(table, columns=(*table.columns, Column("all: detectable at 80 % power, adjusted")), rows=rows)


def _pairs_of(differences: Sequence[VoteDifference]) -> list[tuple[str, str]]:
    return list(dict.fromkeys((one.metric_a, one.metric_b) for one in differences))


def vote_difference_cell(one: VoteDifference) -> Cell:
    """Return a difference with its simultaneous interval and its adjusted p, which are adjusted alike."""
    return Cell(
        one.delta.estimate,
        one.sim_low,
        one.sim_high,
        p_value=one.p_adjusted,
        p_is_bound=one.at_resolution,
        best=one.is_shown,
        note=one.sim_note,
    )
