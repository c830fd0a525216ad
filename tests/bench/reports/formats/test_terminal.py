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


def test_a_pipe_gets_no_control_characters(bench: Bench, run_folder: Path) -> None:
    result = bench("report", run_folder)
    assert "\x1b" not in result.out + result.err
    assert bench("metrics").out.count("\x1b") == 0
