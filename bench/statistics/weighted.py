"""The statistics of many weighted copies of one sample at a time.

A bootstrap resample, a jackknife replicate and a permutation all are the same pairs with other weights. What does not
depend on the weights (sort orders, tie groups, totals by cluster) is prepared once; `weighted_statistics` then
turns a block of weights into values. An integer weight w means that the pair occurs w times, so that the
values equal scipy's on the pairs written out. The formulas are those of `bench.statistics.agreement`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, UInt8, UInt32

from bench.statistics.agreement import STATISTICS, Statistic, WeightedSums
from bench.statistics.weighted_sums import (
    RankOrder,
    TieGroups,
    group_ends,
    pair_powers,
    rank_order,
    rank_products,
    rank_square,
    rank_squares,
    tie_powers,
    weighted_totals,
)

MAX_TREE_LEVELS = 2048
"""A Fenwick tree of this many levels and 256 lanes stays in a core's cache."""

MAX_FEW = 2**15
"""Total weights below this are counted in 16 bits, and pairs of draws in 32."""


@dataclass(frozen=True, slots=True)
class ConcordanceRun:
    """Pairs sorted by score whose concordance one Fenwick tree counts."""

    cluster: UInt32[np.ndarray, " pairs"]
    level: UInt32[np.ndarray, " pairs"]
    ends: Int[np.ndarray, " score_groups"]
    n_levels: int


@dataclass(frozen=True, slots=True)
class ScoreOrder:
    """The pairs sorted by one metric's score, then by human rating, whose levels are their places.

    Attributes:
        joint: the groups that are equal in score and rating.
        runs: what concordance is counted over; several where the ratings have many levels.
    """

    ranks: RankOrder
    joint: TieGroups
    runs: tuple[ConcordanceRun, ...]


@dataclass(frozen=True, slots=True)
class WeightedSample:
    """Everything about a sample that does not depend on the weights; ``cluster`` and ``level`` are sorted by level.

    Attributes:
        moments: totals by cluster of what the statistics sum: for each statistic its human moments, then its score
            moments metric by metric.
        n_moments: how many human and score moments each statistic has.
        n_pairs: how many pairs each cluster has.
    """

    n_clusters: int
    n_levels: int
    cluster: UInt32[np.ndarray, " pairs"]
    level: UInt32[np.ndarray, " pairs"]
    orders: tuple[ScoreOrder, ...]
    moments: Float[np.ndarray, "clusters columns"]
    n_moments: tuple[tuple[int, int], ...]
    n_pairs: Float[np.ndarray, "clusters 1"]

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
    return assemble(human, scores, dict.fromkeys(STATISTICS, scores), clusters, n_clusters)


def assemble(
    human: Float[np.ndarray, " pairs"],
    ranked: Float[np.ndarray, "metrics pairs"],
    summed: Mapping[Statistic, Float[np.ndarray, "metrics pairs"]],
    clusters: Int[np.ndarray, " pairs"],
    n_clusters: int | None = None,
) -> WeightedSample:
    """Sort once, with a version of the scores for each statistic.

    Args:
        ranked: the scores whose ranks count.
        summed: the scores that the moments of each statistic are made from.
        clusters: indices from 0.
        n_clusters: how many clusters the weights will be given for; None means up to the highest index.
    """
    values, level = np.unique(human, return_inverse=True)
    level, cluster = level.astype(np.uint32), clusters.astype(np.uint32)
    n_clusters = n_clusters or int(clusters.max()) + 1
    orders = tuple(_score_order(cluster, level, row) for row in ranked)
    moments, n_moments = _cluster_moments(human, summed, cluster, n_clusters)
    by_level = np.argsort(level, kind="stable")
    by_rating = (n_clusters, len(values), cluster[by_level], level[by_level])
    n_pairs = np.bincount(cluster, minlength=n_clusters).astype(float)[:, None]
    return WeightedSample(*by_rating, orders, moments, n_moments, n_pairs)


def weighted_statistics(
    sample: WeightedSample, weights: UInt8[np.ndarray, "clusters lanes"]
) -> Float[np.ndarray, "lanes metrics statistics"]:
    """Return the statistics, in the order of `STATISTICS`, of each lane of weights; NaN where one is undefined."""
    rank, human = _ranked(sample, weights)
    total, ranks = human[0], [order.ranks for order in sample.orders]
    scores = np.empty((len(sample.orders), 5, weights.shape[1]))
    products, powers = rank_products(ranks, weights, rank, total), pair_powers(sample.n_pairs, weights)
    for order, product, sums in zip(sample.orders, products, scores, strict=True):
        tied, cubed = tie_powers(order.ranks.ties, powers, weights)
        joint = tied if order.joint is order.ranks.ties else tie_powers(order.joint, powers, weights)[0]
        sums[0], sums[1] = product, rank_square(total, cubed)
        sums[2], sums[4] = (tied - total) / 2, (joint - total) / 2
        sums[3] = _concordant_pairs(order, weights, float(total.max(initial=0)))
    return _values(human, scores, _moments_of(sample, weights))


def _ranked(
    sample: WeightedSample, weights: UInt8[np.ndarray, "clusters lanes"]
) -> tuple[Int[np.ndarray, "levels lanes"], Float[np.ndarray, "3 lanes"]]:
    """Return the ranks of the ratings' levels, and the sums of `bench.statistics.kernels.human_sums`."""
    from bench.statistics import kernels

    rank, human = np.empty((sample.n_levels, weights.shape[1]), np.int32), np.empty((3, weights.shape[1]))
    kernels.human_sums(weights, sample.cluster, sample.level, rank, human)
    return rank, human


