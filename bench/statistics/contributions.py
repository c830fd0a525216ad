"""What each cluster contributes to the difference between two metrics: the terms whose signs a permutation changes.

A permutation swaps the two metrics' scores on some clusters; with s_c = -1 where it does and 1 elsewhere, the statistic
of one mixture minus that of the other is

    T(s) = sum over clusters of s_c d_c,        T(1, …, 1) = the observed difference,

so that thousands of permutations are one matrix product (`bench.statistics.permutation`). That is exact, and d_c is:

    mse   the cluster's part of the two mean squared errors, a's minus b's.
    srcc, ktau   Both are sums over pairs of pairs (Daniels 1944): sum_{i<j} y_ij x_ij, x_ij the sign of a score
        difference, y_ij the difference (srcc) or its sign (ktau) of the ratings' ranks. A mixture takes x_ij from a,
        from b, or across both, compared by their ranks. All terms even in s cancel between the two mixtures, and what
        s_i is multiplied by is

            sum_j y_ij (a_i|a_j - b_i|b_j + a_i|b_j - b_i|a_j) / 2,        u|v = sgn(u - v) / norm.

        The norm of a|a is a's own, of b|b is b's, across both their geometric mean: what a metric's ties take from its
        norm goes with its scores. Without ties this is the statistic of the mixtures, ranked anew.
    lcc   the jackknife's pseudo-values of a's correlation minus those of b's, C r - (C - 1) r_(-c), moved by a constant
        so that they add up to the difference. Swapping z-scores instead assumes that both metrics' errors have one
        distribution, and rejects too often where one has heavier tails. Among sums with changing signs the p-value of
        T and that of T divided by its standard error are the same, since |t| rises with |T|: the test is a studentised
        one, as DiCiccio & Romano (2017) ask for. Not valid for scores without a fourth moment, as no test of LCC is.
    any other statistic   the jackknife's pseudo-values, from the statistic's own weighted form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
from jaxtyping import Float, Int, UInt8

from bench.statistics.agreement import KTAU, LCC, MSE, SRCC, STATISTICS, Statistic
from bench.statistics.permutation import NO_COLUMN, Terms
from bench.statistics.ranks import mid_ranks
from bench.statistics.resampling import for_each_left_out, layout, run_blocks, worth
from bench.statistics.sample import StratumSample
from bench.statistics.weighted import prepare, weighted_statistics

Comparisons = Sequence[tuple[int, int]]
"""Rows of the scores: the first minus the second."""


CLOSE = 1e-6
"""Differences below this share of the largest metric's terms are rounded by themselves, not as those of two metrics."""


def contributions(
    statistic: Statistic, sample: StratumSample, comparisons: Comparisons, n_threads: int | None = None
) -> Terms:
    """Return d_c of each comparison; the statistic must be defined for every metric compared."""
    if statistic.id in _CONTRIBUTIONS:
        return _CONTRIBUTIONS[statistic.id](sample, comparisons, n_threads)
    return _by_metric(_of_any(statistic, sample, n_threads), comparisons)


def _of_any(
    statistic: Statistic, sample: StratumSample, n_threads: int | None
) -> Float[np.ndarray, "clusters metrics"]:
    """Return pseudo-values that add up to the statistic; a cluster without which it is undefined adds nothing."""
    prepared, place = prepare(sample.human, sample.scores, sample.clusters), STATISTICS.index(statistic)
    left_out = np.empty((sample.n_clusters, len(sample.metrics)))

    def compute(weights: UInt8[np.ndarray, "clusters lanes"], rows: slice) -> None:
        left_out[rows] = weighted_statistics(prepared, weights)[:, :, place]

    for_each_left_out(compute, np.arange(sample.n_clusters), prepared.bytes_per_lane(), n_threads)
    value = weighted_statistics(prepared, np.ones((sample.n_clusters, 1), np.uint8))[0, :, place]
    left_out = np.where(np.isfinite(left_out), left_out, np.nanmean(left_out, axis=0))
    terms = (1 - sample.n_clusters) * left_out
    centred: np.ndarray = (terms - terms.mean(axis=0) + value) / sample.n_clusters
    return centred


def _of_mse(sample: StratumSample, comparisons: Comparisons, _: int | None) -> Terms:
    errors = (sample.scores - sample.human) ** 2 / sample.n_pairs
    return _by_metric(_cluster_sums(sample, errors), comparisons)


def _of_lcc(sample: StratumSample, comparisons: Comparisons, _: int | None) -> Terms:
    used = sorted({metric for pair in comparisons for metric in pair})
    found = np.zeros((sample.n_clusters, len(sample.metrics)))
    for metric in used:
        found[:, metric] = _pseudo_values(sample, _z_scores(sample.scores[metric]))
    return _by_metric(found, comparisons)


def _pseudo_values(sample: StratumSample, x: Float[np.ndarray, " pairs"]) -> Float[np.ndarray, " clusters"]:
    """Return terms by cluster that add up to the correlation of z-scores ``x`` with the ratings.

    Where the correlation is undefined without one of the clusters, its influence function takes the jackknife's place.
    """
    y = _z_scores(sample.human)
    r = float(np.mean(x * y))
    n, sx, sy, sxx, syy, sxy = _cluster_sums(sample, np.stack([np.ones_like(x), x, y, x * x, y * y, x * y])).T
    m = n.sum() - n
    with np.errstate(divide="ignore", invalid="ignore"):
        variances = (n.sum() - sxx - sx * sx / m) * (n.sum() - syy - sy * sy / m)
        left_out = (n.sum() * r - sxy - sx * sy / m) / np.sqrt(variances)
    terms = -(sample.n_clusters - 1) * left_out
    if not np.isfinite(terms).all():
        terms = sxy - r / 2 * (sxx + syy)
    centred: np.ndarray = (terms - terms.mean() + r) / sample.n_clusters
    return centred


