"""A model of single ratings: how relevant pairs are, and how listeners turn that into a point of the scale.

A cumulative probit (graded response) model with random pairs. Pair i of group g has the true relevance
b_i ~ N(mu_g, sigma_g^2); its j-th listener perceives b_i + e_ij, e_ij ~ N(0, 1), and gives the rating k whose
thresholds hold that:

    P(y_ij <= k | b_i) = Phi(t_k - b_i),  t_1 < t_2 < …        (McKelvey & Zavoina 1975; Agresti 2010, section 5.1)

So ratings are whole steps, pile up at the ends of the scale and avoid some of its points, as real ones do. Groups
(systems, recordings) share the thresholds and differ in mean and spread. Unit and zero of the latent scale: e has unit
variance, the first group's mean is 0. Fitted by maximum marginal likelihood: b is summed out on a grid, pairs with the
same ratings are counted once, and a quasi-Newton search follows the gradient (Fisher's identity).

Listeners are not modelled: what sets them apart is part of e. Not identified where no pair has two ratings.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.special import ndtr, ndtri

from metrics.errors import DataError

GRID = np.linspace(-5, 5, 101)
"""Where a standard normal is summed out: what lies beyond is about a millionth."""

_MASS = np.exp(-(GRID**2) / 2) / np.exp(-(GRID**2) / 2).sum()
_MIN_GAP, _MAX_GAP = np.log([1e-4, 20])
_MIN_SD, _MAX_SD = np.log([0.02, 20])
_TINY = 1e-12


@dataclass(frozen=True, slots=True)
class OrdinalModel:
    """The fitted model; on the latent scale the listeners' error has unit variance.

    Attributes:
        thresholds: between neighbouring levels of the rating scale, rising.
        mean, sd: of the true relevance of each group's pairs.
    """

    thresholds: Float[np.ndarray, " levels_less_1"]
    mean: Float[np.ndarray, " groups"]
    sd: Float[np.ndarray, " groups"]

    def probabilities(self, relevance: Float[np.ndarray, " grid"]) -> Float[np.ndarray, "levels grid"]:
        """Return the probability of each level at each true relevance."""
        return _level_probabilities(self.thresholds, relevance)


def fit_ordinal(
    counts: Int[np.ndarray, "pairs levels"], group: Int[np.ndarray, " pairs"], max_iterations: int = 200
) -> OrdinalModel:
    """Fit the model by maximum marginal likelihood.

    Args:
        counts: how many listeners gave each pair each level; every level is given at least once.
        group: of each pair, 0, 1, … without gaps.

    Raises:
        DataError: no pair has two ratings, or there are fewer than two levels.
    """
    from scipy.optimize import minimize  # not at the top: half a second, and `bench --help` only wants the names

    if counts.shape[1] < 2 or not (counts.sum(axis=1) > 1).any():
        raise DataError("the ratings hold fewer than two levels, or no pair was rated twice: give single ratings")
    parts = _patterns(counts, group)
    start = _start(counts, len(parts))
    n_pairs, n_gaps = len(counts), counts.shape[1] - 2
    bounds = [(-20.0, 20.0)] + [(_MIN_GAP, _MAX_GAP)] * n_gaps
    bounds += [(-20.0, 20.0)] * (len(parts) - 1) + [(_MIN_SD, _MAX_SD)] * len(parts)

    def objective(parameters: Float[np.ndarray, " parameters"]) -> tuple[float, Float[np.ndarray, " parameters"]]:
        model = _unpacked(parameters, counts.shape[1])
        value, gradient = _log_likelihood(model, parts)
        return -value / n_pairs, -_packed_gradient(parameters, model, gradient) / n_pairs

    found = minimize(
        objective,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": max_iterations, "ftol": 1e-10, "gtol": 1e-5},
    )
    return _unpacked(found.x, counts.shape[1])


def log_likelihood(
    model: OrdinalModel, counts: Int[np.ndarray, "pairs levels"], group: Int[np.ndarray, " pairs"]
) -> float:
    """Return the marginal log-likelihood of the ratings, without the constants of their order."""
    return _log_likelihood(model, _patterns(counts, group))[0]


@dataclass(frozen=True, slots=True)
class _Patterns:
    """The distinct count rows of one group's pairs, and how many pairs have each."""

    counts: Float[np.ndarray, "patterns levels"]
    n_pairs: Float[np.ndarray, " patterns"]


