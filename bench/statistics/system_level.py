"""Agreement of systems' mean scores with their mean ratings, for one set of means or for thousands of resampled ones.

Conventions: ``human`` and ``scores`` are means ``[resamples, systems]``; NaN where a resample holds no clip of a
system, and then the system is left out there.

    pairwise accuracy   share of pairs of systems in one order, ties counting half (Kocmi et al. 2021)
    soft accuracy       1 - mean over pairs of systems |p_human - p_metric| (Thompson et al. 2024, eq. 3): p is the
                        confidence with which each of the two says that one system is better than the other. A metric
                        that is sure where listeners are not loses as much as one that is unsure where they are not
    SRCC, LCC, KTAU     of the means; with four or five systems they take few values

Thompson et al. take p from one-sided paired permutation tests over segments that all systems share. Systems here may
have clips of different captions, so p is the share of resamples of captions in which the order is the other way round,
a tie counting half: to first order the same number.
"""

from __future__ import annotations

from functools import cache
from itertools import combinations, permutations

import numpy as np
from jaxtyping import Float, Int

from bench.statistics.intervals import Measured
from bench.statistics.ranks import mid_ranks_by_row
from bench.statistics.resampling import generator

MIN_SYSTEMS = 3
"""Two means always correlate perfectly."""

MOST_ENUMERATED = 8
"""Systems whose orders (40,320) are all tried; of more systems so many random orders are."""

RANDOM_ORDERS = 9999
_ROUNDING = 1e-9

Means = Float[np.ndarray, "resamples systems"]


def pairwise_system_accuracy(human: Means, scores: Means) -> Float[np.ndarray, " resamples"]:
    """Return the share of pairs of systems that both means order alike, ties counting half; NaN ignores a system."""
    return mean_of_defined((_orders(human) * _orders(scores) + 1) / 2)


def chance_of_accuracy(human: Float[np.ndarray, " systems"], scores: Float[np.ndarray, " systems"], seed: int) -> float:
    """Return the probability that the scores in a random order are as accurate as they are, or more.

    Exact, over all orders, for up to `MOST_ENUMERATED` systems; of more systems (c + 1) / (n + 1) from n random orders.
    """
    n = len(human)
    exact = n <= MOST_ENUMERATED
    draw = generator(seed, "orders", "systems", n)
    orders = _all_orders(n) if exact else draw.permuted(np.tile(np.arange(n), (RANDOM_ORDERS, 1)), axis=1)
    accuracy = float(pairwise_system_accuracy(human[None], scores[None])[0])
    if np.isnan(accuracy):
        return float("nan")
    ordered = scores[orders]
    reached = pairwise_system_accuracy(np.broadcast_to(human, ordered.shape), ordered) >= accuracy - _ROUNDING
    return float(reached.mean()) if exact else float((reached.sum() + 1) / (len(orders) + 1))


def soft_pairwise_accuracy(human: Means, scores: Means) -> float:
    """Return the soft pairwise accuracy from means on the same resamples."""
    confidences = [mean_of_defined((_orders(means).T + 1) / 2) for means in (human, scores)]
    return float(1 - np.nanmean(np.abs(confidences[0] - confidences[1])))


def system_srcc(human: Means, scores: Means) -> Float[np.ndarray, " resamples"]:
    """Return Spearman's correlation of the means."""
    missing = np.isnan(human) | np.isnan(scores)
    ranks = [mid_ranks_by_row(np.where(missing, np.nan, means)) for means in (human, scores)]
    return system_lcc(*ranks)


def system_lcc(human: Means, scores: Means) -> Float[np.ndarray, " resamples"]:
    """Return Pearson's correlation of the means; NaN where one of them is constant."""
    missing = np.isnan(human) | np.isnan(scores)
    x, y = (np.where(missing, np.nan, means) for means in (human, scores))
    x, y = (np.where(missing, 0, means - mean_of_defined(means)[:, None]) for means in (x, y))
    xx, yy = (np.where(np.ptp(means, axis=1) > 0, np.sum(means**2, axis=1), 0) for means in (x, y))
    with np.errstate(invalid="ignore", divide="ignore"):
        lcc: np.ndarray = np.sum(x * y, axis=1) / np.sqrt(xx * yy)
    return np.clip(np.where((xx == 0) | (yy == 0), np.nan, lcc), -1, 1)


def system_ktau(human: Means, scores: Means) -> Float[np.ndarray, " resamples"]:
    """Return tau-b of the means; NaN where one of them is constant."""
    x, y = _orders(human), _orders(scores)
    missing = np.isnan(x) | np.isnan(y)
    x, y = np.where(missing, 0, x), np.where(missing, 0, y)
    with np.errstate(invalid="ignore", divide="ignore"):
        tau: np.ndarray = np.sum(x * y, axis=1) / np.sqrt(np.sum(x * x, axis=1) * np.sum(y * y, axis=1))
    return tau


def too_few_systems(n_systems: int) -> Measured | None:
    """Return the correlation of so few systems: undefined, with the reason; None where there are enough."""
    if n_systems >= MIN_SYSTEMS:
        return None
    return Measured(np.nan, np.nan, np.nan, f"{n_systems} systems, fewer than {MIN_SYSTEMS}")


def mean_of_defined(values: Float[np.ndarray, "*shape last"]) -> Float[np.ndarray, "*shape"]:
    """Return means over the last axis without NaN; NaN where there is nothing else."""
    defined = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        mean: np.ndarray = np.where(defined, values, 0).sum(axis=-1) / defined.sum(axis=-1)
    return mean


def _orders(means: Means) -> Float[np.ndarray, "resamples system_pairs"]:
    """Return for each pair of systems whether the first is higher: 1, 0 for a tie, -1."""
    first, second = np.array(list(combinations(range(means.shape[1]), 2))).T
    orders: np.ndarray = np.sign(means[:, first] - means[:, second])
    return orders


@cache
def _all_orders(n_systems: int) -> Int[np.ndarray, "orders systems"]:
    return np.array(list(permutations(range(n_systems))))
