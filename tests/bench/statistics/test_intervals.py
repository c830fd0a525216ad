"""Confidence intervals: against scipy, theory and published standard errors, and where there is none."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from scipy import stats

from bench.statistics.agreement import MSE, SRCC, STATISTICS
from bench.statistics.intervals import (
    bca_interval,
    bootstrap_interval,
    expanded_interval,
    measured,
    percentile_interval,
    quantiles,
)
from bench.statistics.types import ResamplingPlan
from bench.statistics.weighted import prepare
from tests.bench.statistics import oracle
from tests.bench.statistics.estimates import leave_out_statistics


@pytest.mark.parametrize("method", ["percentile", "BCa"])
@pytest.mark.parametrize("statistic", [SRCC, MSE], ids=lambda statistic: statistic.id)
def test_intervals_equal_scipys_on_the_same_resamples(method, statistic):
    """scipy's own bootstrap, given our distribution through `bootstrap_result`, adds no resamples of its own."""
    rng = np.random.default_rng(8)
    human, scores = rng.random(40), rng.random(40)
    s = STATISTICS.index(statistic)

    def value(index):
        return oracle.statistics(human[index.astype(int)], scores[index.astype(int)])[s]

    named = inspect.signature(stats.bootstrap).parameters
    seeded = {"rng" if "rng" in named else "random_state": np.random.default_rng(0)}  # renamed in scipy 1.15
    options = {"vectorized": False, "confidence_level": 0.9, "method": method}
    theirs = stats.bootstrap((np.arange(40),), value, n_resamples=200, **seeded, **options)
    again = stats.bootstrap((np.arange(40),), value, n_resamples=0, bootstrap_result=theirs, **options)
    jackknife = leave_out_statistics(prepare(human, scores[None], np.arange(40)), np.arange(40))[:, 0, s]
    estimate = float(value(np.arange(40)))
    ours = (
        percentile_interval(theirs.bootstrap_distribution, 0.9)
        if method == "percentile"
        else bca_interval(estimate, theirs.bootstrap_distribution, jackknife, 0.9)[:2]
    )
    np.testing.assert_allclose(ours, again.confidence_interval, rtol=0, atol=1e-10)


@pytest.mark.parametrize("n_clusters", [5, 40, 2000])
def test_expanded_interval_of_a_mean_is_students(n_clusters):
    """On a bootstrap distribution of known normal shape, the interval is the mean -/+ t s / sqrt(n)."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=n_clusters)
    spread = values.std() / np.sqrt(n_clusters)
    resampled = values.mean() + spread * stats.norm.ppf((np.arange(200_000) + 0.5) / 200_000)
    expected = stats.t.interval(0.95, n_clusters - 1, values.mean(), values.std(ddof=1) / np.sqrt(n_clusters))
    np.testing.assert_allclose(expanded_interval(resampled, 0.95, n_clusters), expected, rtol=1e-3)


def test_bca_counts_resamples_equal_to_the_estimate_half():
    """Symmetric around the estimate with many equal to it: no bias; a symmetric jackknife: no acceleration."""
    resampled = np.r_[np.full(30, 0.5), np.linspace(0, 0.4, 50), np.linspace(0.6, 1, 50)]
    low, high, reason = bca_interval(0.5, resampled, np.array([0.4, 0.5, 0.6]), 0.9)
    assert (low, high) == pytest.approx(percentile_interval(resampled, 0.9), abs=1e-12)
    assert reason == ""
    shifted = bca_interval(0.5 + 1e-13, resampled, np.array([0.4, 0.5, 0.6]), 0.9)
    assert shifted[:2] == pytest.approx((low, high), abs=1e-12)


def test_a_jackknife_of_equal_values_has_no_acceleration():
    low, _, reason = bca_interval(0.5, np.linspace(0, 1, 101), np.full(10, 0.5), 0.9)
    assert np.isnan(low)
    assert "BCa undefined" in reason


def test_a_jackknife_is_for_bca_alone_and_without_one_there_is_no_bca():
    resampled, jackknife = np.linspace(0, 1, 101) ** 2, np.linspace(0.2, 0.4, 9) ** 2
    percentile = bootstrap_interval("percentile", 0.3, resampled, 0.9, n_clusters=9)
    assert bootstrap_interval("percentile", 0.3, resampled, 0.9, n_clusters=9, jackknife=jackknife) == percentile
    with pytest.raises(ValueError, match="BCa needs"):
        bootstrap_interval("bca", 0.3, resampled, 0.9, n_clusters=9)
    assert bootstrap_interval("bca", 0.3, resampled, 0.9, n_clusters=9, jackknife=jackknife) != percentile


def test_half_of_the_resamples_may_be_undefined_and_no_more():
    for n_undefined, defined in ((50, True), (51, False)):
        values = np.r_[np.full(n_undefined, np.nan), np.linspace(0, 1, 100 - n_undefined)]
        low, high, remark = bootstrap_interval("percentile", 0.5, values, 0.9, n_clusters=5)
        assert np.isfinite([low, high]).all() == defined
        assert remark.startswith("50 of 100 resamples undefined" if defined else "undefined on 51 of 100")
    found = measured(0.5, values, ResamplingPlan(), 6)
    assert np.isnan([found.low, found.high]).all()
    assert (found.estimate, found.note, found.n_clusters) == (0.5, "undefined on 51 of 100 resamples", 0)


def test_a_measured_value_says_what_it_rests_on_or_why_it_has_no_interval():
    values = np.linspace(0, 1, 100)
    assert measured(0.5, values, ResamplingPlan(), 6).n_clusters == 6
    for n_clusters, unit, note in (
        (5, "caption", "no interval: 5 captions, fewer than 6"),
        (1, "pair", "no interval: 1 pair, fewer than 6"),
        (2, "block", "no interval: 2 blocks, fewer than 6"),
    ):
        found = measured(0.5, values, ResamplingPlan(unit=unit), n_clusters)
        assert np.isnan([found.low, found.high]).all()
        assert (found.note, found.n_clusters) == (note, 0)


@pytest.mark.parametrize("n", [1, 2, 3, 99, 199, 9999])
def test_quantiles_are_numpys_to_the_bit(n):
    rng = np.random.default_rng(n)
    for values in (rng.normal(size=n), rng.integers(0, 3, n) / 7, np.full(n, 0.1)):
        levels = (0.025, 0.975, 0.0, 1.0, 0.5, *rng.random(5))
        assert quantiles(values, levels) == tuple(np.quantile(values, levels))


def test_nothing_has_no_quantiles():
    assert np.isnan(quantiles(np.empty(0), (0.025, 0.975))).all()