def _concordant_pairs(
    order: ScoreOrder, weights: UInt8[np.ndarray, "clusters lanes"], most: float
) -> Float[np.ndarray, " lanes"]:
    """Count the concordant pairs of draws; ``most`` is the largest total weight of a lane."""
    from bench.statistics import kernels

    few = most < MAX_FEW
    count = kernels.few_concordant_pairs if few else kernels.concordant_pairs
    total = np.zeros(weights.shape[1])
    found: np.ndarray = np.empty(weights.shape[1], np.int32 if few else np.float64)
    n_levels = max(run.n_levels for run in order.runs)
    tree = np.empty((n_levels + 1, weights.shape[1]), np.int16 if few else np.int32)
    for run in order.runs:
        count(weights, run.cluster, run.level, run.ends, tree[: run.n_levels + 1], found)
        total += found
    return total


def weighted_srcc(
    sample: WeightedSample, weights: UInt8[np.ndarray, "clusters lanes"]
) -> Float[np.ndarray, "lanes metrics"]:
    """Return SRCC alone, as `weighted_statistics` does, in a fraction of its time: nothing is counted for tau-b."""
    rank, human = _ranked(sample, weights)
    orders = [order.ranks for order in sample.orders]
    product = rank_products(orders, weights, rank, human[0])
    square = rank_squares(orders, sample.n_pairs, weights, human[0])
    with np.errstate(divide="ignore", invalid="ignore"):
        srcc = np.clip(product / np.sqrt(square * human[1]), -1, 1)
    return np.where((square == 0) | (human[1] == 0), np.nan, srcc).T


def _moments_of(
    sample: WeightedSample, weights: UInt8[np.ndarray, "clusters lanes"]
) -> list[tuple[Float[np.ndarray, "human_columns lanes"], Float[np.ndarray, "score_columns metrics lanes"]]]:
    """Return the weighted sums of each statistic's human and score moments."""
    totals = weighted_totals(sample.moments, weights)
    n_metrics, lanes = len(sample.orders), weights.shape[1]
    parts, first = list[tuple[np.ndarray, np.ndarray]](), 0
    for n_human, n_score in sample.n_moments:
        of_scores = totals[first + n_human : first + n_human + n_metrics * n_score]
        by_column = of_scores.reshape(n_metrics, n_score, lanes).transpose(1, 0, 2)
        parts.append((totals[first : first + n_human], by_column))
        first += n_human + n_metrics * n_score
    return parts


def _values(
    human: Float[np.ndarray, "3 lanes"],
    scores: Float[np.ndarray, "metrics 5 lanes"],
    moments: list[tuple[np.ndarray, np.ndarray]],
) -> Float[np.ndarray, "lanes metrics statistics"]:
    total, human_square, human_ties = human
    product, score_square, score_ties, concordant, joint_ties = scores.transpose(1, 0, 2)
    ranks = (total, human_square, human_ties, product, score_square, score_ties, concordant, joint_ties)
    # Ranks are integers: one variable is constant exactly where their spread is zero, however moments are rounded.
    constant = (score_square == 0) | (human_square == 0)
    values = np.empty((len(STATISTICS), *score_square.shape))
    with np.errstate(divide="ignore", invalid="ignore"):
        for s, statistic in enumerate(STATISTICS):
            values[s] = statistic.weighted(WeightedSums(*ranks, *moments[s]))
            if statistic.is_correlation:
                values[s] = np.where(constant, np.nan, np.clip(values[s], -1, 1))
    return values.transpose(2, 1, 0)


def _score_order(
    cluster: UInt32[np.ndarray, " pairs"], level: UInt32[np.ndarray, " pairs"], scores: Float[np.ndarray, " pairs"]
) -> ScoreOrder:
    ranks = rank_order(scores, cluster, level)
    joint = ranks.ties
    if len(ranks.ends) < len(scores):
        starts = np.diff(ranks.place.astype(np.int64)) != 0
        starts[ranks.ends[:-1] - 1] = True
        joint = TieGroups.of(ranks.cluster, group_ends(starts))
    return ScoreOrder(ranks, joint, tuple(_runs(ranks.cluster, ranks.place, ranks.ends)))


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
        yield ConcordanceRun(cluster[part], within[part], group_ends(np.diff(group[part]) != 0), width)


def _cluster_moments(
    human: Float[np.ndarray, " pairs"],
    summed: Mapping[Statistic, Float[np.ndarray, "metrics pairs"]],
    cluster: UInt32[np.ndarray, " pairs"],
    n_clusters: int,
) -> tuple[Float[np.ndarray, "clusters columns"], tuple[tuple[int, int], ...]]:
    """Return totals by cluster of every statistic's moments, and how many of each kind there are."""
    columns, n_moments = list[np.ndarray](), list[tuple[int, int]]()
    for statistic in STATISTICS:
        of_human = statistic.human_moments(human)
        of_scores = [statistic.score_moments(human, row) for row in summed[statistic]]
        columns += of_human + [column for of_metric in of_scores for column in of_metric]
        n_moments.append((len(of_human), len(of_scores[0]) if of_scores else 0))
    return np.stack([np.bincount(cluster, column, n_clusters) for column in columns], axis=1), tuple(n_moments)
