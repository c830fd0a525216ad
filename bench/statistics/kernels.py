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

    Writes ``rank[levels, lanes]``, twice the mid-rank, taken from its mean (2 r - 1 - N), and the rows of ``sums``:
    total weight N; sum of w rank^2; number of tied pairs of draws, sum of t (t - 1) / 2. As sum w (2 r - 1) is N^2, the
    middle one is sum w (2 r - 1)^2 - N^3, exactly zero if all weight is on one level.
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
    for k in range(rank.shape[0]):
        for b in range(lanes):
            rank[k, b] -= below[b]


@no_type_check
def _rank_products(weights, cluster, place, ends, value, total, product):
    """Write the sum of w rank_score value for every lane, over pairs sorted by score.

    ``ends`` closes each group of equal scores, whose mid-rank follows from the weight below it and its own; score ranks
    are taken from their mean, so ``value[places, lanes]`` need not be. Four pairs that tie with none are one step.
    """
    lanes = weights.shape[1]
    low = np.empty(lanes, np.int32)
    group = np.empty(lanes, np.int32)
    valued = np.empty(lanes, np.float64)
    for b in range(lanes):
        low[b] = -np.int32(total[b])  # twice the weight below, less the total
    product[:] = 0.0
    start, g = 0, 0
    while g < ends.shape[0]:
        if g + 3 < ends.shape[0] and ends[g + 3] == start + 4:
            w0, w1 = weights[cluster[start]], weights[cluster[start + 1]]
            w2, w3 = weights[cluster[start + 2]], weights[cluster[start + 3]]
            h0, h1 = value[place[start]], value[place[start + 1]]
            h2, h3 = value[place[start + 2]], value[place[start + 3]]
            for b in range(lanes):
                v0, v1, v2, v3 = np.int32(w0[b]), np.int32(w1[b]), np.int32(w2[b]), np.int32(w3[b])
                r0 = np.int32(low[b] + v0)
                r1 = np.int32(r0 + v0 + v1)
                r2 = np.int32(r1 + v1 + v2)
                r3 = np.int32(r2 + v2 + v3)
                low[b] = r3 + v3
                product[b] += (
                    np.float64(v0) * np.float64(r0) * np.float64(h0[b])
                    + np.float64(v1) * np.float64(r1) * np.float64(h1[b])
                ) + (
                    np.float64(v2) * np.float64(r2) * np.float64(h2[b])
                    + np.float64(v3) * np.float64(r3) * np.float64(h3[b])
                )
            start, g = start + 4, g + 4
            continue
        group[:] = 0
        valued[:] = 0.0
        for i in range(start, ends[g]):
            weight, of_pair = weights[cluster[i]], value[place[i]]
            for b in range(lanes):
                group[b] += weight[b]
                valued[b] += np.float64(weight[b]) * np.float64(of_pair[b])
        for b in range(lanes):
            product[b] += np.float64(low[b] + group[b]) * valued[b]
            low[b] += 2 * group[b]
        start, g = ends[g], g + 1


_RANKS = "void(uint8[:,::1], uint32[::1], uint32[::1], int64[::1], {}[:,::1], float64[::1], float64[::1])"
rank_products = _compiled(_RANKS.format("int32"))(_rank_products)
value_products = _compiled(_RANKS.format("float64"))(_rank_products)


