r"""The tables of a report as LaTeX, for ``\input`` in a paper: booktabs, intervals in small type beneath the values.

The output is plain ASCII and compiles under pdflatex, xelatex and lualatex alike. Sentences of the report that are no
table stand as comments above the tables that they belong to.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from bench.reports.formats.latex_escape import escape
from bench.reports.layout import Cell, Report, Row, Table

MAX_LINES = 48
"""Lines of a table's body; a longer table goes on in another float."""

MAX_COLUMNS = 4
"""Columns with intervals that one column of a two-column paper can take; wider tables span both (``table*``)."""

MAX_TEXT = 40
"""Characters of a cell or label before it is broken into lines."""

TOGETHER = "[-2pt]"
"""Behind the end of a line: how much closer than usual the next one comes."""

PACKAGES = ("booktabs", "graphicx")
PREAMBLE = r"""\documentclass[a4paper]{article}
\usepackage[T1]{fontenc}
\usepackage{lmodern}
\usepackage[margin=25mm]{geometry}
\usepackage{booktabs}
\usepackage{graphicx}
\renewcommand{\thetable}{\Roman{table}}
\setlength{\belowcaptionskip}{4pt}
\begin{document}
"""
BOX = r"\ifdefined\benchtable\else\newsavebox{\benchtable}\fi"


def render(report: Report, standalone: bool = False) -> str:
    r"""Return all tables of a report, numbered by LaTeX and labelled ``tab:…`` after their titles.

    Args:
        report: what to draw.
        standalone: whether to add a preamble, so that the file can be compiled as it is.
    """
    packages = "".join(rf"\usepackage{{{name}}}" for name in PACKAGES)
    blocks = [_comment(f"Needs {packages} in the preamble."), *map(_comment, (report.title, *report.paragraphs)), BOX]
    labels: list[str] = []
    warning = (f"Warning. {report.warning}",) if report.warning else ()
    blocks[1:1] = map(_comment, warning)
    for section in report.sections:
        blocks += [_comment(f"-- {section.heading}"), *map(_comment, section.paragraphs)]
        for table in section.tables:
            labels.append(_label_of(table.title, labels))
            blocks.append(render_table(table, labels[-1], warning))
    body = "\n".join(blocks) + "\n"
    return f"{PREAMBLE}{body}\\end{{document}}\n" if standalone else body


def render_table(table: Table, label: str, warning: Sequence[str] = ()) -> str:
    """Return one table as a float, or as several where it is too long for a page; a warning stands beneath each."""
    title = re.sub(r"^Table [IVX]+\. ", "", table.title).rstrip(".")
    parts = list(_parts(table.rows))
    caption = rf"\caption{{{escape(title)}. {escape(table.reading)}}}" + "\n" + rf"\label{{{label}}}"
    floats = []
    for number, rows in enumerate(parts):
        if number:
            caption = rf"\addtocounter{{table}}{{-1}}\caption{{{escape(title)} (continued).}}"
        notes = table.notes() if number == len(parts) - 1 else []
        floats.append(_float(table, rows, caption, [*warning, *notes]))
    return "\n".join(floats)


def _float(table: Table, rows: Sequence[Row], caption: str, notes: Sequence[str]) -> str:
    with_intervals = sum(any(row.cells[c].interval for row in table.rows) for c in range(len(table.columns)))
    environment = "table*" if with_intervals > MAX_COLUMNS else "table"
    return "\n".join(
        [
            rf"\begin{{{environment}}}[tbp]",
            r"\centering",
            caption,
            r"\begin{lrbox}{\benchtable}",
            rf"\begin{{tabular}}{{@{{}}l{'r' * len(table.columns)}@{{}}}}",
            r"\toprule",
            *_header(table),
            r"\midrule",
            *_body(rows),
            r"\bottomrule",
            r"\end{tabular}%",
            r"\end{lrbox}%",
            r"\ifdim\wd\benchtable>\linewidth\resizebox{\linewidth}{!}{\usebox{\benchtable}}"
            r"\else\usebox{\benchtable}\fi",
            *_notes(notes),
            rf"\end{{{environment}}}",
        ]
    )


def _header(table: Table) -> Iterator[str]:
    yield _line([escape(table.corner), *(escape(column.header) for column in table.columns)])
    if any(column.n_pairs is not None for column in table.columns):
        counts = ["" if c.n_pairs is None else rf"{{\scriptsize $n$ = {c.n_pairs:,}}}" for c in table.columns]
        yield _line(["", *counts])


def _body(rows: Iterable[Row]) -> Iterator[str]:
    """Rows, with a gap after those of several lines, and a rule between ours and published ones."""
    before: Row | None = None
    for row in rows:
        if before and row.published and not before.published:
            yield r"\midrule"
        elif before and any(cell.interval or cell.p_text for cell in before.cells):
            yield r"\addlinespace[2pt]"
        before = row
        yield from _row(row)


def _row(row: Row) -> Iterator[str]:
    """Values, beneath them intervals, beneath them p-values, drawn together."""
    label = _broken(row.marked_label)
    lines = [[rf"\textit{{{label}}}" if row.published else label, *map(_value, row.cells)]]
    for beneath in ([cell.interval for cell in row.cells], [cell.p_text for cell in row.cells]):
        if any(beneath):
            lines.append(["", *(rf"{{\scriptsize {_signs(text)}}}" if text else "" for text in beneath)])
    yield from (_line(cells) + TOGETHER for cells in lines[:-1])
    yield _line(lines[-1])


def _value(cell: Cell) -> str:
    value = _broken(cell.text) if cell.text is not None else _signs(cell.value)
    return rf"\textbf{{{value}}}" if cell.best else value


def _signs(number: str) -> str:
    """Write a number, an interval or a p-value with the minus sign and relations of mathematics."""
    dashed = number.replace("–", "--").replace("--", r"\textendash{}")
    return re.sub(r"[-<]", lambda sign: f"${sign[0]}$", dashed).replace("≤", r"$\leq$")


def _broken(text: str) -> str:
    if len(text) <= MAX_TEXT:
        return escape(text)
    return rf"\parbox[t]{{0.3\textwidth}}{{\raggedright\strut {escape(text, breakable=True)}\strut}}"


def _notes(notes: Sequence[str]) -> list[str]:
    if not notes:
        return []
    lines = "\\\\\n".join(escape(note, breakable=True) for note in notes)
    return [r"\par\smallskip", rf"\parbox{{\linewidth}}{{\footnotesize\raggedright {lines}\par}}"]


def _line(cells: Iterable[str]) -> str:
    return " & ".join(cells) + r" \\"


def _parts(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """Cut rows into parts of at most `MAX_LINES` lines."""
    start, lines = 0, 0
    for end, row in enumerate(rows):
        height = sum(1 for _ in _row(row))
        if lines + height > MAX_LINES:
            yield rows[start:end]
            start, lines = end, 0
        lines += height
    yield rows[start:]


def _label_of(title: str, taken: Sequence[str]) -> str:
    words = re.sub(r"^Table [IVX]+\. ", "", title).lower()
    label = "tab:" + (re.sub(r"[^a-z0-9]+", "-", words).strip("-") or "table")
    while label in taken:
        label += "-b"
    return label


def _comment(text: str) -> str:
    """Return comment lines; no character of ``text`` ends a line, whatever TeX or an editor takes for an end."""
    lines = text.split("\n")
    return "\n".join("% " + " ".join(line.split()).encode("ascii", "backslashreplace").decode() for line in lines)
