"""What a report says of several metrics at once: standings, bold cells, adjusted p-values; word for word."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from bench.reports.formats.latex import render_table
from bench.reports.layout import Cell, Column, Row, Table
from bench.reports.sections.agreement import (
    correlation_tables,
    shown_to_be_best,
    standing_sentence,
    standing_texts,
)
from bench.reports.sections.differences import difference_cell, differences_section
from bench.statistics.bootstrap import bootstrap_strata, estimates_of
from bench.statistics.comparison import CorrelationDifference, differences_of
from bench.statistics.max_t import paired_spreads
from bench.statistics.power import detectable_differences
from bench.statistics.standing import Standing, standings_of
from bench.statistics.types import ResamplingPlan
from tests.bench.statistics.simulate import rated_pairs

BEST = Standing("m0", "all", "srcc", True, "a")
SECOND = Standing("m1", "all", "srcc", True, "ab")
WORSE = Standing("m2", "all", "srcc", False, "b")
NOTHING = "nothing can be shown with 9 resamples"


def test_one_best_metric() -> None:
    assert standing_texts([BEST, WORSE]) == {"m0": "best (a)", "m2": "worse (b)"}
    assert standing_sentence([BEST, WORSE]) == (
        "Standing by SRCC: “worse” was shown to be worse than another metric (adjusted p at or below 0.05), “best”, "
        "alone, was not; metrics that share a letter were not shown to differ; baselines have none."
    )
    assert shown_to_be_best([BEST, WORSE], ("all", "srcc")) == "m0"


def test_several_that_may_be_best_and_none_is_bold() -> None:
    assert standing_texts([BEST, SECOND, WORSE]) == {
        "m0": "may be best (a)",
        "m1": "may be best (ab)",
        "m2": "worse (b)",
    }
    assert "“may be best” was not" in standing_sentence([BEST, SECOND, WORSE])
    assert shown_to_be_best([BEST, SECOND, WORSE], ("all", "srcc")) is None


def test_nothing_is_said_of_ranks_where_nothing_can_be_shown() -> None:
    nothing = [replace(one, may_be_best=True, letters="", note=NOTHING) for one in (BEST, WORSE)]
    assert standing_texts(nothing) == {}
    assert standing_sentence(nothing) == f"Standing by SRCC: {NOTHING}."
    assert shown_to_be_best(nothing, ("all", "srcc")) is None


def test_where_letters_would_be_too_many_the_set_stands() -> None:
    without = [replace(one, letters="") for one in (BEST, WORSE)]
    assert standing_texts(without) == {"m0": "best", "m2": "worse"}
    assert standing_sentence(without) == (
        "Standing by SRCC: “worse” was shown to be worse than another metric (adjusted p at or below 0.05), “best”, "
        "alone, was not; letters for those that were not shown to differ would be too many; baselines have none."
    )


def test_one_metric_has_no_standing() -> None:
    alone = [Standing("m0", "all", "srcc", True, "", "a single metric is the best of nothing")]
    assert standing_texts(alone) == {}
    assert standing_sentence(alone) == ""
    assert shown_to_be_best(alone, ("all", "srcc")) is None


@pytest.mark.parametrize(
    ("p", "at_resolution", "text"),
    [
        (0.0001, True, "p ≤ 0.0001"),
        (0.001, True, "p ≤ 0.001"),
        (1 / 61, True, "p ≤ 0.017"),
        (1.0, True, "p ≤ 1.000"),
        (0.0002, False, "p < 0.001"),
        (0.0123, False, "p = 0.012"),
        (math.nan, False, ""),
    ],
)
def test_p_at_its_resolution_is_a_bound(p: float, at_resolution: bool, text: str) -> None:
    assert Cell(0.1, p_value=p, p_is_bound=at_resolution).p_text == text


def test_latex_writes_the_bound_in_ascii() -> None:
    cell = Cell(0.1, -0.1, 0.3, p_value=1e-4, p_is_bound=True)
    text = render_table(Table("t", "r", (Column("c"),), (Row("row", (cell,)),)), "tab:t")
    assert r"p $\leq$ 0.0001" in text
    assert text.isascii()


def compared(plan: ResamplingPlan, baselines: tuple[str, ...] = ()):
    data = rated_pairs(300, n_metrics=3)
    [boot] = bootstrap_strata(data.human, data.scores, {"all": np.ones(300, bool)}, data.clusters, plan)
    spreads = paired_spreads(boot, baselines)
    differences = differences_of(boot, plan, spreads, baselines=baselines)
    standings = standings_of(boot, differences, plan, baselines)
    detectable = detectable_differences(boot, plan, spreads, baselines=baselines)
    return estimates_of(boot, plan), differences, standings, detectable


def test_table_one_is_bold_where_one_metric_is_left_over() -> None:
    estimates, _, standings, _ = compared(ResamplingPlan(199, n_permutations=199))
    [table] = correlation_tables(estimates, (), standings)
    assert table.columns[0] == Column("standing")
    assert [row.cells[0].value for row in table.rows] == ["best (a)", "worse (b)", "worse (c)"]
    assert [row.cells[1].best for row in table.rows] == [True, False, False]
    [table] = correlation_tables(estimates, ())
    assert not any(cell.best for row in table.rows for cell in row.cells)


def test_differences_and_baselines_stand_apart() -> None:
    _, differences, _, detectable = compared(ResamplingPlan(199, n_permutations=199), ("metric2",))
    section = differences_section(differences, (), detectable)
    assert section is not None
    between, beside = section.tables
    assert [row.label for row in between.rows] == ["metric0 − metric1"]
    assert [row.label for row in beside.rows] == ["metric0 − metric2", "metric1 − metric2"]
    assert between.columns[-1].header == "ΔSRCC detectable at 80 % power, adjusted"
    assert between.reading == (
        "Bold: p at or below 0.05. Intervals: 95 % for a whole column at once, difference ± max-T quantile × standard "
        "error, 199 resamples of captions."
    )
    [difference] = [d for d in differences if not d.with_baseline and d.statistic == "srcc"]
    assert between.rows[0].cells[0] == difference_cell(difference)
    assert (between.rows[0].cells[0].low, between.rows[0].cells[0].high) == (difference.sim_low, difference.sim_high)
    assert "199 permutations of the two metrics' scores caption by caption" in section.paragraphs[0]


def reading_of(plan: ResamplingPlan) -> tuple[str, str, list[CorrelationDifference]]:
    _, differences, _, detectable = compared(plan)
    section = differences_section(differences, (), detectable)
    assert section is not None
    return section.paragraphs[0], section.tables[0].reading, differences


def test_too_few_permutations_are_said() -> None:
    method, reading, differences = reading_of(ResamplingPlan(99, n_permutations=9))
    assert "With 9 permutations no p can be as low as 0.05." in reading
    assert not any(d.is_shown for d in differences)
    method, reading, _ = reading_of(ResamplingPlan(99, n_permutations=0))
    assert method.endswith("No permutations were made, so there are no p-values.")
    assert "permutations" not in reading