@no_type_check
def _concordant_pairs(weights, cluster, level, ends, tree, concordant):
    """Count pairs of draws that score and human rating order alike, over pairs sorted by score.

    A Fenwick tree (Fenwick 1994) over the levels of the human rating, ``tree[levels + 1, lanes]`` of scratch memory,
    holds what has a lower score: O(pairs log levels). Its row 0 stays empty, so that four nodes can always be added.
    """
    lanes = weights.shape[1]
    tree[:] = 0
    concordant[:] = 0
    start = 0
    for end in ends:
        for i in range(start, end):
            weight = weights[cluster[i]]
            node = np.uint64(level[i])
            while node > 0:
                second = node & (node - np.uint64(1))
                third = second & (second - np.uint64(second > 0))
                fourth = third & (third - np.uint64(third > 0))
                t0, t1, t2, t3 = tree[node], tree[second], tree[third], tree[fourth]
                for b in range(lanes):
                    concordant[b] += weight[b] * ((t0[b] + t1[b]) + (t2[b] + t3[b]))
                node = fourth & (fourth - np.uint64(fourth > 0))
        for i in range(start, end):
            weight = weights[cluster[i]]
            node = np.uint64(level[i]) + np.uint64(1)
            while node < tree.shape[0]:
                branch = tree[node]
                for b in range(lanes):
                    branch[b] += weight[b]
                node += node & (~node + np.uint64(1))
        start = end


_CONCORDANT = "void(uint8[:,::1], uint32[::1], uint32[::1], int64[::1], {}[:,::1], {}[::1])"
concordant_pairs = _compiled(_CONCORDANT.format("int32", "float64"))(_concordant_pairs)
few_concordant_pairs = _compiled(_CONCORDANT.format("int16", "int32"))(_concordant_pairs)
"""The same in half the memory, for total weights below 2**15."""


@_compiled("void(int32[:,::1], float64[:,::1])")
@no_type_check
def _subtract(found, powers):
    """Take what was found from the powers, and begin anew."""
    for k in range(found.shape[0]):
        for b in range(found.shape[1]):
            powers[k, b] -= np.float64(found[k, b])
            found[k, b] = 0


@_compiled("void(uint8[:,::1], uint32[::1], int64[::1], float64[:,::1])")
@no_type_check
def join_powers(weights, cluster, ends, powers):
    """Turn sums over pairs of w^2 and w^3, the rows of ``powers``, into sums of t^2 and t^3 over groups of pairs.

    ``ends`` closes each group; t is the weight of one. Pairs in no group are groups by themselves.
    """
    lanes = weights.shape[1]
    group, singles = np.zeros(lanes, np.int32), np.zeros((2, lanes), np.int32)
    start, n = 0, 0
    for end in ends:
        group[:] = 0
        for i in range(start, end):
            weight = weights[cluster[i]]
            for b in range(lanes):
                single = np.int32(weight[b])
                group[b] += single
                singles[0, b] += single * single
                singles[1, b] += single * single * single
            n += 1
            if n == 64:  # cubes of 8-bit numbers, so that their sum keeps to 32 bits
                _subtract(singles, powers)
                n = 0
        for b in range(lanes):
            tied = np.float64(group[b])
            powers[0, b] += tied * tied
            powers[1, b] += tied * tied * tied
        start = end
    _subtract(singles, powers)


@_compiled("void(uint8[:,::1], uint32[::1], uint32[::1], float64[::1], float64[:,::1])")
@no_type_check
def level_sums(weights, cluster, level, share, counts):
    """Write ``counts[levels, lanes]``, the sum of w share over what is at each level."""
    counts[:] = 0.0
    for i in range(cluster.shape[0]):
        weight, count = weights[cluster[i]], counts[level[i]]
        for b in range(weight.shape[0]):
            count[b] += share[i] * np.float64(weight[b])


_POINTS = "uint32[::1], uint32[::1], uint32[::1], uint32[::1], float64[::1]"


@_compiled(f"void(uint8[:,::1], {_POINTS}, float64[:,::1], float64[:,::1], float64[:,::1], float64[::1])")
@no_type_check
def held_out_products(weights, cluster, pair, own, other, share, own_rank, other_rank, value, product):
    """Sum over points (a held-out rating and the mean of the others), each at two levels, and of a pair.

    Writes ``value[pairs, lanes]``, the sum of share other_rank over each pair's points, and ``product``, that of
    w share own_rank other_rank over all.
    """
    value[:] = 0.0
    product[:] = 0.0
    for i in range(cluster.shape[0]):
        weight, of_pair = weights[cluster[i]], value[pair[i]]
        mine, theirs = own_rank[own[i]], other_rank[other[i]]
        for b in range(weight.shape[0]):
            term = share[i] * theirs[b]
            of_pair[b] += term
            product[b] += np.float64(weight[b]) * mine[b] * term


