"""Random effects: against statsmodels, by simulation, and at the edges."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.meta_analysis import combine_effects

from bench.statistics.intervals import expanded_interval
from bench.statistics.meta_analysis import between_variance, pooled, standard_error

FIVE = np.array([0.31, 0.55, 0.48, 0.62, 0.40]), np.array([0.03, 0.02, 0.05, 0.04, 0.03])


@pytest.mark.parametrize("k", [2, 3, 5])
def test_mean_spread_and_interval_equal_statsmodels(k: int) -> None:
    """Its iterated method is Paule & Mandel's; its Hartung-Knapp interval has the same factor, 1 at convergence."""
    y, s = FIVE[0][:k], FIVE[1][:k]
    theirs = combine_effects(y, s**2, method_re="iterated", use_t=True, atol=1e-12)
    found = pooled(y, s, 0.95)
    assert found.tau**2 == pytest.approx(theirs.tau2, rel=1e-5)
    assert found.mean == pytest.approx(theirs.mean_effect_re, rel=1e-6)
    assert found.i_squared == pytest.approx(theirs.i2, rel=1e-9)
    half = stats.t.ppf(0.975, k - 1) * theirs.sd_eff_w_re_hksj
    assert (found.low, found.high) == pytest.approx((found.mean - half, found.mean + half), rel=1e-5)
    if k == 2:
        assert np.isnan([found.new_low, found.new_high]).all()
    else:
        new = stats.t.ppf(0.975, k - 2) * np.sqrt(theirs.tau2 + theirs.sd_eff_w_re_hksj**2)
        assert (found.new_low, found.new_high) == pytest.approx((found.mean - new, found.mean + new), rel=1e-5)


def test_data_sets_that_agree_have_no_spread_and_no_narrower_interval_than_one_mean() -> None:
    y, s = np.array([0.5, 0.501, 0.499]), np.full(3, 0.03)
    found = pooled(y, s, 0.95)
    assert found.tau == found.i_squared == 0
    assert found.mean == pytest.approx(0.5)
    assert found.high - found.mean == pytest.approx(stats.t.ppf(0.975, 2) * 0.03 / np.sqrt(3))


def test_the_sum_of_squares_is_what_tau_is_chosen_for() -> None:
    rng = np.random.default_rng(0)
    for k in (2, 3, 10, 40):
        y, s = rng.normal(0.4, 0.2, k), rng.uniform(0.01, 0.05, k)
        w = 1 / (s**2 + between_variance(y, s))
        assert np.sum(w * (y - np.sum(w * y) / np.sum(w)) ** 2) == pytest.approx(k - 1, rel=1e-9)


@pytest.mark.parametrize(("k", "tau"), [(2, 0.1), (3, 0.1), (8, 0.05)])
def test_mean_and_new_data_set_are_covered(k: int, tau: float) -> None:
    """With 3,000 draws a row: 99.9, 97.3, 94.6 % of means; 99.4 and 91.1 % of new data sets, from three on."""
    rng, means, news, n = np.random.default_rng(k), 0, 0, 400
    for _ in range(n):
        s = rng.uniform(0.02, 0.05, k)
        found = pooled(0.5 + tau * rng.normal(size=k) + s * rng.normal(size=k), s, 0.95)
        means += found.low <= 0.5 <= found.high
        news += found.new_low <= 0.5 + tau * rng.normal() <= found.new_high
    assert means / n >= 0.92
    assert news / n >= 0.87 if k > 2 else news == 0


def test_what_cannot_be_pooled() -> None:
    one = np.array([0.5])
    two = np.array([0.5, 0.4])
    assert pooled(one, one, 0.95) is None
    assert pooled(two, np.array([0.1, np.nan]), 0.95) is None
    assert pooled(two, np.array([0.1, 0.0]), 0.95) is None
    assert pooled(np.array([0.5, np.nan]), two, 0.95) is None


@pytest.mark.parametrize("n_clusters", [5, 20, 900])
def test_the_standard_error_of_an_expanded_interval_is_that_of_the_resamples(n_clusters: int) -> None:
    resampled = stats.norm.ppf((np.arange(200_000) + 0.5) / 200_000, 0.4, 0.03)
    low, high = expanded_interval(resampled, 0.95, n_clusters)
    assert standard_error(low, high, 0.95, "expanded", n_clusters) == pytest.approx(0.03, rel=0.02)
    low, high = np.quantile(resampled, [0.025, 0.975])
    assert standard_error(float(low), float(high), 0.95, "percentile", n_clusters) == pytest.approx(0.03, rel=1e-3)
