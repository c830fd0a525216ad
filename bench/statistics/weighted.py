"""SRCC, LCC, tau-b and MSE of many weighted copies of one sample at a time.

A bootstrap resample, a jackknife replicate and a permutation all are the same pairs with other weights. What does not
depend on the weights (sort orders, tie groups, totals by cluster) is prepared once; `weighted_statistics` then
turns a block of weights into values. An integer weight w means that the pair occurs w times, so that the
values equal scipy's on the pairs written out.

Formulas, over draws (pairs counted by weight), N = sum of weights:
    srcc  sum(w a b) / sqrt(sum(w a^2) sum(w b^2)), a and b the centred mid-ranks of score and human rating
    ktau  (2 C - D0) / sqrt((T - T_score) (T - T_human)), T = N (N - 1) / 2, C the concordant pairs and
          D0 = T - T_score - T_human + T_both the pairs tied in neither
    lcc   from sums of w x, w x^2, w x y, w y, w y^2 of the standardised values
    mse   sum(w (score - human)^2) / N
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, UInt8, UInt32

_HUMAN_MOMENTS = 2  # y, y^2
_SCORE_MOMENTS = 4  # x, x^2, x y, (score - human)^2


MAX_TREE_LEVELS = 2048
"""A Fenwick tree of this many levels and 256 lanes stays in a core's cache."""


@dataclass(frozen=True, slots=True)
class ConcordanceRun:
    """Pairs sorted by score whose concordance one Fenwick tree counts."""

    cluster: UInt32[np.ndarray, " pairs"]
    level: UInt32[np.ndarray, " pairs"]
    ends: Int[np.ndarray, " score_groups"]
    n_levels: int


@dataclass(frozen=True, slots=True)
class ScoreOrder:
    """The pairs sorted by one metric's score, then by human rating.

    Attributes:
        cluster: cluster of each sorted pair.
        level: level of each sorted pair's human rating.
        ends: end of each group of equal scores.
        joint_ends: end of each group equal in score and rating; None where no two scores are equal.
        runs: what concordance is counted over; several where the ratings have many levels.
    """

    cluster: UInt32[np.ndarray, " pairs"]
    level: UInt32[np.ndarray, " pairs"]
    ends: Int[np.ndarray, " score_groups"]
    joint_ends: Int[np.ndarray, " joint_groups"] | None
    runs: tuple[ConcordanceRun, ...]


@dataclass(frozen=True, slots=True)
class WeightedSample:
    """Everything about a sample that does not depend on the weights; ``cluster`` and ``level`` are sorted by level."""

    n_clusters: int
    n_levels: int
    cluster: UInt32[np.ndarray, " pairs"]
    level: UInt32[np.ndarray, " pairs"]
    orders: tuple[ScoreOrder, ...]
    moments: Float[np.ndarray, "clusters columns"]

    def bytes_per_lane(self) -> int:
        """Memory that one resample needs while it is computed: counts, weights, ranks and tree."""
        return 2 * self.n_clusters + 4 * self.n_levels + 4 * MAX_TREE_LEVELS


def prepare(
    human: Float[np.ndarray, " pairs"],
    scores: Float[np.ndarray, "metrics pairs"],
    clusters: Int[np.ndarray, " pairs"],
    n_clusters: int | None = None,
) -> WeightedSample:
    """Prepare the metrics' scores as they are; ``clusters`` and ``n_clusters`` as in `assemble`."""
    return assemble(human, scores, scores, (scores - human) ** 2, clusters, n_clusters)


def assemble(
    human: Float[np.ndarray, " pairs"],
    ranked: Float[np.ndarray, "metrics pairs"],
    linear: Float[np.ndarray, "metrics pairs"],
    squared_errors: Float[np.ndarray, "metrics pairs"],
    clusters: Int[np.ndarray, " pairs"],
    n_clusters: int | None = None,
) -> WeightedSample:
    """Sort once, with a version of the scores for each statistic.

    Args:
        ranked: what SRCC and tau-b rank.
        linear: what LCC correlates.
        squared_errors: what MSE averages.
        clusters: indices from 0.
        n_clusters: how many clusters the weights will be given for; None means up to the highest index.
    """
    values, level = np.unique(human, return_inverse=True)
    level, cluster = level.astype(np.uint32), clusters.astype(np.uint32)
    n_clusters = n_clusters or int(clusters.max()) + 1
    orders = tuple(_score_order(cluster, level, row) for row in ranked)
    moments = _cluster_moments(human, linear, squared_errors, cluster, n_clusters)
    by_level = np.argsort(level, kind="stable")
    return WeightedSample(n_clusters, len(values), cluster[by_level], level[by_level], orders, moments)


def weighted_statistics(
    sample: WeightedSample, weights: UInt8[np.ndarray, "clusters lanes"]
) -> Float[np.ndarray, "lanes metrics 4"]:
    """Return the statistics, in the order of `STATISTICS`, of each lane of weights; NaN where one is undefined."""
    from bench.statistics import kernels

    lanes = weights.shape[1]
    rank = np.empty((sample.n_levels, lanes), np.int32)
    human = np.empty((3, lanes))
    kernels.human_sums(weights, sample.cluster, sample.level, rank, human)
    scores = np.empty((len(sample.orders), 5, lanes))
    for order, sums in zip(sample.orders, scores, strict=True):
        kernels.rank_sums(weights, order.cluster, order.level, order.ends, rank, human[0], sums[:3])
        sums[3] = _concordant_pairs(order, weights)
        if order.joint_ends is None:
            sums[4] = sums[2]
        else:
            kernels.tied_pairs(weights, order.cluster, order.joint_ends, sums[4])
    return _values(human, scores, weighted_totals(sample.moments, weights))


