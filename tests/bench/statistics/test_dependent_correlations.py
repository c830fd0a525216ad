"""Williams' and Steiger's tests against published output and other software."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from bench.statistics.dependent_correlations import reference_tests, steiger_test, williams_test
from bench.statistics.sample import StratumSample

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "statistics" / "parity.json").read_text())


@pytest.mark.parametrize(
    ("r_a", "r_b", "r_ab", "n", "t", "p"),
    [
        # R's psych::r.test prints these two to the digits shown.
        (0.5, 0.1, 0.7, 30, 3.38, 0.0022),
        (0.5, 0.1, 0.1, 30, 1.76, 0.0904),
        # R's cocor, "williams1959", from correlations printed to four digits.
        (-0.1741, 0.2015, 0.3734, 646, -9.0340, 0.0000),
    ],
)
def test_williams_equals_r(r_a, r_b, r_ab, n, t, p):
    found = williams_test(r_a, r_b, r_ab, n)
    assert found == (pytest.approx(t, abs=0.005), pytest.approx(p, abs=1e-4))


@pytest.mark.parametrize(
    ("r_a", "r_b", "r_ab", "n", "z", "p"),
    [
        # R's cocor, "steiger1980", from correlations printed to four digits.
        (0.2493, 0.3395, 0.4082, 553, -2.0660, 0.0388),
        (0.0228, 0.3522, 0.3718, 553, -7.1345, 0.0000),
        (-0.1741, 0.2015, 0.3734, 646, -8.6124, 0.0000),
    ],
)
def test_steiger_equals_r(r_a, r_b, r_ab, n, z, p):
    found = steiger_test(r_a, r_b, r_ab, n)
    assert found == (pytest.approx(z, abs=0.002), pytest.approx(p, abs=1e-4))


def test_williams_equals_nlpstats():
    human, *scores = (np.array(GOLDEN["data"][name]).ravel() for name in ("human", "a", "b"))
    sample = StratumSample("all", ("a", "b"), human, np.stack(scores), np.arange(len(human)))
    [test] = reference_tests(sample)
    assert test.williams_p == pytest.approx(GOLDEN["nlpstats_williams"], abs=1e-12)
    assert "trivariate normality" in test.assumption


def test_nothing_is_tested_where_a_test_means_nothing():
    human = np.arange(8) / 8
    rows = np.stack([np.zeros(8), human**2, 2 * human**2, human])
    sample = StratumSample("all", ("flat", "a", "copy of a", "perfect"), human, rows, np.arange(8))
    assert reference_tests(sample) == []
    few = StratumSample("all", ("a", "b"), human[:4], np.random.default_rng(0).random((2, 4)), np.arange(4))
    assert reference_tests(few) == []


def test_williams_holds_the_formula_to_the_last_digit():
    """Steiger 1980, eq. 7, with the determinant of the correlation matrix from linear algebra."""
    r_a, r_b, r_ab, n = 0.6, 0.35, 0.45, 12
    determinant = np.linalg.det([[1, r_a, r_b], [r_a, 1, r_ab], [r_b, r_ab, 1]])
    spread = 2 * (11 / 9) * determinant + ((r_a + r_b) / 2) ** 2 * (1 - r_ab) ** 3
    t = (r_a - r_b) * np.sqrt(11 * (1 + r_ab) / spread)
    assert williams_test(r_a, r_b, r_ab, n) == pytest.approx((t, 2 * stats.t.sf(t, 9)), abs=1e-12)


def test_the_better_metric_may_come_first_or_last():
    for test in (williams_test, steiger_test):
        (forth, p_forth), (back, p_back) = test(0.6, 0.3, 0.4, 20), test(0.3, 0.6, 0.4, 20)
        assert forth > 0
        assert (back, p_back) == pytest.approx((-forth, p_forth))
        assert test(0.5, 0.5, 0.4, 20) == (0, 1)


def test_every_pair_of_metrics_is_tested_with_its_own_correlations():
    rng = np.random.default_rng(0)
    human, rows = rng.random(5), rng.random((4, 5))
    rows[1] = 0.5
    sample = StratumSample("part", ("a", "flat", "b", "c"), human, rows, np.arange(5))
    found = {(test.metric_a, test.metric_b): test for test in reference_tests(sample)}
    assert list(found) == [("a", "b"), ("a", "c"), ("b", "c")]
    r_b, r_c, r_bc = (stats.pearsonr(x, y).statistic for x, y in ((human, rows[2]), (human, rows[3]), rows[2:]))
    one = found["b", "c"]
    assert (one.stratum, one.n_pairs) == ("part", 5)
    assert (one.williams_t, one.williams_p) == pytest.approx(williams_test(r_b, r_c, r_bc, 5))
    assert (one.steiger_z, one.steiger_p) == pytest.approx(steiger_test(r_b, r_c, r_bc, 5))


def test_constant_ratings_are_not_tested():
    rows = np.random.default_rng(0).random((2, 8))
    assert reference_tests(StratumSample("all", ("a", "b"), np.full(8, 0.5), rows, np.arange(8))) == []
