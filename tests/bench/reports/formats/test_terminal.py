"""What is drawn on a terminal keeps to its width and to NO_COLOR; what is piped has no control characters."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console

from bench.reports.contents import build_report
from bench.reports.formats import terminal
from bench.reports.layout import Cell, Column, Row, Table
from bench.runs.folder import read_run
from tests.commands import Bench

CODES = re.compile(r"\x1b\[([0-9;]*)m")


@pytest.fixture
def run_folder(bench: Bench, ratings_csv: Path) -> Path:
    arguments = ["run", "--dataset", ratings_csv, "--metrics", "random,caption-length", "--resamples", "99"]
    assert bench(*arguments, "--out", "o").status == 0
    return Path("o")


def drawn(folder: Path, width: int) -> str:
    run = read_run(folder)
    stream = io.StringIO()
    report = build_report(run.manifest, run.table, run.analysis, run.leakage)
    terminal.show(report, Console(file=stream, width=width, force_terminal=True))
    return stream.getvalue()


@pytest.mark.parametrize("width", [60, 100, 160])
def test_without_colour_nothing_is_coloured_and_nothing_is_too_wide(
    run_folder: Path, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")  # rich takes a dumb terminal for 80 columns wide, whatever is said
    text = drawn(run_folder, width)
    codes = {code for sequence in CODES.findall(text) for code in sequence.split(";")}
    assert codes <= {"", "0", "1", "2", "3"}, "bold, dim and italics are no colours"
    assert max(cell_len(line) for line in CODES.sub("", text).splitlines()) <= width


@pytest.mark.parametrize("width", [80, 120])
def test_no_number_is_broken_or_cut(run_folder: Path, width: int) -> None:
    run = read_run(run_folder)
    report = build_report(run.manifest, run.table, run.analysis, run.leakage)
    text = CODES.sub("", drawn(run_folder, width))
    assert "…" not in text.replace("“… alone”", "")
    cells = [c for section in report.sections for t in section.tables for row in t.rows for c in row.cells]
    assert len(cells) > 100
    lines = text.splitlines()
    for cell in cells:
        short = re.sub(r"\b0\.", ".", cell.interval).replace(", ", ",")
        for number in (cell.value if cell.text is None else "", cell.p_text):
            assert any(number in line for line in lines), number
        assert any(cell.interval in line or short in line for line in lines), cell


def wide_table(n_columns: int, spare: int = 0) -> Table:
    cell = Cell(0.1234, -0.0123, 0.2345, p_value=0.03)
    columns = tuple(Column(f"column {i}", 1234, spare if i else 0) for i in range(n_columns))
    return Table("Title", "Reading.", columns, (Row("metric", (cell,) * n_columns),))


@pytest.mark.parametrize(
    ("n_columns", "width", "lines"),
    [
        (2, 80, ["metric" + " 0.123 [-0.012, 0.234] p = 0.030" * 2]),
        (4, 80, ["metric" + " 0.123" * 4]),
        (5, 80, ["metric" + " 0.123" * 5]),
        (7, 80, ["metric" + " 0.123" * 4, "metric" + " 0.123" * 3]),
    ],
)
def test_a_table_takes_the_form_that_fits(n_columns: int, width: int, lines: list[str]) -> None:
    text = table_text(wide_table(n_columns), width)
    rows = [" ".join(line.split()) for line in text.splitlines() if line.strip().startswith("metric ")]
    assert [row for row in rows if "0.123" in row] == lines
    assert ("[-.012,.234]" in text) == (n_columns == 5)


def test_a_first_screen_leaves_columns_out_and_says_which() -> None:
    brief = table_text(wide_table(4, spare=1), 80, brief=True)
    assert "With --full: column 1, column 2, column 3" in brief
    assert "0.123 [-0.012, 0.234] p = 0.030" in brief
    assert "With --full" not in table_text(wide_table(4, spare=1), 80)
    assert "With --full" not in table_text(wide_table(2, spare=1), 80, brief=True)


def table_text(table: Table, width: int, brief: bool = False) -> str:
    stream = io.StringIO()
    terminal.show_table(table, Console(file=stream, width=width), brief)
    return stream.getvalue()


def test_a_pipe_gets_no_control_characters(bench: Bench, run_folder: Path) -> None:
    result = bench("report", run_folder)
    assert "\x1b" not in result.out + result.err
    assert bench("metrics").out.count("\x1b") == 0
