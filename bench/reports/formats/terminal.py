"""Reports in a terminal, drawn by rich."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

from bench.reports.layout import Cell, Column, Report, Row, Table

WIDE = 120
"""Columns that a terminal needs for six intervals in full; narrower ones get them without leading zeros."""


def show(report: Report, console: Console) -> None:
    """Print the whole report."""
    console.print(f"[bold]{escape(report.title)}[/bold]")
    if report.warning:
        console.print(f"[bold red]Warning. {escape(report.warning)}[/bold red]", highlight=False)
    _show_paragraphs(report.paragraphs, console)
    for section in report.sections:
        if not section.tables:
            console.print(f"\n[bold]{escape(section.heading)}[/bold]")
        _show_paragraphs(section.paragraphs, console)
        for table in section.tables:
            show_table(table, console)


def show_table(table: Table, console: Console) -> None:
    """Print one table, intervals beneath the values."""
    grid = RichTable(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    grid.add_column(escape(table.corner))
    for column in table.columns:
        grid.add_column(_header(column), justify="right")
    apart_before = False
    for row in table.rows:
        if row.apart and not apart_before:
            grid.add_section()
        apart_before = row.apart
        grid.add_row(_label(row), *(_cell(cell, compact=console.width < WIDE) for cell in row.cells))
    console.print(f"\n[bold]{escape(table.title)}[/bold]\n[dim]{escape(table.reading)}[/dim]")
    console.print(grid)
    for note in table.notes():
        console.print(f"[dim]{escape(note)}[/dim]")


def _show_paragraphs(paragraphs: Iterable[str], console: Console) -> None:
    for paragraph in paragraphs:
        console.print(escape(paragraph.replace("`", "")), style="dim", highlight=False, soft_wrap=False)


def _header(column: Column) -> str:
    header = escape(column.header)
    return header if column.n_pairs is None else f"{header}\n[dim]n = {column.n_pairs:,}[/dim]"


def _label(row: Row) -> str:
    return f"[italic]{escape(row.marked_label)}[/italic]" if row.apart else escape(row.marked_label)


def _cell(cell: Cell, compact: bool) -> str:
    value = f"[bold]{escape(cell.value)}[/bold]" if cell.best else escape(cell.value)
    interval = _without_leading_zeros(cell.interval) if compact else cell.interval
    beneath = " ".join(filter(None, [interval, cell.p_text]))
    return f"{value}\n[dim]{escape(beneath)}[/dim]" if beneath else value


def _without_leading_zeros(interval: str) -> str:
    """Write ``[-0.25, 0.12]`` as ``[-.25,.12]``, as APA style writes correlations."""
    return re.sub(r"\b0\.", ".", interval).replace(", ", ",")
