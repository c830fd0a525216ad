"""A report before it has a format: headings, sentences and tables of cells.

`bench.reports.sections` fills these from results; markdown, terminal and the other formats only draw them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

from bench.analysis.numbers import decimal, interval_text, p_text

DASH = "–"
VERDICT = "Verdict"
APPENDIX = "Appendix"
PUBLISHED_NOTE = "† published by others, on pairs of their own: see “Published figures”"


Origin = Literal["metric", "yardstick", "published"]
"""Of a row's numbers: a metric of the run; something of the run that metrics are held against; a paper."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One number with its interval, or a text.

    Attributes:
        estimate: NaN where it cannot be given; ``note`` then says why.
        low, high: ends of the interval; NaN where there is none.
        p_value: of a difference, adjusted for what is compared in its table; NaN where there is none.
        p_is_bound: the p-value is the least that its test can give.
        best: the best value of its column.
        text: shown instead of the number.
        note: why a value is missing, or a warning about it; printed beneath the table.
        decimals: digits after the point, of the estimate and of its interval.
    """

    estimate: float = math.nan
    low: float = math.nan
    high: float = math.nan
    p_value: float = math.nan
    p_is_bound: bool = False
    best: bool = False
    text: str | None = None
    note: str = ""
    decimals: int = 3

    @property
    def value(self) -> str:
        if self.text is not None:
            return self.text
        return DASH if math.isnan(self.estimate) else decimal(self.estimate, self.decimals)

    @property
    def interval(self) -> str:
        """``[0.421, 0.490]``, with as many digits as the estimate: it never lies outside of the printed interval."""
        return interval_text(self.low, self.high, self.decimals)

    @property
    def p_text(self) -> str:
        """``p = 0.012``, ``p ≤ 0.001`` at the test's resolution, or nothing."""
        return p_text(self.p_value, self.p_is_bound)


@dataclass(frozen=True, slots=True)
class Column:
    """A column's heading, and beneath it the number of pairs it was computed on.

    Attributes:
        spare: a first screen that is too narrow for all columns leaves out those with the highest numbers; 0 stays.
    """

    header: str
    n_pairs: int | None = None
    spare: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """A row of cells; rows of another origin than the run's metrics are drawn apart from them."""

    label: str
    cells: tuple[Cell, ...]
    origin: Origin = "metric"

    @property
    def apart(self) -> bool:
        """Whether the row is drawn apart from those of metrics."""
        return self.origin != "metric"

    @property
    def published(self) -> bool:
        return self.origin == "published"

    @property
    def marked_label(self) -> str:
        return f"{self.label}{' †' * self.published}"


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a title and one sentence on how to read it."""

    title: str
    reading: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    corner: str = "metric"

    def notes(self) -> list[str]:
        """Return the distinct notes of the cells, each with the places it applies to."""
        places: dict[str, dict[str, list[str]]] = {}
        for column, cells in zip(self.columns, zip(*(row.cells for row in self.rows), strict=True), strict=False):
            for row, cell in zip(self.rows, cells, strict=True):
                if cell.note:
                    places.setdefault(cell.note, {}).setdefault(column.header, []).append(row.label)
        said = {note: "; ".join(map(_place, where, where.values())) for note, where in places.items()}
        notes = [f"{where}: {note}" for note, where in said.items()]
        return notes + [PUBLISHED_NOTE] * any(row.published for row in self.rows)


@dataclass(frozen=True, slots=True)
class Point:
    """One answer of the verdict.

    Attributes:
        question: that it answers, in a word or two.
        text: one sentence or more.
        test: what they rest on.
    """

    question: str
    text: str
    test: str


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with paragraphs and tables; those of the appendix stand beneath a heading of their own."""

    heading: str
    paragraphs: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    appendix: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """A whole report.

    Attributes:
        warning: why no number of it is to be trusted as it stands; every format shows it where the numbers are.
        verdict: what a reader may conclude; stands before everything else.
    """

    title: str
    paragraphs: tuple[str, ...]
    sections: tuple[Section, ...]
    warning: str = ""
    verdict: tuple[Point, ...] = ()

    def first_screen(self, most_rows: int = 16) -> Report:
        """Return the verdict, all paragraphs but the last and the first table, without rows that no screen would hold.

        Args:
            most_rows: of metrics; what is held against them stays.
        """
        tables = [table for section in self.sections for table in section.tables][:1]
        sections = tuple(Section("", (), (_shortened(table, most_rows),)) for table in tables)
        return replace(self, paragraphs=self.paragraphs[:-1], sections=sections)


def _place(header: str, labels: list[str]) -> str:
    return f"{', '.join(labels)} / {header}"


def _shortened(table: Table, most_rows: int) -> Table:
    metrics = [i for i, row in enumerate(table.rows) if row.origin == "metric"]
    if len(metrics) <= most_rows:
        return table
    left_out = set(metrics[most_rows:])
    reading = f"The first {most_rows} of {len(metrics)} metrics. {table.reading}"
    return replace(table, reading=reading, rows=tuple(row for i, row in enumerate(table.rows) if i not in left_out))
