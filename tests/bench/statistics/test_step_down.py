"""The step-down max-T against the algorithm taken step by step; what is undefined, few clusters, and resolution."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bench.statistics.max_t import max_t
from bench.statistics.step_down import adjusted_p_values, count_maxima, deciding_order, no_maxima
from bench.statistics.types import IntervalMethod, ResamplingPlan


def slowly(observed, sizes):
    """Decide the largest |t| first; draw by draw, what is undefined is left out; p never falls."""
    left, p_values, previous = list(range(len(observed))), np.empty(len(observed)), 0.0
    while left:
        first = max(left, key=lambda c: observed[c])
        maxima = [max(defined) for draw in sizes.T if (defined := [draw[c] for c in left if not np.isnan(draw[c])])]
        reached = sum(maximum >= observed[first] for maximum in maxima)
        previous = max(previous, (reached + 1) / (len(maxima) + 1))
        p_values[first] = previous
        left.remove(first)
    return p_values


def stretched(t, n_clusters):
    """Student's |t| times sqrt(C / (C - 1)), as rare as ``t`` is of the normal distribution."""
    return stats.t.isf(stats.norm.sf(t), n_clusters - 1) * np.sqrt(n_clusters / (n_clusters - 1))


def family(seed, n_comparisons=6, n_draws=199, undefined=0.1):
    """Estimates and resamples, correlated between comparisons; some resamples are undefined, some for all."""
    rng = np.random.default_rng(seed)
    drawn = rng.normal(size=(n_comparisons, n_draws)) + rng.normal(size=n_draws)
    estimates = rng.normal(0, 2.5, n_comparisons)
    drawn += estimates[:, None]
    drawn[rng.random(drawn.shape) < undefined] = np.nan
    drawn[:, rng.random(n_draws) < undefined] = np.nan
    return estimates, drawn


def plan_of(n_resamples, method: IntervalMethod = "percentile", level=0.95):
    return ResamplingPlan(n_resamples, ci_method=method, confidence_level=level)


@pytest.mark.parametrize("undefined", [0.0, 0.1, 0.4])
def test_counts_equal_the_algorithm_step_by_step(undefined):
    for seed in range(10):
        estimates, sizes = family(seed, undefined=undefined)
        observed, sizes = np.abs(estimates), np.abs(sizes - estimates[:, None])
        order = deciding_order(observed)
        parts = sizes[:, :80].copy(), sizes[:, 80:].copy()
        counts = sum(count_maxima(part, observed, order, no_maxima(part.shape[1])) for part in parts)
        np.testing.assert_allclose(adjusted_p_values(counts, order), slowly(observed, sizes), rtol=1e-12)


def test_what_is_not_in_the_family_has_no_p():
    estimates, sizes = family(0)
    observed, sizes = np.abs(estimates), np.abs(sizes - estimates[:, None])
    some = np.array([4, 0, 3])
    order = some[deciding_order(observed[some])]
    p_values = adjusted_p_values(count_maxima(sizes, observed, order, no_maxima(199)), order)
    np.testing.assert_allclose(p_values[some], slowly(observed[some], sizes[some]), rtol=1e-12)
    assert np.isnan(p_values[[1, 2, 5]]).all()


@pytest.mark.parametrize(("method", "n_clusters"), [("percentile", 8), ("bca", 8), ("expanded", 8), ("expanded", 400)])
def test_max_t_is_the_step_down_of_studentised_and_stretched_deviations(method, n_clusters):
    moved = 0
    for seed in range(8):
        estimates, drawn = family(seed)
        estimates[1] = np.nan
        drawn[2] = estimates[2]
        drawn[3, :120] = np.nan
        tested = [0, 4, 5]
        found = max_t(estimates, drawn.__getitem__, plan_of(199, method), n_clusters)
        error = np.nanstd(drawn[tested], axis=1, ddof=1)
        sizes = np.abs(drawn[tested] - estimates[tested, None]) / error[:, None]
        observed = np.abs(estimates[tested]) / error
        plain = slowly(observed, sizes)
        if method == "expanded":
            sizes = stretched(sizes, n_clusters)
        expected = slowly(observed, sizes)
        moved += not np.array_equal(plain, expected)
        np.testing.assert_allclose(found.p_adjusted[tested], expected, rtol=1e-12)
        np.testing.assert_allclose(found.error[tested], error, rtol=1e-12)
        assert np.isnan(found.p_adjusted[1:4]).all()
        assert np.isnan(found.error[1:4]).all()
        maxima = np.fmax.reduce(sizes)
        maxima = np.sort(maxima[~np.isnan(maxima)])
        assert found.critical == pytest.approx(maxima[int(np.ceil(0.95 * (len(maxima) + 1))) - 1])
    assert (moved > 0) == (method == "expanded")


