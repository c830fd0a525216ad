"""Reports as GitHub-flavoured markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from bench.reports.layout import APPENDIX, VERDICT, Cell, Column, Point, Report, Row, Section, Table

_INTERVAL = re.compile(r"\\\[(-?[\d.]+(?: %)?, -?[\d.]+(?: %)?)\\\](?![(\[:])")


def render(report: Report) -> str:
    """Return the whole report as one markdown document."""
    warning = [f"> **Warning.** {escape(report.warning)}"] if report.warning else []
    blocks = [f"# {report.title}", *warning, *_verdict(report.verdict), *report.paragraphs]
    in_appendix = False
    for section in report.sections:
        if section.appendix and not in_appendix:
            blocks.append(f"## {APPENDIX}")
        in_appendix = section.appendix
        blocks += render_section(section)
    return "\n\n".join(blocks) + "\n"


def render_section(section: Section) -> list[str]:
    """Return heading, paragraphs and tables as markdown blocks."""
    heading = [f"{'###' if section.appendix else '##'} {section.heading}"] if section.heading else []
    return [*heading, *section.paragraphs, *(render_table(table) for table in section.tables)]


def _verdict(points: Sequence[Point]) -> list[str]:
    """Return a numbered list, a point a question, each with its tests."""
    if not points:
        return []
    lines = [
        f"{i}. **{escape(point.question)}** {_sentence(point.text)} _({escape(point.test)})_"
        for i, point in enumerate(points, 1)
    ]
    return [f"## {VERDICT}", "\n".join(lines)]


def _sentence(text: str) -> str:
    """Escape a sentence, but for its intervals, which no markdown takes for anything else."""
    return _INTERVAL.sub(r"[\1]", escape(text))


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
    return escape(row.marked_label) if row.origin == "metric" else f"_{escape(row.marked_label)}_"


def _cell(cell: Cell) -> str:
    value = f"**{escape(cell.value)}**" if cell.best else escape(cell.value)
    return " ".join(filter(None, [value, cell.interval, cell.p_text]))
