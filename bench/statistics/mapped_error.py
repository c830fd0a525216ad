"""Prediction error on the rating scale after a monotone map of the third order (ITU-T P.1401, 01/2020).

Conventions: scores x, mean ratings y on the data set's own scale, N pairs, d free coefficients of the map (4).

    map             cubic polynomial of x that does not fall between the lowest and the highest score, by least squares
                    on the pairs that it is judged on (clause 7.3.2)
    RMSE            sqrt(sum (y - map(x))^2 / (N - d))                                       (7.5.1)
    RMSE*           the same with max(0, |y - map(x)| - ci_i) for each error                 (7.7)
    outlier ratio   share of pairs with |y - map(x)| > ci_i                                  (7.5.2.2)

ci_i is half the 95 % confidence interval of pair i's mean rating. The recommendation has dozens of listeners a sample
and takes their standard deviation from that sample; two or three say nothing about it and one has none, so ci_i =
t sqrt(MSW / n_i) here, with one within-pair variance MSW for all pairs, and t of its degrees of freedom.

Intervals hold map and ci_i fixed. Not comparable between data sets with other numbers of listeners, but for RMSE.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Float, Int
from scipy.optimize import nnls
from scipy.special import stdtrit

from bench.statistics.intervals import Measured
from bench.statistics.reliability import Ratings
from bench.statistics.replicates import Replicates, replicate_sums
from bench.statistics.sample import Scores, Strata, StratumSample, split_strata
from bench.statistics.types import Resampled, ResamplingPlan

ORDER = 3
MAX_CONDITION = 1e10
"""Of the powers of scores: beyond it their coefficients are mostly rounding."""

CONFIDENCE = 0.95
"""Of the ratings' own intervals, whatever the level of the others: the recommendation's."""

_SLOPES = np.linspace(-1, 1, 201)
"""Where the slope is held at or above 0, on scores stretched to [-1, 1]."""


@dataclass(frozen=True, slots=True)
class MappedError(Resampled):
    """How far mapped scores lie from mean ratings, in units of the rating scale.

    Attributes:
        rmse: root mean squared error (clause 7.5.1 of the recommendation).
        rmse_star: the same, counting only what leaves the ratings' own confidence intervals (7.7).
        outlier_ratio: share of pairs that leave them (7.5.2.2); like ``rmse_star`` NaN without single ratings.
    """

    metric: str
    stratum: str
    n_pairs: int
    rmse: Measured
    rmse_star: Measured
    outlier_ratio: Measured
    note: str = ""


def mapped_errors(
    human: Float[np.ndarray, " pairs"],
    scores: Scores,
    strata: Strata,
    captions: Int[np.ndarray, " pairs"],
    plan: ResamplingPlan,
    ratings: Ratings | None,
    n_threads: int | None = None,
) -> list[MappedError]:
    """Return each metric's error on each stratum that can be resampled.

    Args:
        human: mean ratings on the data set's scale.
        captions: of each pair; resampled if the plan's unit says so.
        ratings: the single ratings behind ``human``, on the same scale; None leaves RMSE* and outlier ratio NaN.
    """
    half_widths, reason = rating_intervals(ratings, len(human))
    return [
        record
        for sample in split_strata(human, scores, strata, captions, plan.unit)
        if sample.can_be_resampled
        for record in _errors(sample, half_widths[strata[sample.stratum]], reason, plan, n_threads)
    ]


def rating_intervals(ratings: Ratings | None, n_pairs: int) -> tuple[Float[np.ndarray, " pairs"], str]:
    """Return half the confidence interval of each pair's mean rating, or NaN and the reason."""
    unknown = np.full(n_pairs, np.nan)
    if ratings is None:
        return unknown, "the data set gives no single ratings"
    count = np.bincount(ratings.pair, minlength=n_pairs)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = np.bincount(ratings.pair, ratings.score, n_pairs) / count
        within = float(np.sum((ratings.score - means[ratings.pair]) ** 2))
        freedom = len(ratings.score) - int((count > 0).sum())
        if freedom < 1:
            return unknown, "no pair has two ratings"
        t = float(stdtrit(freedom, (1 + CONFIDENCE) / 2))
        return t * np.sqrt(within / freedom / count), ""


