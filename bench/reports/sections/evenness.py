"""Is a metric worse on some sounds than on others, or does the range of their ratings only make it seem so?"""

from __future__ import annotations

import math
from collections.abc import Sequence

from bench.analysis.numbers import decimal
from bench.analysis.strata import Kind, StratumName, of_kind
from bench.reports.layout import DASH, Cell, Column, Row, Section, Table
from bench.reports.sections.intervals import intervals_made
from bench.statistics.agreement import PRIMARY
from bench.statistics.evenness import Evenness

BY_KIND: tuple[tuple[str, tuple[Kind, ...]], ...] = (
    (f"{PRIMARY.name} by source and system, beside evenly good metrics", ("source", "system")),
    (f"{PRIMARY.name} by score band, beside evenly good metrics", ("band", "band in source")),
)
"""Title and kinds of strata of each table."""

READING = (
    "Ratings spread less in some strata than in others, and score bands are cut by noise as well, so even a metric "
    f"whose error is the same everywhere shows a different {PRIMARY.name} in each. In brackets: what metrics show that "
    f"have the same {PRIMARY.name} over all pairs and an even error, on the rating scale and on the scale on which "
    "listeners' errors are even. ↑ better, ↓ worse than both: the intervals of both differences leave 0 out, as they "
    "do for no more than about one evenly good metric in 20."
)
MARKS = {"better": " ↑", "worse": " ↓", "": ""}


def evenness_section(evenness: Sequence[Evenness], strata: Sequence[StratumName]) -> Section | None:
    """Return what each metric shows in each stratum beside what evenly good metrics show there."""
    tables = [_table(title, evenness, of_kind(strata, *kinds)) for title, kinds in BY_KIND]
    kept = tuple(table for table in tables if table.columns)
    return Section("Worse on some sounds, or only rated in a narrower range?", (READING,), kept) if kept else None


def _table(title: str, evenness: Sequence[Evenness], strata: Sequence[StratumName]) -> Table:
    found = {(one.metric, one.stratum): one for one in evenness}
    n_pairs = {one.stratum: one.n_pairs for one in evenness}
    shown = [stratum for stratum in strata if stratum.id in n_pairs]
    rows = [
        Row(metric, tuple(_cell(found[metric, stratum.id]) for stratum in shown))
        for metric in dict.fromkeys(one.metric for one in evenness)
    ]
    ids = {stratum.id for stratum in shown}
    reading = f"Marks are by these. {intervals_made(one for one in evenness if one.stratum in ids)}"
    return Table(title, reading, tuple(Column(one.label, n_pairs[one.id]) for one in shown), tuple(rows))


def _cell(one: Evenness) -> Cell:
    """Return ``0.364 (0.380 to 0.432) ↓``."""
    if math.isnan(one.estimate) or math.isnan(one.predicted):
        estimate = DASH if math.isnan(one.estimate) else decimal(one.estimate, 3)
        return Cell(text=estimate, note=one.note)
    low, high = sorted((one.predicted, one.predicted_on_ratings))
    return Cell(text=f"{decimal(one.estimate, 3)} ({decimal(low, 3)} to {decimal(high, 3)}){MARKS[one.shown]}")
