"""Compiled sums behind the resampled statistics: one pass over sorted pairs for a whole block of resamples.

A resample is a set of weights: how often each cluster (a caption, or a single pair) was drawn. All arrays of
weights are uint8 ``[clusters, lanes]``: the resamples of a block lie side by side (*lanes*), so that the index work
of sorting, tie groups and tree walks is paid once a block and the arithmetic runs over contiguous memory. A byte is
enough: that a cluster is drawn 256 times has a probability below 1e-500.

Conventions: ``cluster[i]`` and ``level[i]`` are uint32 indices (unsigned, so that numba leaves out its test for
negative indices) of the i-th pair; a level is the rank, from 0, of a human score among the distinct human scores.
No lane ever looks at another, so a resample's sums are the same numbers for any width of the block. Mid-ranks r are
held as ``2 r - 1``, an integer (twice the weight below, plus the weight of the tie), whose mean is the total weight N:
int32 holds them up to N = 2**30.

The functions are compiled when this module is imported, or loaded from numba's cache on disk. ``no_type_check``
keeps the test suite's shape checks from wrapping what numba must compile.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, no_type_check

import numba
import numpy as np

_Function = TypeVar("_Function", bound=Callable[..., Any])


def _compiled(signature: str) -> Callable[[_Function], _Function]:
    """Compile for one signature, without the GIL; cached on disk where numba finds a folder that it may write."""

    def compile_function(function: _Function) -> _Function:
        try:
            compiled = numba.njit(signature, nogil=True, cache=True)(function)
        except RuntimeError as error:  # neither the package's folder nor the user's cache folder is writable
            if "cannot cache" not in str(error):
                raise
            compiled = numba.njit(signature, nogil=True)(function)
        return compiled  # type: ignore[no-any-return]

    return compile_function


@_compiled("void(uint32[:,::1], uint8[:,::1])")
@no_type_check
def count_draws(draws, counts):
    """Fill ``counts[lanes, clusters]`` with how often each cluster occurs in each row of ``draws[lanes, draws]``."""
    counts[:] = 0
    for lane in range(draws.shape[0]):
        row = counts[lane]
        for j in range(draws.shape[1]):
            row[draws[lane, j]] += 1


@_compiled("void(uint8[:,::1], uint8[:,::1])")
@no_type_check
def transpose(counts, weights):
    """Write ``counts[lanes, clusters]`` as ``weights[clusters, lanes]``, tile by tile to keep to the cache."""
    for first in range(0, weights.shape[0], 64):
        for lane in range(counts.shape[0]):
            for c in range(first, min(first + 64, weights.shape[0])):
                weights[c, lane] = counts[lane, c]


@_compiled("void(uint8[:,::1], uint32[::1], uint32[::1], int32[:,::1], float64[:,::1])")
@no_type_check
def human_sums(weights, cluster, level, rank, sums):
    """Rank the human scores of every lane; ``cluster`` and ``level`` may be in any order, sorted by level is fastest.

    Writes ``rank[levels, lanes]``, twice the mid-rank less 1, and the rows of ``sums``: total weight N; sum of
    w (rank - N)^2; number of tied pairs of draws, sum of t (t - 1) / 2. As sum w rank is N^2, the middle one is
    sum w rank^2 - N^3, exactly zero if all weight is on one level.
    """
    lanes = weights.shape[1]
    rank[:] = 0
    sums[:] = 0.0
    below = np.zeros(lanes, np.int32)
    for i in range(cluster.shape[0]):
        weight = weights[cluster[i]]
        count = rank[level[i]]
        for b in range(lanes):
            count[b] += weight[b]
    for k in range(rank.shape[0]):
        for b in range(lanes):
            count = rank[k, b]
            rank[k, b] = 2 * below[b] + count
            below[b] += count
            squared_rank = np.float64(rank[k, b]) * np.float64(rank[k, b])
            sums[1, b] += np.float64(count) * squared_rank
            sums[2, b] += np.float64(count) * (np.float64(count) - 1.0) * 0.5
    for b in range(lanes):
        total = np.float64(below[b])
        sums[0, b] = total
        sums[1, b] -= total * (total * total)


@_compiled("void(uint8[:,::1], uint32[::1], uint32[::1], int64[::1], int32[:,::1], float64[::1], float64[:,::1])")
@no_type_check
def rank_sums(weights, cluster, level, ends, human_rank, total, sums):
    """Accumulate what SRCC needs, over pairs sorted by score; ``ends`` closes each group of equal scores.

    Writes the rows of ``sums``: sum of w rank_score rank_human and sum of w rank_score^2, ranks taken from their mean;
    number of pairs of draws tied in the score. A group's mid-rank follows from the weight below it and its own.
    """
    lanes = weights.shape[1]
    product, square, ties = sums[0], sums[1], sums[2]
    below = np.zeros(lanes, np.int32)
    group = np.zeros(lanes, np.int32)
    human = np.zeros(lanes, np.float64)
    sums[:] = 0.0
    start = 0
    for end in ends:
        group[:] = 0
        human[:] = 0.0
        for i in range(start, end):
            weight = weights[cluster[i]]
            rank = human_rank[level[i]]
            for b in range(lanes):
                group[b] += weight[b]
                human[b] += np.float64(weight[b]) * (np.float64(rank[b]) - total[b])
        for b in range(lanes):
            tied = np.float64(group[b])
            score_rank = np.float64(2 * below[b] + group[b]) - total[b]
            product[b] += score_rank * human[b]
            square[b] += tied * score_rank * score_rank
            ties[b] += tied * (tied - 1.0) * 0.5
            below[b] += group[b]
        start = end


@_compiled("void(uint8[:,::1], uint32[::1], uint32[::1], int64[::1], float64[:,::1], float64[::1], float64[:,::1])")
@no_type_check
def rank_value_sums(weights, cluster, place, ends, value, total, sums):
    """Accumulate as `rank_sums` does, with any ``value[places, lanes]`` in place of the human rank.

    Writes the rows of ``sums``: sum of w rank_score value and sum of w rank_score^2, ranks taken from their mean.
    """
    lanes = weights.shape[1]
    below = np.zeros(lanes, np.int32)
    group = np.zeros(lanes, np.int32)
    valued = np.zeros(lanes, np.float64)
    sums[:] = 0.0
    start = 0
    for end in ends:
        group[:] = 0
        valued[:] = 0.0
        for i in range(start, end):
            weight = weights[cluster[i]]
            row = value[place[i]]
            for b in range(lanes):
                group[b] += weight[b]
                valued[b] += np.float64(weight[b]) * row[b]
        for b in range(lanes):
            score_rank = np.float64(2 * below[b] + group[b]) - total[b]
            sums[0, b] += score_rank * valued[b]
            sums[1, b] += np.float64(group[b]) * score_rank * score_rank
            below[b] += group[b]
        start = end


@_compiled("void(int32[:,::1], uint32, uint8[::1])")
@no_type_check
def tree_add(tree, level, weight):
    """Add ``weight[lanes]`` at a level of the Fenwick tree."""
    node = np.uint64(level) + np.uint64(1)
    while node < tree.shape[0]:
        branch = tree[node]
        for b in range(weight.shape[0]):
            branch[b] += weight[b]
        node += node & (~node + np.uint64(1))


@_compiled("void(int32[:,::1], uint32, int32[::1])")
@no_type_check
def tree_below(tree, level, below):
    """Write the weight that the Fenwick tree holds at all lower levels."""
    below[:] = 0
    node = np.uint64(level)
    while node > 0:
        branch = tree[node]
        for b in range(below.shape[0]):
            below[b] += branch[b]
        node &= node - np.uint64(1)


@_compiled("void(uint8[:,::1], uint32[::1], uint32[::1], int64[::1], int32[:,::1], float64[::1])")
@no_type_check
def concordant_pairs(weights, cluster, level, ends, tree, concordant):
    """Count pairs of draws that score and human rating order alike, over pairs sorted by score.

    A Fenwick tree (Fenwick 1994) over the levels of the human rating, ``tree[levels + 1, lanes]`` of scratch memory,
    holds what has a lower score: O(pairs log levels).
    """
    lanes = weights.shape[1]
    below = np.zeros(lanes, np.int32)
    tree[:] = 0
    concordant[:] = 0.0
    start = 0
    for end in ends:
        for i in range(start, end):
            weight = weights[cluster[i]]
            tree_below(tree, level[i], below)
            for b in range(lanes):
                concordant[b] += np.float64(weight[b]) * np.float64(below[b])
        for i in range(start, end):
            tree_add(tree, level[i], weights[cluster[i]])
        start = end


@_compiled("void(uint8[:,::1], uint32[::1], int64[::1], float64[::1])")
@no_type_check
def tied_pairs(weights, cluster, ends, sums):
    """Write the number of pairs of draws within the groups that ``ends`` closes: sum of t (t - 1) / 2."""
    lanes = weights.shape[1]
    group = np.zeros(lanes, np.int32)
    sums[:] = 0.0
    start = 0
    for end in ends:
        group[:] = 0
        for i in range(start, end):
            for b in range(lanes):
                group[b] += weights[cluster[i], b]
        for b in range(lanes):
            tied = np.float64(group[b])
            sums[b] += tied * (tied - 1.0) * 0.5
        start = end


@_compiled("void(uint8[:,::1], float64[:,::1], float64[:,::1])")
@no_type_check
def moment_sums(weights, moments, sums):
    """Write ``sums[columns, lanes]``, the weighted totals of ``moments[clusters, columns]``.

    A plain loop, not a matrix product: a BLAS may add in another order with another number of threads.
    """
    sums[:] = 0.0
    for c in range(weights.shape[0]):
        for q in range(moments.shape[1]):
            for b in range(weights.shape[1]):
                sums[q, b] += np.float64(weights[c, b]) * moments[c, q]


@_compiled("void(float64[:,::1], float64[::1], int64[::1], float64[::1], int64[:,::1])")
@no_type_check
def step_down(sizes, observed, order, largest, counts):
    """Raise ``largest[draws]`` by one row of ``sizes[comparisons, draws]`` after the other, in the order given.

    Adds to ``counts[0, k]`` the draws on which the maxima reach ``observed[k]`` once row k is among them, and to
    ``counts[1, k]`` those on which there is a maximum at all, 0 or more: NaN raises none.
    """
    for k in order:
        size, threshold = sizes[k], observed[k]
        reached, defined = np.int64(0), np.int64(0)
        for r in range(largest.shape[0]):
            maximum = largest[r]
            if size[r] > maximum:
                maximum = size[r]
            largest[r] = maximum
            reached += maximum >= threshold
            defined += maximum >= 0.0
        counts[0, k] += reached
        counts[1, k] += defined


@_compiled("void(float64[::1], float64[::1], float64, float64, float64[::1])")
@no_type_check
def raise_by_difference(first, second, delta, error, largest):
    """Raise ``largest`` to |first - second - delta| / error, draw by draw; NaN raises nothing."""
    for r in range(largest.shape[0]):
        size = abs(first[r] - second[r] - delta) / error
        if size > largest[r]:
            largest[r] = size


@_compiled("Tuple((int64, float64))(float64[::1], float64[::1])")
@no_type_check
def spread_of_difference(first, second):
    """Return how many of ``first - second`` are no NaN, and their standard deviation; NaN of fewer than two."""
    n, total = 0, 0.0
    for r in range(first.shape[0]):
        value = first[r] - second[r]
        if value == value:
            n += 1
            total += value
    if n < 2:
        return n, np.nan
    mean, squares = total / n, 0.0
    for r in range(first.shape[0]):
        value = first[r] - second[r] - mean
        if value == value:
            squares += value * value
    return n, np.sqrt(squares / (n - 1))


@_compiled("void(int64[::1], uint32)")
@no_type_check
def _add_one(tree, level):
    node = np.int64(level) + 1
    while node < tree.shape[0]:
        tree[node] += 1
        node += node & -node


@_compiled("int64(int64[::1], uint32, int64)")
@no_type_check
def _sign_sum(tree, level, added):
    """Return how many of the ``added`` entries have a lower level, less how many have a higher one."""
    below = np.int64(0)
    node = np.int64(level)
    while node > 0:
        below += tree[node]
        node &= node - 1
    up_to = np.int64(0)
    node = np.int64(level) + 1
    while node > 0:
        up_to += tree[node]
        node &= node - 1
    return below + up_to - added


@_compiled("void(int64[::1], int64[::1], int64[::1], int64[::1], uint32[::1], int64[::1], int64[::1])")
@no_type_check
def signed_concordance(query, query_order, point, point_order, level, tree, balance):
    """Write, for each pair i, the sum over j of sgn(level_i - level_j) sgn(query_i - point_j).

    ``query`` and ``point`` are two scores of the same pairs on one scale, each with the order that sorts it; equal
    values count 0. ``tree[levels + 1]`` is scratch memory for a Fenwick tree over the levels: O(pairs log levels).
    """
    n = query.shape[0]
    tree[:] = 0
    added = 0
    start = 0
    while start < n:
        value = query[query_order[start]]
        end = start
        while end < n and query[query_order[end]] == value:
            balance[query_order[end]] = 0
            end += 1
        for includes_equal in range(2):
            while added < n and point[point_order[added]] < value + includes_equal:
                _add_one(tree, level[point_order[added]])
                added += 1
            for k in range(start, end):
                i = query_order[k]
                balance[i] += _sign_sum(tree, level[i], added)
        start = end
    while added < n:
        _add_one(tree, level[point_order[added]])
        added += 1
    for i in range(n):
        balance[i] -= _sign_sum(tree, level[i], n)