def _of_srcc(sample: StratumSample, comparisons: Comparisons, n_threads: int | None) -> Terms:
    human, ranks = _centred_ranks(sample.human), [_centred_ranks(row) for row in sample.scores]
    in_order = [np.sort(row) for row in ranks]
    sums = [np.append(0, np.cumsum(human[np.argsort(row, kind="stable")])) for row in ranks]

    def balance(a: int, b: int) -> Int[np.ndarray, " pairs"]:
        low, high = (np.searchsorted(in_order[b], ranks[a], side) for side in ("left", "right"))
        found: np.ndarray = human * (low + high - len(human)) - (sums[b][low] + sums[b][high])
        return found

    spread = np.array([np.sqrt(float(np.sum(human**2)) * float(np.sum(row**2))) for row in ranks])
    return _across(sample, comparisons, balance, spread, n_threads)


def _of_ktau(sample: StratumSample, comparisons: Comparisons, n_threads: int | None) -> Terms:
    from bench.statistics import kernels

    values, level = np.unique(sample.human, return_inverse=True)
    level = level.astype(np.uint32)
    ranks = [_centred_ranks(row) for row in sample.scores]
    orders = [np.argsort(row, kind="stable") for row in ranks]

    def balance(a: int, b: int) -> Int[np.ndarray, " pairs"]:
        tree, found = np.empty(len(values) + 1, np.int64), np.empty(sample.n_pairs, np.int64)
        kernels.signed_concordance(ranks[a], orders[a], ranks[b], orders[b], level, tree, found)
        return found

    untied = np.array([_untied_pairs(row) for row in ranks])
    return _across(sample, comparisons, balance, np.sqrt(untied) * np.sqrt(_untied_pairs(sample.human)), n_threads)


_CONTRIBUTIONS: Mapping[str, Callable[[StratumSample, Comparisons, int | None], Terms]] = MappingProxyType(
    {SRCC.id: _of_srcc, LCC.id: _of_lcc, KTAU.id: _of_ktau, MSE.id: _of_mse}
)


def _across(
    sample: StratumSample,
    comparisons: Comparisons,
    balance: Callable[[int, int], Int[np.ndarray, " pairs"]],
    norm: Float[np.ndarray, " metrics"],
    n_threads: int | None,
) -> Terms:
    """Return d_c from ``balance(a, b)``, the sum over j of y_ij sgn(a_i - b_j) for each pair i."""
    own = {m: balance(m, m) / norm[m] for m in {metric for pair in comparisons for metric in pair}}
    terms = np.empty((sample.n_clusters, len(comparisons)))

    def compute(c: int) -> None:
        a, b = comparisons[c]
        row = (own[a] - own[b] + (balance(a, b) - balance(b, a)) / np.sqrt(norm[a] * norm[b])) / 2
        terms[:, c] = np.bincount(sample.clusters, row, sample.n_clusters)

    threads, _ = layout(64 * sample.n_pairs, n_threads)
    run_blocks(compute, len(comparisons), worth(threads, sample.n_pairs * len(comparisons)))
    return Terms.of(terms)


def _by_metric(terms: Float[np.ndarray, "clusters metrics"], comparisons: Comparisons) -> Terms:
    first, second = np.array(comparisons).T.copy()
    difference, size = terms[:, first] - terms[:, second], np.abs(terms).sum(axis=0)
    close = np.flatnonzero(np.abs(difference).sum(axis=0) < CLOSE * size.max())
    n_metrics = terms.shape[1]
    first[close], second[close] = n_metrics + np.arange(len(close)), NO_COLUMN
    unit = np.concatenate([np.zeros(n_metrics, int), 1 + np.arange(len(close))])
    return Terms(np.concatenate([terms, difference[:, close]], axis=1), unit, first, second)


def _cluster_sums(sample: StratumSample, rows: Float[np.ndarray, "rows pairs"]) -> Float[np.ndarray, "clusters rows"]:
    return np.stack([np.bincount(sample.clusters, row, sample.n_clusters) for row in rows], axis=1)


def _centred_ranks(values: Float[np.ndarray, " pairs"]) -> Int[np.ndarray, " pairs"]:
    """Return twice the mid-rank less n + 1, an integer: the sum over j of sgn(value_i - value_j)."""
    ranks: np.ndarray = np.rint(2 * mid_ranks(values)).astype(np.int64) - (len(values) + 1)
    return ranks


def _untied_pairs(values: np.ndarray) -> float:
    n, counts = len(values), np.unique(values, return_counts=True)[1]
    return n * (n - 1) / 2 - float(np.sum(counts * (counts - 1.0))) / 2


def _z_scores(values: Float[np.ndarray, " pairs"]) -> Float[np.ndarray, " pairs"]:
    centred: np.ndarray = values - values.mean()
    return centred / (float(centred.std()) or 1.0)