@dataclass(frozen=True, slots=True)
class _Gradient:
    """Derivatives of the log-likelihood by each parameter of the model."""

    thresholds: Float[np.ndarray, " levels_less_1"]
    mean: Float[np.ndarray, " groups"]
    sd: Float[np.ndarray, " groups"]


def _patterns(counts: Int[np.ndarray, "pairs levels"], group: Int[np.ndarray, " pairs"]) -> list[_Patterns]:
    found = []
    for g in range(int(group.max()) + 1):
        rows, n_pairs = np.unique(counts[group == g], axis=0, return_counts=True)
        found.append(_Patterns(rows.astype(float), n_pairs.astype(float)))
    return found


def _start(counts: Int[np.ndarray, "pairs levels"], n_groups: int) -> Float[np.ndarray, " parameters"]:
    """Return thresholds from the shares of the levels, as if all groups were one with unit variance."""
    below = np.cumsum(counts.sum(axis=0))[:-1] / counts.sum()
    thresholds = np.sqrt(2) * ndtri(below)
    gaps = np.log(np.maximum(np.diff(thresholds), 1e-3))
    return np.concatenate([thresholds[:1], gaps, np.zeros(n_groups - 1), np.zeros(n_groups)])


def _unpacked(parameters: Float[np.ndarray, " parameters"], n_levels: int) -> OrdinalModel:
    """Return the model of: first threshold, logarithms of the gaps, means but the first, logarithms of the SDs."""
    thresholds = np.cumsum(np.concatenate([parameters[:1], np.exp(parameters[1 : n_levels - 1])]))
    rest = parameters[n_levels - 1 :]
    n_groups = (len(rest) + 1) // 2
    return OrdinalModel(thresholds, np.concatenate([[0.0], rest[: n_groups - 1]]), np.exp(rest[n_groups - 1 :]))


def _packed_gradient(
    parameters: Float[np.ndarray, " parameters"], model: OrdinalModel, gradient: _Gradient
) -> Float[np.ndarray, " parameters"]:
    """Apply the chain rule to the form that is searched: a gap moves every threshold above it."""
    from_above = np.cumsum(gradient.thresholds[::-1])[::-1]
    gaps = from_above[1:] * np.exp(parameters[1 : len(model.thresholds)])
    return np.concatenate([from_above[:1], gaps, gradient.mean[1:], gradient.sd * model.sd])


def _log_likelihood(model: OrdinalModel, parts: list[_Patterns]) -> tuple[float, _Gradient]:
    """Return the marginal log-likelihood and its gradient: that of the complete data, expected given the ratings.

    Sums are by einsum, which calls no BLAS: a BLAS may add in another order with another number of threads.
    """
    value = 0.0
    thresholds, mean, sd = np.zeros_like(model.thresholds), np.zeros_like(model.mean), np.zeros_like(model.sd)
    for g, part in enumerate(parts):
        relevance = model.mean[g] + model.sd[g] * GRID
        probability = np.maximum(model.probabilities(relevance), _TINY)
        log_joint = np.einsum("pk,kq->pq", part.counts, np.log(probability)) + np.log(_MASS)
        peak = log_joint.max(axis=1)
        joint = np.exp(log_joint - peak[:, None])
        total = joint.sum(axis=1)
        value += float(np.sum(part.n_pairs * (np.log(total) + peak)))
        posterior = joint * (part.n_pairs / total)[:, None]
        expected = np.einsum("pk,pq->kq", part.counts, posterior) / probability
        density = np.exp(-((model.thresholds[:, None] - relevance) ** 2) / 2) / np.sqrt(2 * np.pi)
        by_threshold = (expected[:-1] - expected[1:]) * density
        thresholds += by_threshold.sum(axis=1)
        by_relevance = -by_threshold.sum(axis=0)
        mean[g], sd[g] = by_relevance.sum(), np.sum(by_relevance * GRID)
    return value, _Gradient(thresholds, mean, sd)


def _level_probabilities(
    thresholds: Float[np.ndarray, " levels_less_1"], relevance: Float[np.ndarray, " grid"]
) -> Float[np.ndarray, "levels grid"]:
    below = ndtr(thresholds[:, None] - relevance)
    above = ndtr(relevance - thresholds[:, None])
    # Differences are taken in the nearer tail, where they lose no digits.
    middle = np.where(thresholds[:-1, None] < relevance, np.diff(below, axis=0), -np.diff(above, axis=0))
    return np.concatenate([below[:1], middle, above[-1:]])
