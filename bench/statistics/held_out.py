"""Every rating held out once: against the mean of the pair's other ratings, beside scores against the same means.

A pair with n ratings, two or more, gives n points (rating held out, mean of the others), each of weight 1 / n, so
that pairs count equally, as they do where metrics are correlated with mean ratings. Metrics are correlated with the
same points. Mid-ranks are those of weighted points: half the point's tie group and all the weight below it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from bench.statistics.agreement import LCC, SRCC, Statistic
from bench.statistics.reliability import Ratings
from bench.statistics.types import ResampleUnit
from bench.statistics.weighted_sums import rank_order, rank_products, rank_squares, weighted_totals

HELD_OUT_STATISTICS: tuple[Statistic, ...] = (SRCC, LCC)

_DECIMALS = 10
"""Means of others that differ by less are equal: they were added up in different orders."""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Held-out ratings of the pairs with two ratings or more.

    Attributes:
        pairs: which pairs these are, as indices into those that were given.
        own: the rating that is held out.
        others: mean of the pair's other ratings.
        share: one over the pair's number of ratings.
        pair: index into ``pairs``.
        listener: whose rating is held out.
        cluster: index, from 0 without gaps, of the unit that each pair of ``pairs`` is resampled with.
    """

    pairs: Int[np.ndarray, " pairs"]
    own: Float[np.ndarray, " ratings"]
    others: Float[np.ndarray, " ratings"]
    share: Float[np.ndarray, " ratings"]
    pair: Int[np.ndarray, " ratings"]
    listener: Int[np.ndarray, " ratings"]
    cluster: Int[np.ndarray, " pairs"]

    @property
    def n_clusters(self) -> int:
        return int(self.cluster.max()) + 1 if len(self.cluster) else 0

    @property
    def ratings(self) -> Ratings:
        """The ratings, numbered by ``pairs``."""
        return Ratings(self.own, self.pair, self.listener)


def hold_out(
    ratings: Ratings, chosen: Bool[np.ndarray, " given"], clusters: Int[np.ndarray, " given"], unit: ResampleUnit
) -> HeldOut:
    """Hold out every rating of the chosen pairs that have two or more.

    Args:
        ratings: of all pairs.
        chosen: which pairs take part.
        clusters: the caption of each pair; with unit ``pair`` each pair is a cluster of its own.
        unit: of the plan.
    """
    n_ratings = np.bincount(ratings.pair, minlength=len(chosen))
    total = np.bincount(ratings.pair, ratings.score, len(chosen))
    pairs = np.flatnonzero(chosen & (n_ratings > 1))
    place = np.full(len(chosen), -1)
    place[pairs] = np.arange(len(pairs))
    used = place[ratings.pair] >= 0
    pair, own = ratings.pair[used], ratings.score[used]
    cluster = np.arange(len(pairs)) if unit == "pair" else np.unique(clusters[pairs], return_inverse=True)[1]
    return HeldOut(
        pairs=pairs,
        own=own,
        others=np.round((total[pair] - own) / (n_ratings[pair] - 1), _DECIMALS),
        share=1 / n_ratings[pair],
        pair=place[pair],
        listener=ratings.listener[used],
        cluster=cluster,
    )