def _concordant_pairs(order: ScoreOrder, weights: UInt8[np.ndarray, "clusters lanes"]) -> Float[np.ndarray, " lanes"]:
    from bench.statistics import kernels

    total = np.zeros(weights.shape[1])
    found = np.empty_like(total)
    tree = np.empty((max(run.n_levels for run in order.runs) + 1, weights.shape[1]), np.int32)
    for run in order.runs:
        kernels.concordant_pairs(weights, run.cluster, run.level, run.ends, tree[: run.n_levels + 1], found)
        total += found
    return total


def weighted_totals(
    totals: Float[np.ndarray, "clusters columns"], weights: UInt8[np.ndarray, "clusters lanes"]
) -> Float[np.ndarray, "columns lanes"]:
    """Return the columns' sums over clusters, each cluster counted by its weight."""
    from bench.statistics import kernels

    sums = np.empty((totals.shape[1], weights.shape[1]))
    kernels.moment_sums(weights, np.ascontiguousarray(totals), sums)
    return sums


def _values(
    human: Float[np.ndarray, "3 lanes"],
    scores: Float[np.ndarray, "metrics 5 lanes"],
    moments: Float[np.ndarray, "columns lanes"],
) -> Float[np.ndarray, "lanes metrics 4"]:
    total, human_square, human_ties = human
    product, score_square, score_ties, concordant, tied_in_both = scores.transpose(1, 0, 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        srcc = product / np.sqrt(score_square * human_square)
        pairs = total * (total - 1) / 2
        untied = pairs - score_ties - human_ties + tied_in_both
        ktau = (2 * concordant - untied) / np.sqrt(pairs - score_ties) / np.sqrt(pairs - human_ties)
        lcc, mse = _moment_statistics(total, moments)
    # Ranks are integers: one variable is constant exactly where their spread is zero, however moments are rounded.
    constant = (score_square == 0) | (human_square == 0)
    correlations = [np.where(constant, np.nan, np.clip(value, -1, 1)) for value in (srcc, lcc, ktau)]
    values: np.ndarray = np.stack([*correlations, mse], axis=-1)
    return values.transpose(1, 0, 2)


def _moment_statistics(
    total: Float[np.ndarray, " lanes"], moments: Float[np.ndarray, "columns lanes"]
) -> tuple[Float[np.ndarray, "metrics lanes"], Float[np.ndarray, "metrics lanes"]]:
    """Return LCC and MSE."""
    y, yy = moments[:_HUMAN_MOMENTS]
    x, xx, xy, squared_error = moments[_HUMAN_MOMENTS:].reshape(-1, _SCORE_MOMENTS, len(total)).transpose(1, 0, 2)
    covariance = xy - x * y / total
    variances = (xx - x * x / total) * (yy - y * y / total)
    return covariance / np.sqrt(variances), squared_error / total


def _score_order(
    cluster: UInt32[np.ndarray, " pairs"], level: UInt32[np.ndarray, " pairs"], scores: Float[np.ndarray, " pairs"]
) -> ScoreOrder:
    order = np.lexsort((level, scores))
    new_score = np.diff(scores[order]) != 0
    ends = _group_ends(new_score)
    joint_ends = _group_ends(new_score | (np.diff(level[order].astype(np.int64)) != 0))
    tied = len(ends) < len(scores)
    runs = tuple(_runs(cluster[order], level[order], ends))
    return ScoreOrder(cluster[order], level[order], ends, joint_ends if tied else None, runs)


def _runs(
    cluster: UInt32[np.ndarray, " pairs"], level: UInt32[np.ndarray, " pairs"], ends: Int[np.ndarray, " score_groups"]
) -> Iterator[ConcordanceRun]:
    """Split many levels into about their square root of blocks, so that every tree stays in the cache.

    Pairs of draws from different blocks are counted in a first run over blocks, pairs of one block in a run of its own.
    """
    n_levels = int(level.max()) + 1
    if n_levels <= MAX_TREE_LEVELS:
        yield ConcordanceRun(cluster, level, ends, n_levels)
        return
    width = math.isqrt(n_levels) + 1
    block, within = level // np.uint32(width), level % np.uint32(width)
    yield ConcordanceRun(cluster, block, ends, int(block.max()) + 1)
    group = np.repeat(np.arange(len(ends)), np.diff(ends, prepend=0))
    order = np.argsort(block, kind="stable")
    for part in np.split(order, np.flatnonzero(np.diff(block[order])) + 1):
        yield ConcordanceRun(cluster[part], within[part], _group_ends(np.diff(group[part]) != 0), width)


def _group_ends(starts_group: np.ndarray) -> Int[np.ndarray, " groups"]:
    return np.append(np.flatnonzero(starts_group) + 1, len(starts_group) + 1)


def _cluster_moments(
    human: Float[np.ndarray, " pairs"],
    linear: Float[np.ndarray, "metrics pairs"],
    squared_errors: Float[np.ndarray, "metrics pairs"],
    cluster: UInt32[np.ndarray, " pairs"],
    n_clusters: int,
) -> Float[np.ndarray, "clusters columns"]:
    y = _standardised(human)
    columns = [y, y * y]
    for row, squared_error in zip(linear, squared_errors, strict=True):
        x = _standardised(row)
        columns += [x, x * x, x * y, squared_error]
    return np.stack([np.bincount(cluster, column, n_clusters) for column in columns], axis=1)


def _standardised(values: Float[np.ndarray, " pairs"]) -> Float[np.ndarray, " pairs"]:
    """Centre and scale: LCC does not change, and its sums lose no digits to a large mean."""
    centred: np.ndarray = values - values.mean()
    spread = float(np.abs(centred).max())
    return centred / (spread or 1.0)
