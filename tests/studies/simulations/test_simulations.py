"""The simulated population is what it says, and the tables in the documents are those of a full run."""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pytest
from scipy import stats

from bench.statistics.sample import MIN_CLUSTERS
from bench.statistics.types import ResamplingPlan
from tests.studies.simulations import families
from tests.studies.simulations.analytic import analytic_interval
from tests.studies.simulations.coverage import (
    CAPTIONS,
    DOCUMENT,
    EQUAL,
    EVEN_CAPTIONS,
    METHODS,
    SIZES,
    UNITS,
    rejections_of_one,
)
from tests.studies.simulations.evenly_good import ERRORS, RATING_ERRORS
from tests.studies.simulations.few_captions import FEW, MANY, coverage_of_few, coverage_of_shares
from tests.studies.simulations.other_tables import QUANTITIES, coverage_of_others, true_quantities
from tests.studies.simulations.population import Metric, draw, true_values
from tests.studies.simulations.yardstick_tables import DESIGNS, YARDSTICKS, coverage_of_yardsticks, true_yardsticks
from tests.tables import replace_block


def table(name):
    text = DOCUMENT.read_text(encoding="utf-8")
    body = re.search(rf"<!-- table: {name} -->\n(.*?)\n<!-- end: {name} -->", text, re.DOTALL)
    rows = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in body[1].splitlines()]
    return [dict(zip(rows[0], row, strict=False)) for row in rows[2:]]


def test_population_has_the_traits_that_it_names():
    data = draw(20_000, {"even": Metric(shared=0.0), "clustered": Metric(shared=0.9)}, np.random.default_rng(0))
    sizes = np.bincount(data.captions)[:-1]
    assert set(sizes) == {3, 4, 5}
    assert len(data.human) == 20_000
    assert 0 <= data.human.min() < data.human.max() <= 1
    assert len(np.unique(data.human)) < 200
    mean = {name: np.bincount(data.captions, row) / np.bincount(data.captions) for name, row in data.scores.items()}
    assert mean["clustered"].var() > 1.3 * mean["even"].var()
    assert all((row == 0).any() for row in data.scores.values())


def test_true_values_order_metrics_by_quality():
    good, bad = (true_values(Metric(quality=quality), n_pairs=50_000) for quality in (0.9, 0.3))
    assert all(g > b for g, b in zip(good[:3], bad[:3], strict=True))
    assert good[0] == pytest.approx(0.55, abs=0.02)


def test_rejections_count_each_statistic():
    found = sum((rejections_of_one(EQUAL, 0, 60, seed) for seed in range(20)), Counter())
    assert max(found.values(), default=0) <= 5


def test_families_of_equal_metrics_are_counted_once_a_data_set():
    found = sum((families.errors_of_one(12, seed) for seed in range(20)), Counter())
    assert max(found.values(), default=0) <= 5


def test_documented_family_wise_error_is_within_bounds():
    rows = {row["per 100 data sets"]: row for row in table("families") if row["captions"] == "20"}
    ids = ("SRCC", "LCC", "KTAU", "MSE")
    assert all(3.5 <= float(rows[families.WRONG][s]) <= 6.5 for s in ids)
    assert all(float(rows[families.BEST][s]) >= 94 for s in ids)
    assert all(float(rows[families.FOUND][s]) >= float(rows[families.BY_HOLM][s]) for s in ids)


def test_replacing_a_table_keeps_the_text_around_it():
    text = "a\n<!-- table: t -->\nold\n<!-- end: t -->\nb\n"
    assert replace_block(text, "t", "new\nrows") == "a\n<!-- table: t -->\nnew\nrows\n<!-- end: t -->\nb\n"


def test_documented_coverage_is_within_bounds_for_every_default():
    rows = table("coverage")
    assert len(rows) == len(SIZES) * (len(UNITS) * len(METHODS) + 1)
    plan = ResamplingPlan()
    defaults = [row for row in rows if (row["unit"], row["interval"]) == (plan.unit, plan.ci_method)]
    assert len(defaults) == len(SIZES)
    assert all(92 <= float(row["SRCC"]) <= 97 for row in defaults)


def test_documented_coverage_of_other_tables_is_within_bounds_for_the_default_method():
    rows = table("coverage-others")
    assert len(rows) == len(CAPTIONS) * len(METHODS)
    defaults = [row for row in rows if row["interval"] == ResamplingPlan().ci_method]
    assert [row["captions"] for row in defaults] == [f"{n:,}" for n in CAPTIONS]
    assert all(91 <= float(row[name]) <= 98 for row in defaults for name in QUANTITIES)


def test_other_tables_are_simulated_with_every_method():
    found = coverage_of_others(20, METHODS, 50, seed=0)
    assert set(found) == {(method, name) for method in METHODS for name in QUANTITIES}
    assert sum(found.values()) >= 8
    assert true_quantities(20_000) == pytest.approx(true_quantities(), abs=0.02)


