"""Williams' and Steiger's tests against published output and other software."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

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
