"""Runs over several data sets beside each other, as a report."""

from __future__ import annotations

import math
from collections.abc import Sequence

from bench.analysis.numbers import decimal
from bench.reports.layout import DASH, Cell, Column, Report, Row, Section, Table
from bench.reports.sections.differences import difference_label
from bench.reports.sections.intervals import intervals_made
from bench.runs.across import AcrossDatasets
from bench.statistics.bootstrap import CorrelationEstimate
from bench.statistics.comparison import CorrelationDifference
from bench.statistics.meta_analysis import Pooled

MISSING = "was not scored in the run of this data set"
_TOGETHER = (Column("mean"), Column("new data set"), Column("SD between"), Column("I²"))


def build_across(found: AcrossDatasets) -> Report:
    """Return every metric, and every difference of two, on every data set and over all of them."""
    tables = [_estimates(found)] + ([_differences(found)] if found.differences else [])
    reading = (
        f"Mean: over data sets like these, by random effects, {100 * found.confidence_level:g} % interval (Paule & "
        "Mandel, Hartung & Knapp). New data set: where the true value on another such data set is expected, from three "
        "data sets on. SD between: of true values between data sets; I²: share of the spread that is not sampling "
        "error. Data sets are taken as independent; nothing is adjusted for the number of comparisons."
    )
    section = Section("Metrics across data sets", (reading,), tuple(tables))
    return Report(f"{len(found.datasets)} data sets", (), (section,), found.warning)


def _estimates(found: AcrossDatasets) -> Table:
    rows = [
        Row(metric, (*map(_cell, ones), *_together(found.pooled.get(metric)), _rank(found, metric)))
        for metric, ones in sorted(found.estimates.items(), key=lambda item: _order(found, item[0]))
    ]
    columns = [Column(dataset, _n_pairs(found, i)) for i, dataset in enumerate(found.datasets)]
    name = found.statistic.label
    estimates = [one for ones in found.estimates.values() for one in ones if one is not None]
    reading = (
        f"{name} on all pairs. {intervals_made(estimates)} Over all data sets, and ranks among metrics, only where "
        "every data set has the metric."
    )
    return Table(f"{name} by data set", reading, (*columns, *_TOGETHER, Column("mean rank")), tuple(rows))


def _differences(found: AcrossDatasets) -> Table:
    rows = [
        Row(difference_label(*pair), (*map(_cell, ones), *_together(found.pooled_differences.get(pair))))
        for pair, ones in found.differences.items()
    ]
    columns = [Column(dataset, _n_pairs(found, i)) for i, dataset in enumerate(found.datasets)]
    differences = [one for ones in found.differences.values() for one in ones if one is not None]
    name = found.statistic.name
    reading = f"First metric minus second in {name}, on the same pairs. {intervals_made(differences)}"
    return Table(f"Differences in {name} by data set", reading, (*columns, *_TOGETHER), tuple(rows), corner="metrics")


def _cell(one: CorrelationEstimate | CorrelationDifference | None) -> Cell:
    if one is None:
        return Cell(note=MISSING)
    value = one.estimate if isinstance(one, CorrelationEstimate) else one.delta
    return Cell(value, one.low, one.high, note=one.note)


def _together(one: Pooled | None) -> tuple[Cell, ...]:
    if one is None:
        return (Cell(),) * len(_TOGETHER)
    new = DASH if math.isnan(one.new_low) else f"[{decimal(one.new_low, 3)}, {decimal(one.new_high, 3)}]"
    return Cell(one.mean, one.low, one.high), Cell(text=new), Cell(one.tau), Cell(text=f"{100 * one.i_squared:.0f} %")


def _rank(found: AcrossDatasets, metric: str) -> Cell:
    return Cell(found.mean_ranks.get(metric, math.nan), decimals=1)


def _order(found: AcrossDatasets, metric: str) -> tuple[float, str]:
    return found.mean_ranks.get(metric, math.inf), metric


def _n_pairs(found: AcrossDatasets, i: int) -> int | None:
    everything: Sequence[Sequence[CorrelationEstimate | None]] = tuple(found.estimates.values())
    counts = {one.n_pairs for ones in everything if (one := ones[i]) is not None}
    return counts.pop() if len(counts) == 1 else None