def test_documented_coverage_of_yardsticks_is_within_bounds():
    rows = table("coverage-yardsticks")
    assert [row["captions"] for row in rows] == [f"{n:,}" for n in CAPTIONS]
    assert all(91 <= float(row[name]) <= 98 for row in rows for name in YARDSTICKS)


def test_documented_level_of_the_alternative_annotator_test_is_within_bounds():
    rows = table("alternative")
    designs = [(row["captions of the listener"], row["ratings a caption"]) for row in rows]
    assert designs == [(str(n_captions), str(per_caption)) for n_captions, per_caption in DESIGNS]
    assert all(3.5 <= float(row["rejected"]) <= 6.5 for row in rows)


def test_yardsticks_are_simulated():
    found = coverage_of_yardsticks(20, 50, seed=0)
    assert set(found) == set(YARDSTICKS)
    assert sum(found.values()) >= 4
    assert true_yardsticks(20_000) == pytest.approx(true_yardsticks(), abs=0.03)


def test_documented_error_rates_are_within_bounds_and_power_grows():
    rows = table("rejections")
    null = [row for row in rows if row["truth"] == "equal metrics"]
    assert len(null) == len(SIZES)
    assert all(3.5 <= float(row[s]) <= 6.5 for row in null for s in ("SRCC", "LCC", "KTAU", "MSE"))
    power = [float(row["SRCC"]) for row in rows if row["truth"].startswith("ΔSRCC")]
    assert power == sorted(power)
    assert power[-1] > 90


def test_documented_intervals_of_few_captions_cover_from_six_on_and_not_below():
    rows = {int(row["captions"]): row for row in table("coverage-few")}
    assert tuple(rows) == FEW
    for n, row in rows.items():
        covered = min(float(row[name]) for name in ("SRCC", "LCC", "MSE"))
        assert (covered >= 91) == (n >= MIN_CLUSTERS)


def test_documented_shares_of_the_ceiling_cover():
    rows = table("coverage-shares")
    assert [int(row["captions"]) for row in rows] == list(MANY)
    assert all(92 <= float(row[name]) <= 97 for row in rows for name in ("SRCC / ceiling", "LCC / ceiling"))


def test_documented_predictions_are_unbiased_and_even_metrics_hardly_marked():
    rows = table("evenness")
    assert len(rows) == len(EVEN_CAPTIONS) * len({**ERRORS, **RATING_ERRORS})
    for row in rows:
        assert abs(float(row["mean bias"])) <= 0.02
        assert float(row["off 0"]) <= 8
        assert float(row["marked"]) <= 6


def test_few_captions_and_shares_are_simulated():
    found = sum((coverage_of_few(6, 99, seed) for seed in range(5)), Counter())
    assert set(found) == {"srcc", "lcc", "ktau", "mse"}
    assert found["srcc"] >= 3
    shares = sum((coverage_of_shares(20, 99, seed) for seed in range(3)), Counter())
    assert shares["srcc"] + shares["lcc"] >= 4


def test_the_analytic_interval_of_lcc_is_scipys():
    rng = np.random.default_rng(0)
    human, scores = rng.random((2, 30))
    result = stats.pearsonr(human, scores)
    low, high, _ = analytic_interval("lcc", float(result.statistic), 30, 0.9)
    assert (low, high) == pytest.approx(tuple(result.confidence_interval(0.9)), abs=1e-12)


@pytest.mark.parametrize(("statistic", "variance"), [("srcc", 1.125 / 47), ("ktau", 0.437 / 46)])
def test_analytic_intervals_have_the_published_standard_error(statistic, variance):
    """Bonett & Wright 2000, for r = .5 and n = 50."""
    low, high, _ = analytic_interval(statistic, 0.5, 50, 0.95)
    for end, sign in ((low, -1), (high, 1)):
        assert np.arctanh(end) - np.arctanh(0.5) == pytest.approx(sign * 1.959964 * np.sqrt(variance), abs=1e-6)


@pytest.mark.parametrize(("statistic", "estimate", "n"), [("mse", 0.5, 50), ("srcc", 1.0, 50), ("ktau", 0.5, 4)])
def test_there_is_not_always_an_analytic_interval(statistic, estimate, n):
    assert np.isnan(analytic_interval(statistic, estimate, n, 0.95)[0])


@pytest.mark.parametrize("statistic", ["srcc", "lcc", "ktau"])
def test_five_pairs_have_an_analytic_interval_and_four_have_none(statistic):
    low, high, reason = analytic_interval(statistic, -0.3, 5, 0.9)
    assert low < -0.3 < high
    assert reason == ""
    assert analytic_interval(statistic, -0.3, 4, 0.9)[2] == "no analytic interval"
    assert analytic_interval(statistic, -1.0, 9, 0.9)[2] == "no analytic interval"
