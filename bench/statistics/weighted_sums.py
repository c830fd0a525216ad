"""Sums over weighted pairs: totals by cluster, and what rank correlations need of ties and order.

Conventions as in `bench.statistics.kernels`: weights are uint8 ``[clusters, lanes]``, ranks twice the mid-rank, taken
from their mean. Of a variable alone only its ties matter,

    sum of w rank^2 = (N^3 - sum t^3) / 3,        pairs of draws that tie = (sum t^2 - N) / 2        (Kendall 1945),

t the weight of each group of equal pairs. The powers of single pairs are the same for all variables: they are summed
once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, UInt8, UInt32


def weighted_totals(
    totals: Float[np.ndarray, "clusters columns"], weights: UInt8[np.ndarray, "clusters lanes"], power: int = 1
) -> Float[np.ndarray, "columns lanes"]:
    """Return the columns' sums over clusters, each cluster counted by its weight to a power of 1 to 3."""
    from bench.statistics import kernels

    sums = np.empty((totals.shape[1], weights.shape[1]))
    kernels.moment_sums(weights, np.ascontiguousarray(totals), power, sums)
    return sums


@dataclass(frozen=True, slots=True)
class TieGroups:
    """Groups of two equal pairs or more. (A pair that equals no other ties with itself where it is drawn twice.)

    Attributes:
        cluster: of each pair in these groups, group by group.
        ends: end of each group.
    """

    cluster: UInt32[np.ndarray, " tied"]
    ends: Int[np.ndarray, " groups"]

    @classmethod
    def of(cls, cluster: UInt32[np.ndarray, " pairs"], ends: Int[np.ndarray, " all_groups"]) -> TieGroups:
        """Leave out the groups of one pair."""
        size = np.diff(ends, prepend=0)
        return cls(cluster[np.repeat(size > 1, size)], np.cumsum(size[size > 1]))


@dataclass(frozen=True, slots=True)
class RankOrder:
    """The pairs sorted by one variable.

    Attributes:
        cluster: cluster of each sorted pair.
        place: where, in an array of values by place, each sorted pair finds its own.
        ends: end of each group of equal pairs; ``ties`` are the same groups.
    """

    cluster: UInt32[np.ndarray, " pairs"]
    place: UInt32[np.ndarray, " pairs"]
    ends: Int[np.ndarray, " groups"]
    ties: TieGroups


def rank_order(
    values: Float[np.ndarray, " pairs"],
    cluster: UInt32[np.ndarray, " pairs"],
    place: UInt32[np.ndarray, " pairs"],
) -> RankOrder:
    """Sort pairs by ``values``, then by place."""
    order = np.lexsort((place, values))
    ends = group_ends(np.diff(values[order]) != 0)
    return RankOrder(cluster[order], place[order], ends, TieGroups.of(cluster[order], ends))


def rank_products(
    orders: Sequence[RankOrder],
    weights: UInt8[np.ndarray, "clusters lanes"],
    values: Int[np.ndarray, "places lanes"] | Float[np.ndarray, "places lanes"],
    total: Float[np.ndarray, " lanes"],
) -> Float[np.ndarray, "orders lanes"]:
    """Return, for each order, the sum of w rank value, rank being twice the mid-rank, taken from its mean.

    Args:
        values: of the places, e.g. the ranks of another variable.
        total: sum of the pairs' weights.
    """
    from bench.statistics import kernels

    products = np.empty((len(orders), weights.shape[1]))
    multiply = kernels.rank_products if values.dtype == np.int32 else kernels.value_products
    for order, product in zip(orders, products, strict=True):
        multiply(weights, order.cluster, order.place, order.ends, values, total, product)
    return products


def pair_powers(
    n_pairs: Float[np.ndarray, "clusters 1"], weights: UInt8[np.ndarray, "clusters lanes"]
) -> Float[np.ndarray, "2 lanes"]:
    """Return the sums of w^2 and w^3 over pairs, given how many each cluster has."""
    return np.concatenate([weighted_totals(n_pairs, weights, power) for power in (2, 3)])


def tie_powers(
    ties: TieGroups, of_pairs: Float[np.ndarray, "2 lanes"], weights: UInt8[np.ndarray, "clusters lanes"]
) -> Float[np.ndarray, "2 lanes"]:
    """Return the sums of t^2 and t^3 over all groups; ``of_pairs`` as `pair_powers` returns them."""
    from bench.statistics import kernels

    powers: np.ndarray = of_pairs.copy()
    kernels.join_powers(weights, ties.cluster, ties.ends, powers)
    return powers


def rank_square(total: Float[np.ndarray, " lanes"], cubed: Float[np.ndarray, " lanes"]) -> Float[np.ndarray, " lanes"]:
    """Return the sum of w rank^2, ranks as in `rank_products`: (N^3 - sum t^3) / 3 (Kendall 1945).

    Exactly zero if all weight is in one group.
    """
    square: np.ndarray = (total * total * total - cubed) / 3
    return square


def rank_squares(
    orders: Sequence[RankOrder],
    n_pairs: Float[np.ndarray, "clusters 1"],
    weights: UInt8[np.ndarray, "clusters lanes"],
    total: Float[np.ndarray, " lanes"],
) -> Float[np.ndarray, "orders lanes"]:
    """Return the sum of w rank^2 of each order; ``n_pairs`` as in `pair_powers`."""
    powers = pair_powers(n_pairs, weights)
    squares = [rank_square(total, tie_powers(order.ties, powers, weights)[1]) for order in orders]
    return np.array(squares).reshape(len(orders), len(total))


def group_ends(starts_group: np.ndarray) -> Int[np.ndarray, " groups"]:
    """Return the end of each group, given whether each pair but the first starts one."""
    return np.append(np.flatnonzero(starts_group) + 1, len(starts_group) + 1)
