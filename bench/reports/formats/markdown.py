"""Reports as GitHub-flavoured markdown."""

from __future__ import annotations

from collections.abc import Iterable

from bench.reports.layout import Cell, Column, Report, Row, Section, Table


def render(report: Report) -> str:
    """Return the whole report as one markdown document."""
    warning = [f"> **Warning.** {escape(report.warning)}"] if report.warning else []
    blocks = [f"# {report.title}", *warning, *report.paragraphs]
    for section in report.sections:
        blocks += render_section(section)
    return "\n\n".join(blocks) + "\n"


def render_section(section: Section) -> list[str]:
    """Return heading, paragraphs and tables as markdown blocks."""
    return [f"## {section.heading}", *section.paragraphs, *(render_table(table) for table in section.tables)]


def render_table(table: Table) -> str:
    """Return title, reading hint, pipe table and notes."""
    lines = [f"**{escape(table.title)}**", "", f"_{table.reading}_", ""]
    lines.append(_line([escape(table.corner), *map(_header, table.columns)]))
    lines.append(_line(["---", *("---:" for _ in table.columns)]))
    lines += [_line([_label(row), *(_cell(cell) for cell in row.cells)]) for row in table.rows]
    notes = table.notes()
    if notes:
        lines += ["", *(f"- {escape(note)}" for note in notes)]
    return "\n".join(lines)


def escape(text: str) -> str:
    """Return ``text`` such that markdown shows it verbatim, within one table cell."""
    for character in "\\`*_|<>[]":
        text = text.replace(character, f"\\{character}")
    return " ".join(text.split())


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _header(column: Column) -> str:
    header = escape(column.header)
    return header if column.n_pairs is None else f"{header}<br>n = {column.n_pairs:,}"


def _label(row: Row) -> str:
    return f"_{escape(row.marked_label)}_" if row.apart else escape(row.marked_label)


def _cell(cell: Cell) -> str:
    value = f"**{escape(cell.value)}**" if cell.best else escape(cell.value)
    return " ".join(filter(None, [value, cell.interval, cell.p_text]))
