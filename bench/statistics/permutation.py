"""Paired permutation of two metrics' scores, caption by caption.

If two metrics are equally good, which of them a caption's scores came from does not matter: each permutation
swaps the two metrics' scores on a random half of the clusters (Noreen 1989; PERM-BOTH of Deutsch, Dror & Roth 2021
with captions as inputs). Scores are first brought to a common scale that leaves the statistic as it is: mid-ranks
where ranks count, zero mean and unit variance where moments do; a statistic in units of the ratings (MSE) is compared
on the scores themselves.

The null hypothesis is exchangeability, which says more than equal correlations: it also fails if the two metrics
differ in how their errors spread over captions.

A permutation needs no sorting: both metrics' scores stand in one sample of twice the pairs, where the one mixture has
weight 1 on the scores that it took and the other has weight 1 on the rest.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, UInt8
from scipy.stats import rankdata

from bench.statistics.agreement import STATISTICS
from bench.statistics.resampling import BLOCK, generator, layout, run_blocks
from bench.statistics.sample import StratumSample
from bench.statistics.weighted import WeightedSample, assemble, weighted_statistics


def swapped_differences(
    sample: StratumSample,
    comparisons: Sequence[tuple[int, int]],
    seed: int,
    n_permutations: int,
    n_threads: int | None = None,
) -> Float[np.ndarray, "permutations comparisons statistics"]:
    """Return, for each permutation, statistic of mixture a minus statistic of mixture b for each (a, b) compared.

    Permutation r swaps the same clusters for every comparison, and depends on seed, stratum and r alone.
    """
    doubled = _doubled(sample, comparisons)
    result = np.empty((n_permutations, len(comparisons), len(STATISTICS)))
    threads, width = layout(doubled.bytes_per_lane(), n_threads)

    def compute(block: int) -> None:
        swaps = swap_bits(seed, sample.stratum, sample.n_clusters, block)[:, : n_permutations - block * BLOCK]
        for first in range(0, swaps.shape[1], width):
            swapped = np.ascontiguousarray(swaps[:, first : first + width])
            kept = 1 - swapped
            start = block * BLOCK + first
            mixture_a = weighted_statistics(doubled, np.concatenate([kept, swapped]))
            mixture_b = weighted_statistics(doubled, np.concatenate([swapped, kept]))
            result[start : start + swapped.shape[1]] = mixture_a - mixture_b

    run_blocks(compute, -(-n_permutations // BLOCK), threads)
    return result


def swap_bits(seed: int, stratum: str, n_clusters: int, block: int) -> UInt8[np.ndarray, "clusters block"]:
    """Return 1 where a permutation of the block swaps a cluster, 0 elsewhere."""
    bits = generator(seed, "permutation", stratum, block).integers(0, 2, size=(BLOCK, n_clusters), dtype=np.uint8)
    return np.ascontiguousarray(bits.T)


def permutation_p_value(observed: float, permuted: Float[np.ndarray, " permutations"]) -> float:
    """Return the two-sided p = (c + 1) / (n + 1), c permutations being at least as far from 0 as the observed value.

    The observed arrangement is one of the possible ones, hence the 1 (Phipson & Smyth 2010). A permutation on which
    the difference is undefined counts as extreme.
    """
    extreme = ~(np.abs(permuted) < abs(observed) - 1e-12)
    return float((extreme.sum() + 1) / (len(permuted) + 1))


def _doubled(sample: StratumSample, comparisons: Sequence[tuple[int, int]]) -> WeightedSample:
    ranked = np.stack([rankdata(row) for row in sample.scores])
    standardised = np.stack([_z_scores(row) for row in sample.scores])
    first, second = np.array(comparisons).T

    def stacked(form: Float[np.ndarray, "metrics pairs"]) -> Float[np.ndarray, "comparisons doubled"]:
        return np.concatenate([form[first], form[second]], axis=1)

    clusters = np.concatenate([sample.clusters, sample.clusters + sample.n_clusters])
    raw, linear = stacked(sample.scores), stacked(standardised)
    summed = {statistic: raw if statistic.in_units_of_ratings else linear for statistic in STATISTICS}
    return assemble(np.tile(sample.human, 2), stacked(ranked), summed, clusters)


def _z_scores(values: Float[np.ndarray, " pairs"]) -> Float[np.ndarray, " pairs"]:
    centred: np.ndarray = values - values.mean()
    return centred / (float(centred.std()) or 1.0)
