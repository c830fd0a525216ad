"""What a reader sees: numbers, intervals, dashes with reasons, and text that cannot break the table."""

from __future__ import annotations

import importlib
import math

import pytest

from bench.reports.formats import FORMATS
from bench.reports.formats.markdown import escape, render_table
from bench.reports.layout import Cell, Column, Row, Table


@pytest.mark.parametrize(
    ("cell", "value", "interval"),
    [
        (Cell(0.4567, 0.4211, 0.4899), "0.457", "[0.421, 0.490]"),
        (Cell(0.0519, 0.0503, 0.0541, decimals=4), "0.0519", "[0.0503, 0.0541]"),
        (Cell(-0.0123, -0.1, 0.1), "-0.012", "[-0.100, 0.100]"),
        (Cell(-0.0001, -0.001, 0.1), "-0.0001", "[-0.001, 0.100]"),
        (Cell(0.0, -1e-9, 0.0004), "0.000", "[0.000, 0.0004]"),
        (Cell(), "–", ""),
        (Cell(0.5, math.nan, math.nan), "0.500", ""),
        (Cell(text="yes"), "yes", ""),
    ],
)
def test_cells(cell: Cell, value: str, interval: str) -> None:
    assert (cell.value, cell.interval) == (value, interval)


def test_markdown_table() -> None:
    table = Table(
        "Title",
        "How to read it.",
        (Column("SRCC", 1234), Column("LCC")),
        (
            Row("a|b", (Cell(0.5, 0.4, 0.6, best=True), Cell(note="constant scores"))),
            Row("paper", (Cell(0.28), Cell()), origin="published"),
        ),
    )
    assert render_table(table).splitlines() == [
        "**Title**",
        "",
        "_How to read it._",
        "",
        "| metric | SRCC<br>n = 1,234 | LCC |",
        "| --- | ---: | ---: |",
        "| a\\|b | **0.500** [0.400, 0.600] | – |",
        "| _paper †_ | 0.280 | – |",
        "",
        "- a\\|b / LCC: constant scores",
        "- † published by others, on pairs of their own: see “Published figures”",
    ]


def test_markdown_escapes_whatever_a_user_may_name_a_metric() -> None:
    assert escape("<b>|x|`y`\n*z*") == "\\<b\\>\\|x\\|\\`y\\` \\*z\\*"


def test_every_format_of_the_table_can_be_loaded() -> None:
    for name, format in FORMATS.items():
        module, _, function = format.render.partition(":")
        assert callable(getattr(importlib.import_module(module), function)), name