class HeldOutAgreement:
    """Agreement of the held-out ratings, and of scores, with the means of the others, on weighted clusters."""

    def __init__(self, held: HeldOut, scores: Float[np.ndarray, "metrics pairs"]) -> None:
        """Prepare what does not depend on the weights; ``scores`` has a column for each of ``held.pairs``."""
        self.n_rows, self.n_clusters, n_pairs = 1 + len(scores), held.n_clusters, len(held.pairs)
        others, other = np.unique(held.others, return_inverse=True)
        own, own_level = np.unique(held.own, return_inverse=True)
        self._shape, self._cluster = (len(own), len(others), n_pairs), held.cluster.astype(np.uint32)
        by_pair = np.argsort(held.pair, kind="stable")
        self._share = held.share[by_pair]
        self._pair, self._own, self._other = (
            index[by_pair].astype(np.uint32) for index in (held.pair, own_level, other)
        )
        place = np.arange(n_pairs, dtype=np.uint32)
        self._orders = [rank_order(row, self._cluster, place) for row in scores]
        self._n_pairs = np.bincount(held.cluster, minlength=self.n_clusters).astype(float)[:, None]
        self._moments = _moments(held, scores)

    @property
    def bytes_per_lane(self) -> int:
        """Memory that one resample needs while it is computed."""
        levels = self._shape[0] + self._shape[1]
        return 8 * (4 * levels + 2 * len(self._cluster) + 3 * self.n_clusters + 6 * self.n_rows)

    def __call__(self, weights: UInt8[np.ndarray, "clusters lanes"]) -> Float[np.ndarray, "lanes rows statistics"]:
        """Return `HELD_OUT_STATISTICS` of the listener (first) and of each metric; NaN where undefined."""
        srcc = self._srcc(weights)
        lcc = np.where(np.isnan(srcc), np.nan, self._lcc(weights))
        values: np.ndarray = np.clip(np.stack([srcc, lcc], axis=-1), -1, 1).transpose(1, 0, 2)
        return values

    def _srcc(self, weights: UInt8[np.ndarray, "clusters lanes"]) -> Float[np.ndarray, "rows lanes"]:
        from bench.statistics import kernels

        lanes, cluster = weights.shape[1], self._cluster[self._pair]
        n_own, n_others, n_pairs = self._shape
        own_count, other_count = np.empty((n_own, lanes)), np.empty((n_others, lanes))
        kernels.level_sums(weights, cluster, self._own, self._share, own_count)
        kernels.level_sums(weights, cluster, self._other, self._share, other_count)
        own_rank, other_rank = _mid_ranks(own_count), _mid_ranks(other_count)
        other_square = np.sum(other_count * other_rank**2, axis=0)
        products, squares = np.empty((self.n_rows, lanes)), np.empty((self.n_rows, lanes))
        value, points = np.empty((n_pairs, lanes)), (self._pair, self._own, self._other, self._share)
        kernels.held_out_products(weights, cluster, *points, own_rank, other_rank, value, products[0])
        squares[0] = np.sum(own_count * own_rank**2, axis=0)
        total = weighted_totals(self._n_pairs, weights)[0]
        products[1:] = rank_products(self._orders, weights, value, total)
        squares[1:] = rank_squares(self._orders, self._n_pairs, weights, total)
        with np.errstate(divide="ignore", invalid="ignore"):
            srcc: np.ndarray = products / np.sqrt(squares * other_square)
        srcc[(squares <= _nothing(total)) | (other_square <= _nothing(total))] = np.nan
        return srcc

    def _lcc(self, weights: UInt8[np.ndarray, "clusters lanes"]) -> Float[np.ndarray, "rows lanes"]:
        """Return LCC from the sums of weight, y, y^2 and, row by row, x, x^2, xy."""
        sums = weighted_totals(self._moments, weights)
        n, y, yy = sums[:3]
        x, xx, xy = sums[3:].reshape(self.n_rows, 3, -1).transpose(1, 0, 2)
        with np.errstate(divide="ignore", invalid="ignore"):
            lcc: np.ndarray = (xy - x * y / n) / np.sqrt((xx - x * x / n) * (yy - y * y / n))
        return lcc


def _nothing(total: Float[np.ndarray, " lanes"]) -> Float[np.ndarray, " lanes"]:
    """Return what a sum of squared ranks may hold by rounding alone."""
    return np.asarray(1e-9 * total)


def _mid_ranks(counts: Float[np.ndarray, "levels lanes"]) -> Float[np.ndarray, "levels lanes"]:
    """Return the mid-ranks of levels, taken from their mean."""
    below = np.cumsum(counts, axis=0)
    ranks: np.ndarray = below - counts / 2 - below[-1] / 2
    return ranks


def _moments(held: HeldOut, scores: Float[np.ndarray, "metrics pairs"]) -> Float[np.ndarray, "clusters columns"]:
    y = _centred(held.others)
    rows = [_centred(held.own), *(_centred(row[held.pair]) for row in scores)]
    columns = [np.ones_like(y), y, y * y, *(column for x in rows for column in (x, x * x, x * y))]
    by_cluster = held.cluster[held.pair]
    return np.stack([np.bincount(by_cluster, held.share * column, held.n_clusters) for column in columns], axis=1)


def _centred(values: Float[np.ndarray, " ratings"]) -> Float[np.ndarray, " ratings"]:
    centred: np.ndarray = values - values.mean()
    return centred / (float(np.abs(centred).max()) or 1.0)
