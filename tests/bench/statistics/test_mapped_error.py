"""Errors after a monotone cubic map: against scipy's constrained optimiser, by hand, and their intervals' coverage."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats

from bench.statistics.mapped_error import fit_monotone, mapped_errors, rating_intervals
from bench.statistics.reliability import Ratings
from bench.statistics.resampling import bootstrap_weights
from bench.statistics.types import ResamplingPlan
from tests.bench.statistics.simulate import rated_pairs

PLAN = ResamplingPlan(n_resamples=99)


def by_slsqp(x: np.ndarray, y: np.ndarray) -> float:
    """Return the least sum of squares of a cubic whose slope is not negative, by scipy's general optimiser."""
    u = 2 * (x - x.min()) / np.ptp(x) - 1
    grid = np.linspace(-1, 1, 101)
    slopes = np.stack([0 * grid, 1 + 0 * grid, 2 * grid, 3 * grid**2], axis=1)
    design = np.vander(u, 4, increasing=True)
    starts = ([y.mean(), s, 0, 0] for s in (0.1, 1.0))
    found = [
        optimize.minimize(
            lambda c: np.mean((y - design @ c) ** 2), start, method="SLSQP",
            constraints={"type": "ineq", "fun": lambda c: slopes @ c}, options={"maxiter": 500, "ftol": 1e-14},
        ).fun
        for start in starts
    ]  # fmt: skip
    return len(x) * min(found)


def curves() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(5)
    x = rng.normal(0.3, 0.2, 300)
    return {
        "rising": (x, 10 * stats.norm.cdf(x, 0.3, 0.2) + rng.normal(0, 1, 300)),
        "falling": (x, 5 - 4 * x + rng.normal(0, 1, 300)),
        "humped": (x, 5 - 40 * (x - 0.4) ** 2 + rng.normal(0, 1, 300)),
        "wave": (x, np.sin(9 * x) + rng.normal(0, 0.1, 300)),
        "saturated": (np.minimum(x, 0.3), 10 * x + rng.normal(0, 1, 300)),
        "large": (1e6 + 1e3 * x, 10 * x),
        "one outlier": (np.append(x[1:], 50.0), 10 * x),
    }


@pytest.mark.parametrize("name", curves())
def test_the_map_is_the_best_monotone_cubic(name: str) -> None:
    x, y = curves()[name]
    mapped, n_coefficients = fit_monotone(x, y)
    assert n_coefficients == 4
    values = mapped(np.sort(x))
    assert np.diff(values).min() > -1e-4 * np.ptp(y)
    ours, theirs = np.sum((y - mapped(x)) ** 2), by_slsqp(x, y)
    assert ours == pytest.approx(theirs, rel=1e-3, abs=1e-6)
    free = np.polynomial.Polynomial.fit(x, y, 3)
    if np.diff(free(np.linspace(x.min(), x.max(), 1001))).min() > 0:
        np.testing.assert_allclose(mapped(x), free(x), atol=1e-6)


@pytest.mark.parametrize(("levels", "coefficients"), [(1, 1), (2, 2), (3, 3), (4, 4)])
def test_few_different_scores_have_a_map_of_lower_order(levels: int, coefficients: int) -> None:
    x, y = np.arange(40.0) % levels, np.arange(40.0) % levels
    mapped, n = fit_monotone(x, y)
    assert n == coefficients
    np.testing.assert_allclose(mapped(x), y if levels > 1 else y.mean(), atol=1e-9)


@pytest.mark.parametrize("outlier", [-1e308, 1e308, 1e20])
def test_scores_beside_which_the_others_are_one_have_a_map(outlier: float) -> None:
    """Nearly all scores are one number beside the outlier, which takes its own rating: the rest takes the mean."""
    x, y = np.linspace(0.2, 0.8, 40), np.linspace(0, 1, 40) ** 2
    x[7] = outlier
    y[7] = 0.0 if outlier < 0 else 1.0
    mapped, n = fit_monotone(x, y)
    assert n == 2
    np.testing.assert_allclose(np.delete(mapped(x), 7), np.delete(y, 7).mean(), atol=1e-6)
    assert mapped(x)[7] == pytest.approx(y[7], abs=1e-6)


def test_the_map_does_not_depend_on_the_unit_of_the_scores() -> None:
    x, y = np.linspace(0.2, 0.8, 40), np.linspace(0, 1, 40) ** 2
    for unit in (2.0**-1000, 2.0**-30, 2.0**1023):
        np.testing.assert_allclose(fit_monotone(unit * x, y)[0](unit * x), fit_monotone(x, y)[0](x), atol=1e-9)


