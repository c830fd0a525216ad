"""Reports in a terminal, drawn by rich."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

from bench.reports.layout import Cell, Column, Report, Row, Table


def show(report: Report, console: Console) -> None:
    """Print every table of the report; the paragraphs belong to the written report."""
    console.print(f"\n[bold]{escape(report.title)}[/bold]")
    for section in report.sections:
        if section.tables:
            console.print(f"\n[bold]{escape(section.heading)}[/bold]")
        for table in section.tables:
            show_table(table, console)


def show_table(table: Table, console: Console) -> None:
    """Print one table: intervals beneath the values, so that six columns fit 80 characters or so."""
    grid = RichTable(
        title=escape(table.title), title_justify="left", caption=escape(table.reading), caption_justify="left"
    )
    grid.add_column(escape(table.corner), overflow="fold")
    for column in table.columns:
        grid.add_column(_header(column), justify="right")
    for row in table.rows:
        grid.add_row(_label(row), *map(_cell, row.cells))
    console.print(grid)
    for note in table.notes():
        console.print(f"  [dim]{escape(note)}[/dim]")


def _header(column: Column) -> str:
    header = escape(column.header)
    return header if column.n_pairs is None else f"{header}\n[dim]n = {column.n_pairs:,}[/dim]"


def _label(row: Row) -> str:
    return f"[italic]{escape(row.label)}[/italic]" if row.published else escape(row.label)


def _cell(cell: Cell) -> str:
    value = f"[bold]{escape(cell.value)}[/bold]" if cell.best else escape(cell.value)
    return f"{value}\n[dim]{escape(cell.interval)}[/dim]" if cell.interval else value
