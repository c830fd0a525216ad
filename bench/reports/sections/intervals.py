"""How the intervals of a table were made, in words, and the cells that show them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, runtime_checkable

from bench.reports.layout import Cell
from bench.statistics.intervals import Measured
from bench.statistics.types import IntervalMethod

METHOD_NAMES: dict[IntervalMethod, str] = {
    "percentile": "percentile",
    "expanded": "expanded percentile",
    "bca": "BCa",
}


@runtime_checkable
class HasIntervals(Protocol):
    """Any record that says how its intervals were made: estimates, differences, `bench.statistics.types.Resampled`."""

    @property
    def confidence_level(self) -> float: ...
    @property
    def ci_method(self) -> IntervalMethod: ...
    @property
    def resample_unit(self) -> str: ...
    @property
    def n_resamples(self) -> int: ...


def intervals_made(records: Iterable[HasIntervals], also: str = "") -> str:
    """Return a sentence on the intervals of a table, true of every record in it; empty where there is none.

    Args:
        records: all that the table shows.
        also: what was drawn beside captions or pairs, if anything.
    """
    made = dict.fromkeys(_made(record) + (f" and {also}" if also else "") for record in records)
    return f"Intervals: {'; '.join(made)}." if made else ""


def measured_cell(value: Measured, note: str = "") -> Cell:
    """Return the cell of a value, with the remarks on its record and on its interval."""
    remarks = dict.fromkeys(filter(None, (note, value.note)))
    return Cell(value.estimate, value.low, value.high, note="; ".join(remarks))


def _made(record: HasIntervals) -> str:
    return (
        f"{100 * record.confidence_level:g} %, {METHOD_NAMES[record.ci_method]}, "
        f"{record.n_resamples:,} resamples of {record.resample_unit}s"
    )