def test_step_down_shows_what_simultaneous_intervals_show_and_more():
    shown, more = 0, 0
    for n_resamples in (19, 20, 99, 300):
        for level in (0.9, 0.95):
            for seed in range(6):
                estimates, drawn = family(seed, 20, n_resamples, undefined=0.0)
                plan = plan_of(n_resamples, "expanded", level)
                found = max_t(estimates, drawn.__getitem__, plan, 30)
                excluded = np.abs(estimates) > found.critical * found.error
                rejected = found.p_adjusted <= 1 - level + 1e-12
                assert not np.any(excluded & ~rejected)
                largest = np.argmax(np.abs(estimates) / found.error)
                assert excluded[largest] == rejected[largest]
                shown, more = shown + excluded.sum(), more + (rejected & ~excluded).sum()
    assert shown
    assert more


def test_one_comparison_is_its_own_interval_and_copies_change_nothing():
    rng = np.random.default_rng(2)
    drawn = rng.normal(1, 2, 999)
    found = max_t(np.array([1.0]), [drawn].__getitem__, plan_of(999), 50)
    assert found.critical * found.error[0] == pytest.approx(np.sort(np.abs(drawn - 1))[949])
    assert found.p_adjusted[0] == pytest.approx((np.sum(np.abs(drawn - 1) >= 1) + 1) / 1000)
    twice = max_t(np.array([1.0, 1.0]), [drawn, drawn].__getitem__, plan_of(999), 50)
    assert twice.critical == found.critical
    np.testing.assert_array_equal(twice.p_adjusted, found.p_adjusted[[0, 0]])
    wider = max_t(np.array([1.0, 0.0]), [drawn, rng.normal(size=999)].__getitem__, plan_of(999), 50)
    assert wider.critical > found.critical


def test_one_that_is_rarely_defined_takes_nothing_from_the_others():
    """Counted as reached, its undefined resamples would keep every p above .4."""
    drawn = np.random.default_rng(0).normal(size=(2, 999))
    drawn[1, :400] = np.nan
    drawn += np.array([[9.0], [0.5]])
    p_values = max_t(np.array([9.0, 0.5]), drawn.__getitem__, plan_of(999), 50).p_adjusted
    assert p_values[0] == 0.001
    assert 0.1 < p_values[1] < 1


def test_few_clusters_widen_p_as_they_widen_intervals():
    """A normal bootstrap distribution of one difference: Student's p, and at its resolution 1 / (n + 1)."""
    values = stats.norm.ppf((np.arange(99_999) + 0.5) / 99_999)
    t, error = 2.0, values.std(ddof=1)
    for n_clusters in (8, 20, 500):
        [p] = max_t(np.array([t]), [t + values].__getitem__, plan_of(99_999, "expanded"), n_clusters).p_adjusted
        expected = 2 * stats.t.sf(t / error * np.sqrt((n_clusters - 1) / n_clusters), n_clusters - 1)
        assert p == pytest.approx(expected, abs=1e-4)
    [p] = max_t(np.array([60.0]), [60 + values].__getitem__, plan_of(99_999, "expanded"), 8).p_adjusted
    assert p == 1e-5


def test_nothing_is_tested_with_too_few_clusters_or_nothing_to_test():
    estimates, drawn = family(0)
    few = max_t(estimates, drawn.__getitem__, plan_of(199), 5)
    assert np.isnan([*few.p_adjusted, *few.error, few.critical]).all()
    nothing = max_t(estimates, lambda _: None, plan_of(199), 50)
    assert np.isnan([*nothing.p_adjusted, nothing.critical]).all()
    assert len(max_t(np.empty(0), drawn.__getitem__, plan_of(199), 50).p_adjusted) == 0
    short = max_t(estimates, drawn[:, :18].copy().__getitem__, plan_of(18), 50)
    assert np.isnan(short.critical)
    assert np.nanmin(short.p_adjusted) > 0.05