def fit_monotone(
    scores: Float[np.ndarray, " pairs"], ratings: Float[np.ndarray, " pairs"]
) -> tuple[Callable[[np.ndarray], np.ndarray], int]:
    """Return the least-squares cubic that does not fall over the range of the scores, and its number of coefficients.

    Constrained least squares as a problem of least distance, solved by non-negative least squares (Lawson & Hanson
    1974, chapter 23); the slope is held at 201 points. The order is lower with fewer than four different scores, or
    where all but a few are so close together, beside these, that its coefficients cannot be told apart.
    """
    low, high = float(scores.min()), float(scores.max())
    if low == high:
        mean = ratings.mean()
        return lambda new: np.full(len(new), mean), 1
    _, exponent = np.frexp(max(abs(low), abs(high)))
    low, high = float(np.ldexp(low, -exponent)), float(np.ldexp(high, -exponent))

    def stretched(new: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
        return (2 * np.ldexp(new, -exponent) - low - high) / (high - low)

    def powers(new: Float[np.ndarray, " n"]) -> Float[np.ndarray, "n coefficients"]:
        return np.vander(stretched(new), order + 1, increasing=True)

    order = min(ORDER, len(np.unique(stretched(scores))) - 1)
    while order > 1 and np.linalg.cond(powers(scores)) > MAX_CONDITION:
        order -= 1
    basis, triangle = np.linalg.qr(powers(scores))
    free = np.linalg.solve(triangle, basis.T @ ratings)
    slopes = np.stack([k * _SLOPES ** max(k - 1, 0) for k in range(order + 1)], axis=1)
    constraint = np.linalg.solve(triangle.T, slopes.T).T  # of z = triangle (coefficients - free)
    shift = _least_distance(constraint, -slopes @ free)
    coefficients = free + np.linalg.solve(triangle, shift)
    return lambda new: powers(new) @ coefficients, order + 1


def _least_distance(
    constraint: Float[np.ndarray, "constraints unknowns"], bound: Float[np.ndarray, " constraints"]
) -> Float[np.ndarray, " unknowns"]:
    """Return the shortest z with constraint @ z >= bound (Lawson & Hanson 1974, algorithm LDP)."""
    if (bound <= 0).all():
        return np.zeros(constraint.shape[1])
    scale = float(np.abs(bound).max())  # of z: the solution is proportional to it
    extended = np.vstack([constraint.T, bound / scale])
    target = np.append(np.zeros(constraint.shape[1]), 1.0)
    residual = extended @ nnls(extended, target)[0] - target
    shortest: np.ndarray = -scale * residual[:-1] / residual[-1]
    return shortest


def _errors(
    sample: StratumSample,
    half_widths: Float[np.ndarray, " pairs"],
    reason: str,
    plan: ResamplingPlan,
    n_threads: int | None,
) -> Iterator[MappedError]:
    """Yield the records of one stratum; all metrics on the same resamples."""
    rows, n_coefficients = [np.ones(sample.n_pairs)], []
    for scores in sample.scores:
        mapped, coefficients = fit_monotone(scores, sample.human)
        error = np.abs(sample.human - mapped(scores))
        beyond = np.maximum(error - np.nan_to_num(half_widths), 0)
        rows += [error**2, beyond**2, (beyond > 0).astype(float)]
        n_coefficients.append(coefficients)
    totals = np.stack([np.bincount(sample.clusters, row) for row in rows], axis=1)
    drawn = replicate_sums(totals, plan, sample.stratum, n_threads)
    for m, coefficients in enumerate(n_coefficients):
        columns = [0, *range(3 * m + 1, 3 * m + 4)]
        quantities = partial(_quantities, columns=columns, n_coefficients=coefficients)
        point = quantities(totals.sum(axis=0)[None])[0]
        yield _error(sample, m, point, drawn.map(quantities), reason, plan)


def _quantities(
    sums: Float[np.ndarray, "replicates columns"], columns: list[int], n_coefficients: int
) -> Float[np.ndarray, "replicates 3"]:
    """Return RMSE, RMSE* and outlier ratio from the sums of 1, errors squared, the same beyond ci, and outliers."""
    total, squared, beyond, outliers = sums[:, columns].T
    freedom = np.where(total > n_coefficients, total - n_coefficients, np.nan)
    return np.stack([np.sqrt(squared / freedom), np.sqrt(beyond / freedom), outliers / total], axis=1)


def _error(
    sample: StratumSample,
    m: int,
    point: Float[np.ndarray, " 3"],
    drawn: Replicates,
    reason: str,
    plan: ResamplingPlan,
) -> MappedError:
    few = f"{sample.n_pairs} pairs, not more than the map has coefficients" if np.isnan(point[0]) else ""
    found = [drawn[k].measured(float(value), plan, sample.n_clusters) for k, value in enumerate(point)]
    rmse, rmse_star, outlier_ratio = (
        Measured(np.nan, np.nan, np.nan, why) if (why := few or missing) else one
        for one, missing in zip(found, ("", reason, reason), strict=True)
    )
    return MappedError(
        metric=sample.metrics[m],
        stratum=sample.stratum,
        n_pairs=sample.n_pairs,
        rmse=rmse,
        rmse_star=rmse_star,
        outlier_ratio=outlier_ratio,
        **plan.as_fields(),
    )
