"""What stands where: the verdict, Table I by merit with its yardsticks, differences to the best, then the rest."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.reports.contents import build_report
from bench.reports.formats.markdown import render
from bench.reports.layout import DASH, Cell, Column, Point, Report, Row, Section, Table
from bench.reports.sections.best import best_section
from bench.reports.sections.first import first_table
from bench.reports.sections.verdict import QUESTIONS
from bench.runs.folder import Run
from bench.statistics.intervals import Measured
from bench.statistics.sentinels import SentinelAgreement
from bench.statistics.yardsticks import BesideListener, OneListener
from tests.bench.analysis.verdict.crafted import NATURAL, PLAN, compared, difference, joined
from tests.bench.reports.runs import make_run

VALUES = {"low": 0.2, "high": 0.6, "middle": 0.4}
TABLE = Table(
    "Table I. Agreement",
    "Reading.",
    (Column("SRCC ↑", 10), Column("MSE ↓", 10)),
    (
        *(Row(name, (Cell(value), Cell())) for name, value in VALUES.items()),
        Row("paper", (Cell(0.3), Cell()), "published"),
    ),
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    names = [f"{i}.wav" for i in range(56)]
    systems = [("recorded", "alpha", "beta", "gamma")[i % 4] for i in range(56)]
    return make_run(
        tmp_path_factory.mktemp("run"), [f"caption {i // 4}" for i in range(56)], names, systems, ["good", "poor"]
    )


def test_the_order_of_reading(run: Run) -> None:
    report = build_report(run.manifest, run.table, run.analysis)
    assert [point.question for point in report.verdict] == list(QUESTIONS.values())
    main = [section.heading for section in report.sections if not section.appendix]
    assert main == ["Agreement with listeners", "Differences to the best", "By source, system and score band"]
    assert all(section.appendix for section in report.sections[len(main) :])
    text = render(report)
    places = [text.index(part) for part in ("## Verdict", "**Table I.", "Differences to the best", "**Table II.")]
    assert places == sorted(places)
    assert text.index("**Table III.") < text.index("## Appendix") < text.index("### Differences between metrics")
    assert text.count("## Appendix") == 1


def test_the_verdict_is_a_file_of_the_run(run: Run) -> None:
    report = build_report(run.manifest, run.table, run.analysis)
    said = " ".join(point.text for point in report.verdict)
    assert said == " ".join(sentence.text for sentence in run.analysis.verdict)
    assert (run.folder / "verdict.json").read_text(encoding="utf-8").count('"id"') == len(run.analysis.verdict)


def test_table_one_is_sorted_and_published_rows_stay_last() -> None:
    table = first_table(TABLE, joined(compared(VALUES)))
    assert [row.label for row in table.rows] == ["high", "middle", "low", "paper"]
    assert [column.spare for column in table.columns] == [0, 1]


def test_yardsticks_stand_beneath_the_metrics() -> None:
    value = Measured(0.5, 0.4, 0.6)
    analysis = replace(
        joined(compared(VALUES)),
        one_listener=(OneListener("all", "srcc", 9, 27, 9, value, **PLAN),),
        beside_listener=(BesideListener("high", "all", "srcc", Measured(0.55, 0.5, 0.6), value, value, **PLAN),),
        sentinels=(SentinelAgreement("system", "all", "srcc", 10, Measured(0.3, 0.2, 0.4), value, **PLAN),),
    )
    table = first_table(TABLE, analysis)
    assert [row.label for row in table.rows] == ["high", "middle", "low", "system alone", "one listener", "paper"]
    assert [row.origin for row in table.rows] == ["metric"] * 3 + ["yardstick"] * 2 + ["published"]
    assert [column.header for column in table.columns] == ["SRCC ↑", "MSE ↓", "SRCC ↑, others"]
    assert [row.cells[2].value for row in table.rows] == ["0.550", "", "", "", "0.500", ""]
    assert [cell.value for cell in table.rows[3].cells] == ["0.300", "", ""]
    assert [cell.value for cell in table.rows[4].cells] == ["", "", "0.500"]


def test_differences_to_the_best_are_in_order_and_keep_their_sign() -> None:
    here = compared(VALUES)
    natural = (difference("high", "middle", -0.1, 0.01, NATURAL), difference("low", "high", -0.3, 0.2, NATURAL))
    section = best_section(joined(here, {"differences": natural}))
    assert section is not None
    [table] = section.tables
    assert [row.label for row in table.rows] == ["high − middle", "high − low"]
    assert [[cell.value for cell in row.cells] for row in table.rows] == [
        ["0.200", "-0.100", DASH],
        ["0.400", "0.300", DASH],
    ]
    assert table.rows[0].cells[1].interval == "[-0.140, -0.060]"
    assert table.rows[1].cells[1].interval == "[0.260, 0.340]"
    assert [[cell.best for cell in row.cells[:2]] for row in table.rows] == [[True, True], [True, False]]
    assert best_section(joined(compared({"only": 0.5}))) is None


def test_a_first_screen_has_the_verdict_and_the_first_rows_of_one_table() -> None:
    rows = tuple(Row(f"m{i}", (Cell(0.5),)) for i in range(40))
    table = Table("First", "Reading.", (Column("x"),), (*rows, Row("alone", (Cell(0.1),), "yardstick")))
    sections = (Section("One", ("words",), (table, table)), Section("Two", (), (table,)))
    points = (Point("Which?", "This.", "test"),)
    screen = Report("Title", ("first", "second"), sections, "beware", points).first_screen(16)
    assert (screen.verdict, screen.warning, screen.paragraphs) == (points, "beware", ("first",))
    [section] = screen.sections
    [shown] = section.tables
    assert [row.label for row in shown.rows] == [*(f"m{i}" for i in range(16)), "alone"]
    assert shown.reading == "The first 16 of 40 metrics. Reading."


def test_a_name_cannot_break_the_verdict() -> None:
    point = Point("Which?", "*a* [b](http://c) `d` 0.5 [0.4, 0.6], 70 % [60 %, 80 %] [1.0, 2.0](x)", "te_st")
    text = render(Report("Title", (), (), verdict=(point,)))
    assert "1. **Which?** \\*a\\* \\[b\\](http://c) \\`d\\` 0.5 [0.4, 0.6], 70 % [60 %, 80 %] \\[1.0, 2.0\\](x)" in text
    assert "_(te\\_st)_" in text
