"""Partial rank correlation of metrics with ratings, given what sentinels predict, resampled.

With r the Pearson correlations of mid-ranks, of metric m, ratings h and sentinels S,

    r_mh.S = (r_mh - r_mS R^-1 r_Sh) / sqrt((1 - r_mS R^-1 r_Sm) (1 - r_hS R^-1 r_Sh)),

R being the correlations of the sentinels with each other (its pseudo-inverse is taken, as one may repeat another).
Sums of products of ranks are whole numbers below 2^53, so that they do not depend on the order in which they are
added up.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int, UInt8

from bench.statistics.replicates import Replicates, replicate
from bench.statistics.types import ResamplingPlan
from bench.statistics.weighted_sums import RankOrder, rank_order, rank_products, rank_squares

SINGULAR = 1e-8
"""Where less than this share of a rank variance is left, the sentinels know all of it."""

RCOND = 1e-10


class PartialRanks:
    """Partial rank correlation of every metric with the ratings, on weighted clusters."""

    def __init__(
        self,
        human: Float[np.ndarray, " pairs"],
        scores: Float[np.ndarray, "metrics pairs"],
        given: Float[np.ndarray, "sentinels pairs"],
        clusters: Int[np.ndarray, " pairs"],
    ) -> None:
        """Sort once; ``clusters`` are indices from 0."""
        self.n_metrics, self._clusters = len(scores), clusters
        cluster, place = clusters.astype(np.uint32), np.arange(len(human), dtype=np.uint32)
        self._orders = [rank_order(row, cluster, place) for row in (human, *given, *scores)]
        self._n_pairs, self._n_known = np.bincount(clusters).astype(float)[:, None], 1 + len(given)

    @property
    def bytes_per_lane(self) -> int:
        """Memory that one resample needs while it is computed."""
        return 8 * len(self._clusters) * (self._n_known + 4)

    def __call__(self, weights: UInt8[np.ndarray, "clusters lanes"]) -> Float[np.ndarray, "lanes metrics"]:
        """Return the partial correlations; NaN where one is undefined."""
        return partial_correlations(self.correlations(weights))

    def correlations(self, weights: UInt8[np.ndarray, "clusters lanes"]) -> Float[np.ndarray, "lanes rows known"]:
        """Return the correlations of mid-ranks; rows: ratings, sentinels, metrics; columns: ratings, sentinels."""
        weight = weights[self._clusters].astype(np.float64)
        total, known = weight.sum(axis=0), self._orders[: self._n_known]
        values = [_ranks(order, weight) for order in known]
        products = np.stack([rank_products(self._orders, weights, value, total) for value in values], axis=1)
        squares = rank_squares(self._orders, self._n_pairs, weights, total)
        spread = np.sqrt(squares)
        with np.errstate(divide="ignore", invalid="ignore"):
            correlations: np.ndarray = products / (spread[:, None] * spread[: len(values)])
        return correlations.transpose(2, 0, 1)


def partial_correlations(
    correlations: Float[np.ndarray, "lanes rows known"],
) -> Float[np.ndarray, "lanes metrics"]:
    """Return the partial correlations of metrics with ratings.

    Args:
        correlations: rows: ratings, sentinels, metrics; columns: ratings, sentinels.
    """
    known = correlations.shape[2]
    # A sentinel without spread on a resample explains nothing there.
    given = np.nan_to_num(correlations[:, 1:known, 1:])
    human, metrics = np.nan_to_num(correlations[:, :1, 1:]), np.nan_to_num(correlations[:, known:, 1:])
    inverse = np.linalg.pinv(given, rcond=RCOND, hermitian=True)
    explained = metrics @ inverse
    left = correlations[:, known:, 0] - np.sum(explained * human, axis=2)
    of_metric = 1 - np.sum(explained * metrics, axis=2)
    of_human = 1 - np.sum((human @ inverse) * human, axis=2)
    with np.errstate(divide="ignore", invalid="ignore"):
        partial = left / np.sqrt(of_metric * of_human)
    return np.where((of_metric > SINGULAR) & (of_human > SINGULAR), np.clip(partial, -1, 1), np.nan)


def partial_replicates(
    ranks: PartialRanks, plan: ResamplingPlan, stratum: str, n_clusters: int, n_threads: int | None = None
) -> Replicates:
    """Resample the partial correlations."""
    return replicate(ranks, (ranks.n_metrics,), plan, stratum, n_clusters, ranks.bytes_per_lane, n_threads)


def _ranks(order: RankOrder, weight: Float[np.ndarray, "pairs lanes"]) -> Float[np.ndarray, "pairs lanes"]:
    """Return twice the mid-ranks, taken from their mean."""
    below = np.cumsum(weight[order.place], axis=0)[order.ends - 1]
    before = np.concatenate([np.zeros((1, weight.shape[1])), below[:-1]])
    ranks = np.empty_like(weight)
    ranks[order.place] = np.repeat(before + below - below[-1], np.diff(order.ends, prepend=0), axis=0)
    return ranks
