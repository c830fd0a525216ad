"""Table I as readers want it: the best metric first, and beneath the metrics what they are held against."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from bench.analysis.merit import by_merit
from bench.analysis.results import Analysis
from bench.analysis.strata import ALL
from bench.reports.layout import Cell, Column, Row, Table
from bench.reports.sections.intervals import measured_cell
from bench.statistics.agreement import BY_ID, KTAU, LCC, MSE, PRIMARY
from bench.statistics.sentinels import SentinelAgreement
from bench.statistics.yardsticks import BesideListener, OneListener

SPARE = {KTAU.label: 3, LCC.label: 2, MSE.label: 1}
"""What a narrow screen leaves out of Table I, the highest number first."""

ONE_LISTENER = "one listener"


def alone(sentinel: str) -> str:
    """Return what a sentinel is called beside metrics."""
    return f"{sentinel} alone"


def first_table(table: Table, analysis: Analysis) -> Table:
    """Return Table I sorted by the primary statistic, with a row for each yardstick.

    One listener can only be compared with the others, and so the metrics stand beside it in a column of their own:
    they agree less with the mean of fewer listeners.
    """
    table = _with_sentinels(in_order(table, analysis), analysis.sentinels)
    table = _with_listener(table, analysis.one_listener, analysis.beside_listener)
    return replace(table, columns=tuple(replace(c, spare=SPARE.get(c.header, 0)) for c in table.columns))


def in_order(table: Table, analysis: Analysis) -> Table:
    """Return a table with the metrics of a run in order of merit."""
    place = {e.metric: i for i, e in enumerate(by_merit(analysis.estimates))}
    ours = sorted((row for row in table.rows if row.origin == "metric"), key=lambda row: place[row.label])
    return replace(table, rows=(*ours, *(row for row in table.rows if row.origin != "metric")))


def _with_sentinels(table: Table, sentinels: Iterable[SentinelAgreement]) -> Table:
    here = [s for s in sentinels if s.stratum == ALL and not math.isnan(s.agreement.estimate)]
    found = {(s.sentinel, BY_ID[s.statistic].label): s for s in here}
    rows = [
        Row(alone(name), tuple(_sentinel_cell(found.get((name, c.header))) for c in table.columns), "yardstick")
        for name in dict.fromkeys(s.sentinel for s in here)
    ]
    if not rows:
        return table
    reading = (
        f"{table.reading} “… alone”: what that fact about a pair predicts of the ratings, without hearing a match."
    )
    return _beneath(replace(table, reading=reading), rows)


def _sentinel_cell(sentinel: SentinelAgreement | None) -> Cell:
    if sentinel is None:
        return Cell(text="")
    cell = measured_cell(sentinel.agreement, sentinel.note)
    return replace(cell, decimals=BY_ID[sentinel.statistic].decimals)


def _with_listener(table: Table, listeners: Iterable[OneListener], beside: Iterable[BesideListener]) -> Table:
    listener = next((one for one in listeners if (one.stratum, one.statistic) == (ALL, PRIMARY.id)), None)
    if listener is None or not listener.n_pairs:
        return table
    metrics = {b.metric: b for b in beside if (b.stratum, b.statistic) == (ALL, PRIMARY.id)}
    nothing = tuple(Cell(text="") for _ in table.columns)
    table = _beneath(table, [Row(ONE_LISTENER, nothing, "yardstick")])
    rows = [replace(row, cells=(*row.cells, _listener_cell(row, listener, metrics))) for row in table.rows]
    column = Column(f"{PRIMARY.label}, others", listener.n_pairs)
    reading = f"{table.reading} Others: with the mean of a pair's listeners but one, who stands below."
    return replace(table, reading=reading, columns=(*table.columns, column), rows=tuple(rows))


def _listener_cell(row: Row, listener: OneListener, metrics: dict[str, BesideListener]) -> Cell:
    if row.origin == "yardstick" and row.label == ONE_LISTENER:
        return measured_cell(listener.agreement, listener.note)
    found = metrics.get(row.label) if row.origin == "metric" else None
    return Cell(text="") if found is None else measured_cell(found.agreement, found.note)


def _beneath(table: Table, rows: Sequence[Row]) -> Table:
    """Put yardsticks beneath the metrics and above what others published."""
    ours = [row for row in table.rows if not row.published]
    return replace(table, rows=(*ours, *rows, *(row for row in table.rows if row.published)))
