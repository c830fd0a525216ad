"""Random effects: against statsmodels, by simulation, and at the edges."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.meta_analysis import combine_effects
from statsmodels.stats.oneway import anova_oneway

from bench.statistics.intervals import Measured, expanded_interval
from bench.statistics.meta_analysis import Pooled, adjusted_together, between_variance, pooled, standard_error
from bench.statistics.types import ResamplingPlan
from bench.statistics.vote_differences import compare_on_votes
from tests.bench.statistics.ballots import simulated

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


@pytest.mark.parametrize("k", [2, 3, 5])
def test_the_test_that_all_are_the_same_equals_statsmodels(k: int) -> None:
    y, s = FIVE[0][:k], FIVE[1][:k] * 3
    theirs = combine_effects(y, s**2, method_re="iterated", atol=1e-12)
    found = pooled(y, s, 0.95)
    assert found.q == pytest.approx(theirs.q, rel=1e-12)
    assert found.p_same == pytest.approx(theirs.test_homogeneity().pvalue, rel=1e-9)
    assert found.p_same_adjusted == found.p_same
    if k > 2:
        assert np.isnan([found.first_minus_second, found.first_minus_second_low, found.first_minus_second_high]).all()


@pytest.mark.parametrize("gap", [0.0, 0.03, 0.2])
@pytest.mark.parametrize("level", [0.8, 0.95])
def test_of_two_the_difference_and_the_test_say_the_same(gap: float, level: float) -> None:
    s = np.array([0.03, 0.04])
    found = pooled(np.array([0.5, 0.5 - gap]), s, level)
    half = stats.norm.ppf((1 + level) / 2) * 0.05
    between = found.first_minus_second, found.first_minus_second_low, found.first_minus_second_high
    assert between == pytest.approx((gap, gap - half, gap + half))
    assert found.p_same == pytest.approx(2 * stats.norm.sf(gap / 0.05))
    assert (found.first_minus_second_low > 0) == (found.p_same < 1 - level)
    turned = pooled(np.array([0.5 - gap, 0.5]), s[::-1], level)
    assert turned.first_minus_second_low == pytest.approx(-found.first_minus_second_high)
    assert turned.p_same == pytest.approx(found.p_same)


def samples(sizes: tuple[int, ...]) -> list[np.ndarray]:
    rng = np.random.default_rng(len(sizes))
    return [rng.normal(0.3 * i, 1 + i, n) for i, n in enumerate(sizes)]


def of_samples(groups: list[np.ndarray]) -> Pooled | None:
    """Pool means whose standard errors are those of all bootstrap resamples: with n, not n - 1, beneath the squares."""
    n = np.array([len(group) for group in groups])
    errors = np.array([group.std() for group in groups]) / np.sqrt(n)
    return pooled(np.array([group.mean() for group in groups]), errors, 0.95, n)


@pytest.mark.parametrize("sizes", [(6, 9), (40, 7, 12), (8, 8, 30, 15, 6)])
def test_means_of_few_draws_are_tested_as_by_welch(sizes: tuple[int, ...]) -> None:
    groups = samples(sizes)
    found = of_samples(groups)
    theirs = anova_oneway(groups, use_var="unequal", welch_correction=True)
    assert found.p_same == pytest.approx(theirs.pvalue, rel=1e-9)


def test_two_means_of_few_draws_differ_as_by_welchs_t_test() -> None:
    first, second = samples((6, 9))
    found = of_samples([first, second])
    theirs = stats.ttest_ind(first, second, equal_var=False)
    between = found.first_minus_second_low, found.first_minus_second_high
    assert between == pytest.approx(tuple(theirs.confidence_interval(0.95)), rel=1e-9)
    assert found.p_same == pytest.approx(theirs.pvalue, rel=1e-9)


def test_with_many_clusters_errors_are_as_good_as_known() -> None:
    y, s = FIVE[0], FIVE[1] * 3
    many, known = pooled(y, s, 0.95, np.full(5, 10**8)), pooled(y, s, 0.95)
    assert many.p_same == pytest.approx(known.p_same, rel=1e-5)
    few = pooled(y, s, 0.95, np.full(5, 10))
    assert few.p_same > known.p_same
    assert (few.mean, few.low, few.high, few.q, few.tau) == (known.mean, known.low, known.high, known.q, known.tau)


def test_p_values_of_one_table_are_adjusted_for_each_other() -> None:
    s = np.array([0.03, 0.04])
    alone = {gap: pooled(np.array([0.5 + gap, 0.5]), s, 0.95) for gap in (0.1, 0.2, 0.0)}
    found = adjusted_together(alone)
    assert list(found) == list(alone)
    assert found[0.2].p_same_adjusted == pytest.approx(3 * alone[0.2].p_same)
    assert found[0.1].p_same_adjusted == pytest.approx(2 * alone[0.1].p_same)
    assert found[0.0].p_same_adjusted == 1
    assert [one.p_same for one in found.values()] == [one.p_same for one in alone.values()]
    assert adjusted_together({}) == {}


@pytest.mark.parametrize("k", [2, 3, 8])
def test_the_level_of_the_test_that_all_are_the_same(k: int) -> None:
    """With known standard errors and tau = 0 it is exact; with tau as large as they are it finds that."""
    rng, n = np.random.default_rng(k), 500
    s = rng.uniform(0.02, 0.05, (n, k))
    noise, between = rng.normal(size=(2, n, k))
    same = [pooled(0.5 + one * noise_of, one, 0.95) for one, noise_of in zip(s, noise, strict=True)]
    assert np.mean([one.p_same <= 0.05 for one in same]) == pytest.approx(0.05, abs=0.03)
    if k == 2:
        covered = [one.first_minus_second_low <= 0 <= one.first_minus_second_high for one in same]
        assert np.mean(covered) == pytest.approx(0.95, abs=0.03)
    other = [pooled(0.5 + one * (a + 2 * b), one, 0.95) for one, a, b in zip(s, noise, between, strict=True)]
    assert np.mean([one.p_same <= 0.05 for one in other]) > 0.3


def leads_on_votes(n_comparisons: tuple[int, ...], seed: int, plan: ResamplingPlan) -> list[Measured]:
    """Return one metric's lead over another on data sets of one population, with three comparisons a clip."""
    leads = []
    for i, n in enumerate(n_comparisons):
        own = 100 * seed + i
        ballots = simulated(n, seed=own)
        [one] = compare_on_votes(ballots, replace(plan, seed=own), "clip", n_threads=1).differences
        leads.append(one.delta)
    return leads


def together(leads: list[Measured]) -> Pooled | None:
    errors = [standard_error(one.low, one.high, 0.95, "expanded", one.n_clusters) for one in leads]
    n_clusters = np.array([one.n_clusters for one in leads])
    return pooled(np.array([one.estimate for one in leads]), np.array(errors), 0.95, n_clusters)


@pytest.mark.parametrize("n_comparisons", [(180, 120), (30, 45, 60, 30, 30)])
def test_the_level_on_votes_as_runs_have_them(n_comparisons: tuple[int, ...]) -> None:
    """Leads on two data sets of 60 and 40 clips, and on five of 10 to 20, where a chi-square would reject 15 %."""
    plan, n = ResamplingPlan(n_resamples=199, n_permutations=0), 300
    p_values = [together(leads_on_votes(n_comparisons, seed, plan)).p_same for seed in range(n)]
    assert np.mean(np.array(p_values) <= 0.05) == pytest.approx(0.05, abs=0.035)


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