def test_a_score_that_falls_is_worth_the_mean_and_a_rising_curve_costs_nothing() -> None:
    data = rated_pairs(90)
    everything = {"all": np.ones(90, bool)}
    scores = {"upside down": -data.human, "cubed": 3 * np.cbrt(data.human - 0.5) + 7}
    flat, bent = mapped_errors(10 * data.human, scores, everything, data.clusters, PLAN, None)
    assert flat.rmse.estimate == pytest.approx(np.sqrt(np.sum((10 * (data.human - data.human.mean())) ** 2) / 86))
    assert bent.rmse.estimate < 0.02
    assert bent.rmse_star.note == bent.outlier_ratio.note == "the data set gives no single ratings"
    assert np.isnan(bent.rmse_star.estimate)


def ratings_of(seed: int = 0, n_pairs: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray, Ratings]:
    """Return scores, means, captions and one to four whole ratings a pair."""
    rng = np.random.default_rng(seed)
    truth, captions = rng.normal(5, 2, n_pairs), np.arange(n_pairs) // 3
    counts = rng.integers(1, 5, n_pairs)
    pair = np.repeat(np.arange(n_pairs), counts)
    score = np.clip(np.round(truth[pair] + rng.normal(0, 1.5, len(pair))), 0, 10)
    means = np.bincount(pair, score) / counts
    return truth + rng.normal(0, 2, n_pairs), means, captions, Ratings(score, pair, np.arange(len(pair)) % 7)


def test_all_three_and_their_intervals_equal_a_plain_loop() -> None:
    x, y, captions, ratings = ratings_of()
    plan = ResamplingPlan(40, ci_method="percentile", seed=3)
    [found] = mapped_errors(y, {"m": x}, {"all": np.ones(60, bool)}, captions, plan, ratings)
    mapped, _ = fit_monotone(x, y)
    groups = [ratings.score[ratings.pair == i] for i in range(60)]
    freedom = sum(len(group) - 1 for group in groups)
    variance = sum(np.sum((group - group.mean()) ** 2) for group in groups) / freedom
    half = [stats.t.ppf(0.975, freedom) * np.sqrt(variance / len(group)) for group in groups]
    error = np.abs(y - mapped(x))

    def plain(i: np.ndarray) -> list[float]:
        beyond = np.maximum(error - half, 0)[i]
        return [
            np.sqrt(np.sum(error[i] ** 2) / (len(i) - 4)), np.sqrt(np.sum(beyond**2) / (len(i) - 4)),
            np.mean(error[i] > np.array(half)[i]),
        ]  # fmt: skip

    [weights] = bootstrap_weights(3, "all", 20, 0, 40)
    drawn = np.array([plain(np.repeat(np.arange(60), column[captions])) for column in weights.T])
    values = (found.rmse, found.rmse_star, found.outlier_ratio)
    for one, point, resampled in zip(values, plain(np.arange(60)), drawn.T, strict=True):
        assert one.estimate == pytest.approx(point)
        assert (one.low, one.high) == pytest.approx(tuple(np.quantile(resampled, [0.025, 0.975])))
    assert 0 < found.rmse_star.estimate < found.rmse.estimate
    assert (found.n_pairs, found.seed, found.ci_method) == (60, 3, "percentile")


def test_single_ratings_alone_have_no_interval() -> None:
    once = Ratings(np.array([1.0, 2.0]), np.array([0, 1]), np.array([0, 1]))
    widths, reason = rating_intervals(once, 2)
    assert np.isnan(widths).all()
    assert reason == "no pair has two ratings"


def test_the_interval_of_the_rmse_covers() -> None:
    """Truth: the error of the best map on endless data, here that of a line with noise of a known variance."""
    hits = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        x, shared = rng.normal(size=180), np.repeat(rng.normal(size=60), 3)
        y = 5 + x + np.sqrt(0.5) * shared + np.sqrt(0.5) * rng.normal(size=180)
        [found] = mapped_errors(
            y, {"m": x}, {"all": np.ones(180, bool)}, np.repeat(np.arange(60), 3), ResamplingPlan(399), None
        )
        hits += found.rmse.low <= 1 <= found.rmse.high
    assert 0.91 <= hits / 300 <= 0.98
