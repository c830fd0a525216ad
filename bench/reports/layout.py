"""A report before it has a format: headings, sentences and tables of cells.

`bench.reports.sections` fills these from results; markdown, terminal and the other formats only draw them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

DASH = "–"
PUBLISHED_NOTE = "† published by others, on pairs of their own: see “Published figures”"


def decimal(value: float, digits: int) -> str:
    """Return a number with so many digits after the point, and zero without a sign."""
    return f"{round(value, digits) + 0.0:.{digits}f}"


@dataclass(frozen=True, slots=True)
class Cell:
    """One number with its interval, or a text.

    Attributes:
        estimate: NaN where it cannot be given; ``note`` then says why.
        low, high: ends of the interval; NaN where there is none.
        p_value: of a difference, adjusted for what is compared in its table; NaN where there is none.
        p_at_resolution: the p-value is the least that its permutations can give, so it may be anything up to this.
        best: the best value of its column.
        text: shown instead of the number.
        note: why a value is missing, or a warning about it; printed beneath the table.
        decimals: digits after the point.
    """

    estimate: float = math.nan
    low: float = math.nan
    high: float = math.nan
    p_value: float = math.nan
    p_at_resolution: bool = False
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
        """``[0.42, 0.49]``, one digit fewer than the estimate: the last digit of a bootstrap bound is noise."""
        if math.isnan(self.low) or math.isnan(self.high):
            return ""
        digits = max(self.decimals - 1, 2)
        return f"[{decimal(self.low, digits)}, {decimal(self.high, digits)}]"

    @property
    def p_text(self) -> str:
        """``p = 0.012``, ``p ≤ 0.0001`` where more permutations might give less, or nothing."""
        if math.isnan(self.p_value):
            return ""
        if self.p_at_resolution:
            return f"p ≤ {_rounded_up(self.p_value)}"
        return "p < 0.001" if self.p_value < 0.001 else f"p = {self.p_value:.3f}"


def _rounded_up(p_value: float) -> str:
    """Return a bound with one significant digit, not below the value: 0.0001, 0.02."""
    digits = max(0, math.ceil(-math.log10(p_value) - 1e-9))
    return f"{math.ceil(p_value * 10**digits - 1e-9) / 10**digits:.{digits}f}"


@dataclass(frozen=True, slots=True)
class Column:
    """A column's heading, and beneath it the number of pairs it was computed on."""

    header: str
    n_pairs: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A row of cells; ``published`` rows are other people's figures, drawn apart from ours."""

    label: str
    cells: tuple[Cell, ...]
    published: bool = False

    @property
    def marked_label(self) -> str:
        return f"{self.label} †" if self.published else self.label


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
        places: dict[str, list[str]] = {}
        for row in self.rows:
            for column, cell in zip(self.columns, row.cells, strict=True):
                if cell.note:
                    places.setdefault(cell.note, []).append(f"{row.label} / {column.header}")
        notes = [f"{', '.join(where)}: {note}" for note, where in places.items()]
        return notes + [PUBLISHED_NOTE] * any(row.published for row in self.rows)


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with paragraphs and tables."""

    heading: str
    paragraphs: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """A whole report.

    Attributes:
        warning: why no number of it is to be trusted as it stands; every format shows it where the numbers are.
    """

    title: str
    paragraphs: tuple[str, ...]
    sections: tuple[Section, ...]
    warning: str = ""
