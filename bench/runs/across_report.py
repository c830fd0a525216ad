"""Runs over several data sets beside each other, as a report."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from bench.analysis.numbers import decimal, p_text
from bench.reports.layout import DASH, Cell, Column, Report, Row, Section, Table
from bench.reports.sections.differences import difference_label
from bench.reports.sections.intervals import intervals_made
from bench.runs.across import AcrossDatasets
from bench.runs.dataset_results import Result
from bench.statistics.meta_analysis import Pooled

MISSING = "was not scored in the run of this data set"
FIRST_MINUS_SECOND = "first − second"
_POOLED = ("mean", "new data set", "SD between", "I²")
_SAME = "same? p"


def build_across(found: AcrossDatasets) -> Report:
    """Return every metric, and every difference of two, on every data set and over all of them."""
    tables = [_estimates(found)] + ([_differences(found)] if found.differences else [])
    section = Section("Metrics across data sets", (_mean(found), _same(found)), tuple(tables))
    return Report(f"{len(found.datasets)} data sets", (), (section,), found.warning)


def _mean(found: AcrossDatasets) -> str:
    return (
        f"Mean: over data sets like these, by random effects, {100 * found.confidence_level:g} % interval (Paule & "
        "Mandel, Hartung & Knapp). New data set: where the true value on another such data set is expected, from three "
        "data sets on. SD between: of true values between data sets; I²: share of the spread that is not sampling "
        "error."
    )


def _same(found: AcrossDatasets) -> str:
    """Return what is said of whether data sets differ, and what all of it rests on."""
    subtracted = ""
    if _two(found):
        level = f"{100 * found.confidence_level:g} %"
        both = " minus that on ".join(found.datasets)
        subtracted = f"First − second: the value on {both}, {level} interval. "
    return (
        f"{subtracted}Same? p: how often values would lie at least so far apart if the true value were the same on all "
        "data sets (Cochran's Q with Welch's correction for few clusters), adjusted for the rows of its table (Holm); "
        "a small p says that it is not the same, a large one does not say that it is. Data sets are taken as "
        "independent; nothing else is adjusted for the number of comparisons."
    )


def _estimates(found: AcrossDatasets) -> Table:
    rows = [
        Row(metric, (*map(_cell, ones), *_together(found, found.pooled.get(metric)), _rank(found, metric)))
        for metric, ones in sorted(found.estimates.items(), key=lambda item: _order(found, item[0]))
    ]
    label = _capital(found.statistic.label)
    intervals = intervals_made(_present(found.estimates.values()))
    reading = (
        f"{label} on all {found.statistic.units}. {intervals} Over all data sets, and ranks "
        "among metrics, only where every data set has the metric."
    )
    columns = (*_columns(found), Column("mean rank"))
    return Table(f"{label} by data set", reading, columns, tuple(rows))


def _differences(found: AcrossDatasets) -> Table:
    rows = [
        Row(difference_label(*pair), (*map(_cell, ones), *_together(found, found.pooled_differences.get(pair))))
        for pair, ones in found.differences.items()
    ]
    name = found.statistic.name
    reading = (
        f"First metric minus second in {name}, on the same {found.statistic.units}. "
        f"{intervals_made(_present(found.differences.values()))}"
    )
    return Table(f"Differences in {name} by data set", reading, _columns(found), tuple(rows), corner="metrics")


def _two(found: AcrossDatasets) -> bool:
    return len(found.datasets) == 2


def _columns(found: AcrossDatasets) -> tuple[Column, ...]:
    """Return the columns of both tables: a data set each, and all of them together."""
    by_dataset = [Column(dataset, _n(found, i)) for i, dataset in enumerate(found.datasets)]
    together = [*_POOLED, *([FIRST_MINUS_SECOND] if _two(found) else []), _SAME]
    return (*by_dataset, *map(Column, together))


def _present(rows: Iterable[Sequence[Result | None]]) -> Iterator[Result]:
    return (one for ones in rows for one in ones if one is not None)


def _cell(one: Result | None) -> Cell:
    if one is None:
        return Cell(note=MISSING)
    return Cell(one.estimate, one.low, one.high, note=one.note)


def _together(found: AcrossDatasets, one: Pooled | None) -> tuple[Cell, ...]:
    """Return the cells after those of single data sets, for the columns that both tables have."""
    if one is None:
        return (Cell(),) * (len(_columns(found)) - len(found.datasets))
    new = DASH if math.isnan(one.new_low) else f"[{decimal(one.new_low, 3)}, {decimal(one.new_high, 3)}]"
    pooled = [
        Cell(one.mean, one.low, one.high),
        Cell(text=new),
        Cell(one.tau),
        Cell(text=f"{100 * one.i_squared:.0f} %"),
    ]
    between = Cell(one.first_minus_second, one.first_minus_second_low, one.first_minus_second_high)
    same = Cell(text=p_text(one.p_same_adjusted).removeprefix("p ").removeprefix("= "))
    return (*pooled, *([between] if _two(found) else []), same)


def _rank(found: AcrossDatasets, metric: str) -> Cell:
    return Cell(found.mean_ranks.get(metric, math.nan), decimals=1)


def _order(found: AcrossDatasets, metric: str) -> tuple[float, str]:
    return found.mean_ranks.get(metric, math.inf), metric


def _n(found: AcrossDatasets, i: int) -> int | None:
    """Return how many pairs or comparisons a data set has, if that is one number for all metrics."""
    counts = {one.n for ones in found.estimates.values() if (one := ones[i]) is not None}
    return counts.pop() if len(counts) == 1 else None


def _capital(text: str) -> str:
    """Return a text that can begin a sentence."""
    return text[:1].upper() + text[1:]
