"""The ordinal model: its likelihood against a plain integral, its gradient, and what it finds in simulated ratings."""

import numpy as np
import pytest
from scipy import integrate, stats

from bench.statistics import ordinal
from bench.statistics.ordinal import OrdinalModel, fit_ordinal, log_likelihood
from metrics.errors import DataError

MODEL = OrdinalModel(np.array([-1.0, -0.2, 0.9]), np.array([0.0, 0.7]), np.array([1.3, 0.6]))


def rated(model, group, n_ratings, rng):
    relevance = model.mean[group] + model.sd[group] * rng.normal(size=len(group))
    pair = np.repeat(np.arange(len(group)), n_ratings)
    level = np.searchsorted(model.thresholds, relevance[pair] + rng.normal(size=len(pair)))
    counts = np.zeros((len(group), len(model.thresholds) + 1), int)
    np.add.at(counts, (pair, level), 1)
    return counts


def by_quadrature(model, counts, group):
    """Integrate each pair's likelihood over its relevance."""
    edges = np.concatenate([[-np.inf], model.thresholds, [np.inf]])

    def likelihood(b, row, g):
        probability = np.diff(stats.norm.cdf(edges - b))
        return np.prod(probability**row) * stats.norm.pdf(b, model.mean[g], model.sd[g])

    values = [integrate.quad(likelihood, -9, 9, (row, g), epsabs=1e-13) for row, g in zip(counts, group, strict=True)]
    return sum(np.log(value) for value, _ in values)


def test_likelihood_equals_a_plain_integral():
    rng = np.random.default_rng(0)
    group = rng.integers(0, 2, 25)
    counts = rated(MODEL, group, rng.integers(1, 9, 25), rng)
    assert log_likelihood(MODEL, counts, group) == pytest.approx(by_quadrature(MODEL, counts, group), abs=1e-5)


def test_probabilities_add_up_and_keep_digits_far_out():
    found = MODEL.probabilities(np.array([-12.0, 0.0, 12.0]))
    np.testing.assert_allclose(found.sum(axis=0), 1, atol=1e-14)
    expected = stats.norm.logsf(12 - 0.9) + np.log1p(-np.exp(stats.norm.logsf(12.2) - stats.norm.logsf(11.1)))
    assert np.log(found[2, 2]) == pytest.approx(expected, rel=1e-9)
    assert found[1, 0] == pytest.approx(stats.norm.sf(11) * (1 - stats.norm.sf(11.8) / stats.norm.sf(11)), rel=0.2)


def test_gradient_equals_finite_differences():
    rng = np.random.default_rng(1)
    group = rng.integers(0, 2, 60)
    counts = rated(MODEL, group, np.full(60, 3), rng)
    parts = ordinal._patterns(counts, group)
    at = np.array([-0.8, -0.3, 0.2, 0.4, 0.1, -0.2])

    def value(parameters):
        return ordinal._log_likelihood(ordinal._unpacked(parameters, 4), parts)

    model = ordinal._unpacked(at, 4)
    found = ordinal._packed_gradient(at, model, value(at)[1])
    steps = 1e-5 * np.eye(len(at))
    expected = [(value(at + step)[0] - value(at - step)[0]) / 2e-5 for step in steps]
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


def test_finds_what_ratings_were_drawn_from_and_nothing_near_is_likelier():
    rng = np.random.default_rng(2)
    group = np.repeat([0, 1], 3000)
    counts = rated(MODEL, group, rng.integers(1, 6, 6000), rng)
    found = fit_ordinal(counts, group)
    np.testing.assert_allclose(found.thresholds, MODEL.thresholds, atol=0.1)
    np.testing.assert_allclose(found.mean, MODEL.mean, atol=0.1)
    np.testing.assert_allclose(found.sd, MODEL.sd, atol=0.08)
    best = log_likelihood(found, counts, group)
    for _ in range(20):
        near = OrdinalModel(*(v + 0.01 * rng.normal(size=v.shape) for v in (found.thresholds, found.mean, found.sd)))
        assert log_likelihood(near, counts, group) < best + 1e-3


def test_order_of_pairs_does_not_matter():
    rng = np.random.default_rng(3)
    group = rng.integers(0, 2, 200)
    counts = rated(MODEL, group, np.full(200, 3), rng)
    order = rng.permutation(200)
    one, other = fit_ordinal(counts, group), fit_ordinal(counts[order], group[order])
    for part in ("thresholds", "mean", "sd"):
        np.testing.assert_array_equal(getattr(one, part), getattr(other, part))


@pytest.mark.parametrize("counts", [np.full((5, 1), 3), np.eye(4, dtype=int)], ids=["one level", "single ratings"])
def test_what_cannot_be_fitted_is_an_error(counts):
    with pytest.raises(DataError, match="fewer than two levels, or no pair was rated twice"):
        fit_ordinal(counts, np.zeros(len(counts), int))


def test_listeners_who_agree_perfectly_leave_the_bounds_of_nothing():
    counts = 4 * np.eye(5, dtype=int)[np.arange(50) % 5]
    found = fit_ordinal(counts, np.zeros(50, int))
    assert np.isfinite(found.thresholds).all()
    assert found.sd[0] > 3