@_compiled("void(uint8[:,::1], int64, int64, float64[:,::1])")
@no_type_check
def _raise_weights(weights, first, power, wide):
    """Write the rows of weights from ``first`` on, to the power of 1 to 3; zeros where there are no more rows."""
    wide[:] = 0.0
    for k in range(min(wide.shape[0], weights.shape[0] - first)):
        for b in range(wide.shape[1]):
            weight = np.float64(weights[first + k, b])
            wide[k, b] = weight if power == 1 else (weight * weight if power == 2 else weight * weight * weight)


@_compiled("void(uint8[:,::1], float64[:,::1], int64, float64[:,::1])")
@no_type_check
def moment_sums(weights, moments, power, sums):
    """Write ``sums[columns, lanes]``, totals of ``moments[clusters, columns]`` times weights to the power of 1 to 3.

    Plain loops, not a matrix product: a BLAS may add in another order with another number of threads. Four clusters and
    four columns at a time, so that a number that is loaded is used four times.
    """
    n_clusters, lanes, columns = weights.shape[0], weights.shape[1], moments.shape[1]
    sums[:] = 0.0
    wide = np.zeros((4, lanes))
    for first in range(0, n_clusters, 4):
        n = min(4, n_clusters - first)
        _raise_weights(weights, first, power, wide)
        one, two, three = min(1, n - 1), min(2, n - 1), min(3, n - 1)  # what does not exist has the weight 0
        q = 0
        while q + 4 <= columns:
            x, y, z, u = moments[first], moments[first + one], moments[first + two], moments[first + three]
            x0, x1, x2, x3 = x[q], x[q + 1], x[q + 2], x[q + 3]
            y0, y1, y2, y3 = y[q], y[q + 1], y[q + 2], y[q + 3]
            z0, z1, z2, z3 = z[q], z[q + 1], z[q + 2], z[q + 3]
            u0, u1, u2, u3 = u[q], u[q + 1], u[q + 2], u[q + 3]
            for b in range(lanes):
                a, c, d, e = wide[0, b], wide[1, b], wide[2, b], wide[3, b]
                sums[q, b] += (a * x0 + c * y0) + (d * z0 + e * u0)
                sums[q + 1, b] += (a * x1 + c * y1) + (d * z1 + e * u1)
                sums[q + 2, b] += (a * x2 + c * y2) + (d * z2 + e * u2)
                sums[q + 3, b] += (a * x3 + c * y3) + (d * z3 + e * u3)
            q += 4
        while q < columns:
            x0, y0, z0 = moments[first, q], moments[first + one, q], moments[first + two, q]
            u0 = moments[first + three, q]
            for b in range(lanes):
                sums[q, b] += (wide[0, b] * x0 + wide[1, b] * y0) + (wide[2, b] * z0 + wide[3, b] * u0)
            q += 1


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


@_compiled("void(float64[:,::1], int64[::1], int64[::1], float64[::1], float64[:,::1])")
@no_type_check
def sizes(sums, first, second, scale, size):
    """Write ``size[tests, lanes]``: |one row of ``sums`` less another| times scale; no other where its number is -1."""
    for t in range(size.shape[0]):
        a, row = sums[first[t]], size[t]
        if second[t] < 0:
            for b in range(row.shape[0]):
                row[b] = abs(a[b]) * scale[t]
        else:
            other = sums[second[t]]
            for b in range(row.shape[0]):
                row[b] = abs(a[b] - other[b]) * scale[t]


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
