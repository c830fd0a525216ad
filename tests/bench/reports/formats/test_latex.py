"""LaTeX that compiles whatever a metric is called, and CSV that gives every number back."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.reports.contents import build_report
from bench.reports.formats import csv_file, latex
from bench.reports.formats.latex_escape import escape
from bench.reports.layout import Cell, Column, Report, Row, Section, Table
from bench.runs.folder import Run
from tests.bench.reports.runs import ATTACKS, make_run
from tests.commands import Bench

HOSTILE = (
    *ATTACKS,
    r"\input{/etc/passwd}",
    r"100 % of a_b & c^d ~ $x$ #1 {",
    r"\end{document}",
    "\\write18{touch attacked}",
)
COMMANDS = re.compile(r"\\[a-zA-Z]+(\{\})?|\\[{}$&#%_`'^~=.\"]|\$[^$]*\$|\{\[\}|\{\]\}|\{\*\}|\{\\char34\}")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    captions = [f"caption {i // 3}" for i in range(60)]
    systems = [("", "alpha", "beta")[i % 3] for i in range(60)]
    return make_run(
        tmp_path_factory.mktemp("run"), captions, [f"{i}.wav" for i in range(60)], systems, ("one", "two_%")
    )


@given(st.text() | st.sampled_from(HOSTILE))
def test_no_special_character_survives(text: str) -> None:
    escaped = escape(text)
    assert escaped.isascii()
    left = COMMANDS.sub("", escaped)
    assert not re.search(r"[\\$&#%_^~<>|\"\n]", left), escaped


def test_what_plain_text_says_stays() -> None:
    assert escape("A dog barks, 50 % louder") == r"A dog barks, 50 \% louder"
    assert escape("Übung ≥ 3") == r"\"{U}bung $\geq$ 3"


def test_the_tables_read_as_the_paper_s(run: Run) -> None:
    text = latex.render(build_report(run.manifest, run.table, run.analysis))
    assert r"\toprule" in text
    assert r"\caption{Agreement with listeners, all pairs." in text
    assert r"two\_\%" in text
    assert text.count(r"\begin{tabular}") == text.count(r"\end{tabular}")
    [srcc] = [e for e in run.analysis.estimates if (e.metric, e.stratum, e.statistic) == ("one", "all", "srcc")]
    assert f"{srcc.estimate:.3f}".replace("-", "$-$") in text
    assert text.isascii()


def test_rows_of_several_lines_stand_apart_and_published_ones_under_a_rule() -> None:
    ours, alone = Row("ours", (Cell(0.5, 0.4, 0.6),)), Row("alone", (Cell(0.5),))
    theirs = Row("theirs", (Cell(0.4),), origin="published")
    lines = latex.render_table(Table("t", "r", (Column("x"),), (ours, ours, theirs, theirs)), "tab:t").splitlines()
    assert lines.count(r"\addlinespace[2pt]") == 1
    assert lines.count(r"\midrule") == 2
    assert r"\addlinespace[2pt]" not in latex.render_table(Table("t", "r", (Column("x"),), (alone, alone)), "tab:t")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex: install texlive-latex-recommended")
@pytest.mark.parametrize("kind", ["a run", "an attack"])
def test_it_compiles(run: Run, tmp_path: Path, kind: str) -> None:
    report = build_report(run.manifest, run.table, run.analysis) if kind == "a run" else hostile_report()
    (tmp_path / "report.tex").write_text(latex.render(report, standalone=True), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-shell-escape", "report.tex"]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", timeout=120)
    assert answer.returncode == 0, answer.stdout[-2000:]
    assert (tmp_path / "report.pdf").stat().st_size > 10_000
    assert not (tmp_path / "attacked").exists()
    assert "root:" not in answer.stdout


def hostile_report() -> Report:
    rows = tuple(Row(text, (Cell(0.5, 0.4, 0.6, note=text), Cell(text=text))) for text in HOSTILE)
    tables = tuple(Table(text, text, (Column(text, 3), Column("x")), rows, corner=text) for text in HOSTILE)
    return Report(HOSTILE[0], HOSTILE, (Section(HOSTILE[1], HOSTILE, tables),))


def test_csv_gives_every_number_back(run: Run) -> None:
    frame = pd.read_csv(
        io.StringIO(csv_file.render(run.analysis.estimates, run.manifest.signatures)), float_precision="round_trip"
    )
    assert list(frame.columns) == list(csv_file.COLUMNS)
    assert len(frame) == len(run.analysis.estimates)
    for row, estimate in zip(frame.itertuples(), run.analysis.estimates, strict=True):
        assert (row.metric, row.stratum, row.statistic) == (estimate.metric, estimate.stratum, estimate.statistic)
        assert (row.estimate, row.low, row.high) == pytest.approx(
            (estimate.estimate, estimate.low, estimate.high), abs=0, nan_ok=True
        )


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "'quoted"])
def test_no_metric_name_is_a_formula(run: Run, name: str) -> None:
    estimate = replace(run.analysis.estimates[0], metric=name, estimate=-0.5)
    [row] = pd.read_csv(io.StringIO(csv_file.render([estimate], {}))).itertuples()
    assert row.metric == f"'{name}"
    assert row.estimate == -0.5


def test_the_command_writes_them(bench: Bench, run: Run) -> None:
    assert bench("report", run.folder, "--format", "csv", "--output", "e.csv").status == 0
    assert Path("e.csv").read_text().startswith("origin,metric,")
    assert bench("report", run.folder, "--format", "latex").out.startswith("% Needs ")
    refused = bench("report", run.folder, "--standalone")
    assert refused.status == 2
    assert "--standalone belongs to --format latex" in refused.err
