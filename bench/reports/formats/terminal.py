"""Reports in a terminal, drawn by rich.

No number is broken or cut. A table whose cells fit on one line each has one line a row; else intervals stand beneath
the values, then without leading zeros; and what is still too wide becomes blocks of columns, one beneath the other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

from bench.reports.layout import APPENDIX, Cell, Column, Point, Report, Row, Section, Table

MOST_LABEL = 24
"""Columns of a terminal that a row's label takes before it is broken into lines."""

LEAST_LABEL = 12
"""Columns that it must have where others would not fit beside it."""

MOST_TEXT = 20
"""Of a cell that holds a text."""

Lines = Callable[[Cell], list[str]]
"""From a cell to its lines: the value first."""


def show(report: Report, console: Console, brief: bool = False) -> None:
    """Print a report.

    Args:
        report: what to print.
        console: where.
        brief: whether columns that do not fit are left out, where their table allows it.
    """
    console.print(f"[bold]{escape(report.title)}[/bold]")
    if report.warning:
        console.print(f"[bold red]Warning. {escape(report.warning)}[/bold red]", highlight=False)
    _show_verdict(report.verdict, console)
    _show_paragraphs(report.paragraphs, console)
    in_appendix = False
    for section in report.sections:
        if section.appendix and not in_appendix:
            console.rule(APPENDIX, characters="─")
        in_appendix = section.appendix
        _show_section(section, console, brief)


def show_table(table: Table, console: Console, brief: bool = False) -> None:
    """Print one table; ``brief`` as in `show`."""
    console.print(f"\n[bold]{escape(table.title)}[/bold]\n[dim]{escape(table.reading)}[/dim]", highlight=False)
    chosen = _layout(table, console.width, brief)
    for block in chosen.blocks:
        console.print(_grid(table, block, chosen, console.width))
    left_out = [column.header for i, column in enumerate(table.columns) if not any(i in b for b in chosen.blocks)]
    notes = [f"With --full: {', '.join(left_out)}"] if left_out else []
    for note in (*notes, *table.notes()):
        console.print(f"[dim]{escape(note)}[/dim]")


@dataclass(frozen=True, slots=True)
class _Layout:
    """How a table is drawn: the lines of a cell, and the columns of each block."""

    lines: Lines
    blocks: tuple[tuple[int, ...], ...]


def _layout(table: Table, width: int, brief: bool) -> _Layout:
    everything = tuple(range(len(table.columns)))
    for columns, lines in _choices(table, everything, brief):
        if _width(table, columns, lines) <= width:
            return _Layout(lines, (columns,))
    return _Layout(_stacked, tuple(_blocks(table, everything, _stacked, width)))


def _choices(table: Table, everything: tuple[int, ...], brief: bool) -> Iterator[tuple[tuple[int, ...], Lines]]:
    """Yield what to try, the best first: a first screen rather has fewer columns than rows of several lines."""
    fewer = sorted({column.spare for column in table.columns if column.spare}, reverse=True) if brief else []
    kept = [everything, *(tuple(i for i in everything if table.columns[i].spare < least) for least in fewer)]
    yield from ((columns, _in_one_line) for columns in kept)
    yield from ((columns, lines) for columns in kept for lines in (_stacked, _compact))


def _blocks(table: Table, columns: Sequence[int], lines: Lines, width: int) -> Iterable[tuple[int, ...]]:
    block: tuple[int, ...] = ()
    for i in columns:
        if block and _width(table, (*block, i), lines) > width:
            yield block
            block = ()
        block = (*block, i)
    if block:
        yield block


def _width(table: Table, columns: Sequence[int], lines: Lines) -> int:
    """Return how wide a table is at least, with a space beside each column."""
    return _label_width(table) + sum(1 + _column_width(table, i, lines) for i in columns)


def _label_width(table: Table) -> int:
    longest = max((cell_len(row.marked_label) for row in table.rows), default=0)
    return min(max(longest, _longest_word(table.corner)), MOST_LABEL)


def _column_width(table: Table, i: int, lines: Lines) -> int:
    column = table.columns[i]
    heading = [_longest_word(column.header), 0 if column.n_pairs is None else cell_len(_count(column))]
    return max([*heading, *(_cell_width(row.cells[i], lines) for row in table.rows)])


def _cell_width(cell: Cell, lines: Lines) -> int:
    if cell.text is not None:
        return min(cell_len(cell.text), max(MOST_TEXT, _longest_word(cell.text[:MOST_TEXT])))
    return max(map(cell_len, lines(cell)))


def _longest_word(text: str) -> int:
    return min(max(map(cell_len, text.split()), default=0), MOST_TEXT)


def _grid(table: Table, block: Sequence[int], chosen: _Layout, width: int) -> RichTable:
    grid = RichTable(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    grid.add_column(escape(table.corner), overflow="fold")
    room = max(1, width - LEAST_LABEL - 2)
    for i in block:
        needed = min(_column_width(table, i, chosen.lines), room)
        grid.add_column(_header(table.columns[i]), justify="right", width=needed, overflow="fold")
    before: Row | None = None
    for row in table.rows:
        if before and row.origin != before.origin:
            grid.add_section()
        before = row
        grid.add_row(_label(row), *(_cell(row.cells[i], chosen.lines) for i in block))
    return grid


def _show_section(section: Section, console: Console, brief: bool) -> None:
    if section.heading and not section.tables:
        console.print(f"\n[bold]{escape(section.heading)}[/bold]")
    _show_paragraphs(section.paragraphs, console)
    for table in section.tables:
        show_table(table, console, brief)


def _show_verdict(points: Sequence[Point], console: Console) -> None:
    for point in points:
        text = f"[bold]{escape(point.question)}[/bold] {escape(point.text)} [dim]({escape(point.test)})[/dim]"
        console.print(text, highlight=False)
    if points:
        console.print()


def _show_paragraphs(paragraphs: Iterable[str], console: Console) -> None:
    for paragraph in paragraphs:
        console.print(escape(paragraph.replace("`", "")), style="dim", highlight=False, soft_wrap=False)


def _header(column: Column) -> str:
    header = escape(column.header)
    return header if column.n_pairs is None else f"{header}\n[dim]{_count(column)}[/dim]"


def _count(column: Column) -> str:
    return f"n = {column.n_pairs:,}"


def _label(row: Row) -> str:
    return escape(row.marked_label) if row.origin == "metric" else f"[italic]{escape(row.marked_label)}[/italic]"


def _cell(cell: Cell, lines: Lines) -> str:
    first, *others = lines(cell)
    if lines is _in_one_line:
        first, others = cell.value, [first.removeprefix(cell.value).strip()]
    value = f"[bold]{escape(first)}[/bold]" if cell.best else escape(first)
    beneath = [f"[dim]{escape(line)}[/dim]" for line in others if line]
    return (" " if lines is _in_one_line else "\n").join([value, *beneath])


def _in_one_line(cell: Cell) -> list[str]:
    return [" ".join(filter(None, (cell.value, cell.interval, cell.p_text)))]


def _stacked(cell: Cell) -> list[str]:
    return [cell.value, *filter(None, (cell.interval, cell.p_text))]


def _compact(cell: Cell) -> list[str]:
    """Write intervals as ``[-.25,.12]``, as APA style writes correlations."""
    interval = re.sub(r"\b0\.", ".", cell.interval).replace(", ", ",")
    return [cell.value, *filter(None, (interval, cell.p_text))]
