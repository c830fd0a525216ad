"""How the intervals of a table were made, in words, and the cells that show them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from bench.reports.layout import Cell
from bench.statistics.intervals import Measured
from bench.statistics.sample import FEW_CLUSTERS
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


def intervals_made(records: Iterable[HasIntervals]) -> str:
    """Return a sentence on the intervals of a table, true of every record in it; empty where there is none.

    A second sentence warns of intervals that rest on few clusters.
    """
    records = list(records)
    made = dict.fromkeys(map(_made, records))
    return " ".join(filter(None, [f"Intervals: {'; '.join(made)}." if made else "", _few(records)]))


def measured_cell(value: Measured, note: str = "") -> Cell:
    """Return the cell of a value, with the remarks on its record and on its interval."""
    remarks = dict.fromkeys(filter(None, (note, value.note)))
    return Cell(value.estimate, value.low, value.high, note="; ".join(remarks))


def _few(records: Sequence[HasIntervals]) -> str:
    """Return a sentence on intervals that rest on few clusters, in words for what these are; empty without any."""
    units = " or ".join(dict.fromkeys(f"{record.resample_unit}s" for record in records))
    sizes = [n for record in records for n in _clusters_of(record)]
    few = [n for n in sizes if n < FEW_CLUSTERS]
    if not few:
        return ""
    counted = f"{min(few)} to {max(few)}" if min(few) < max(few) else f"{few[0]}"
    return f"{'All' if len(few) == len(sizes) else 'Some'} rest on only {counted} {units}: read with care."


def _clusters_of(record: Any) -> Iterator[int]:
    """Yield how many clusters each interval of a record rests on; a record may itself be one value, or hold some."""
    if hasattr(record, "low"):
        if not math.isnan(record.low):
            yield record.n_clusters
        return
    for field in dataclasses.fields(record):
        value = getattr(record, field.name)
        for one in value.values() if isinstance(value, Mapping) else [value]:
            if isinstance(one, Measured) and one.n_clusters:
                yield one.n_clusters


def _made(record: HasIntervals) -> str:
    return (
        f"{100 * record.confidence_level:g} %, {METHOD_NAMES[record.ci_method]}, "
        f"{record.n_resamples:,} resamples of {record.resample_unit}s"
    )
