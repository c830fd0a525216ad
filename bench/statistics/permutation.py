"""Paired permutation of two metrics' scores, caption by caption, for all comparisons at once.

If two metrics are equally good, which of them a caption's scores came from does not matter: each permutation
swaps the two metrics' scores on a random half of the clusters (Noreen 1989; PERM-INPUT of Deutsch, Dror & Roth 2021,
with captions as inputs). Scores are first brought to a common scale that leaves the statistic as it is; what a cluster
then contributes to the difference changes its sign where it is swapped (`bench.statistics.contributions`).

All comparisons are permuted by the same swaps, so that their joint distribution is known: p-values are adjusted for the
largest of all |t| that no difference would bring forth (`bench.statistics.step_down`). Such a p-value can fall to
1 / (n + 1), however many comparisons there are.

The null hypothesis is exchangeability, which says more than equal agreement: for SRCC, tau-b and MSE it also fails if
the two metrics differ in how their errors spread over captions. Not valid with very few clusters: C clusters can be
swapped in 2^C ways, of which half mirror the other half, so that no p lies below 2^(1 - C).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int, UInt8

from bench.statistics.resampling import BLOCK, generator, layout, run_blocks, worth
from bench.statistics.step_down import adjusted_p_values, count_maxima, deciding_order, no_maxima
from bench.statistics.weighted_sums import weighted_totals

WHOLE = 2.0**40
"""To half of which or more, by a power of 2, the contributions of a comparison are scaled and rounded: their sums are
exact in float64 in any order of adding, so on any number of threads, and sums of whole numbers that are equal in exact
arithmetic are equal."""

NO_COLUMN = -1

NOTHING = 1e-14
"""Contributions that are smaller on average are rounding errors: the two metrics are one and the same."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What each cluster contributes to each of several differences: a column, or one column less another.

    A sum over clusters of a difference is the difference of the sums, so that few columns can stand for many tests.

    Attributes:
        columns: by cluster.
        unit: columns that are subtracted from each other have one unit, by number.
        first, second: the columns of each test; ``second`` is `NO_COLUMN` where nothing is subtracted.
    """

    columns: Float[np.ndarray, "clusters columns"]
    unit: Int[np.ndarray, " columns"]
    first: Int[np.ndarray, " tests"]
    second: Int[np.ndarray, " tests"]

    @classmethod
    def of(cls, terms: Float[np.ndarray, "clusters tests"]) -> Terms:
        """Return terms with a column of its own for each test."""
        every = np.arange(terms.shape[1])
        return cls(terms, every, every, np.full(len(every), NO_COLUMN))

    @classmethod
    def joined(cls, parts: Sequence[Terms]) -> Terms:
        """Return the tests of all parts, one part after the other."""
        columns, units, first, second = list[np.ndarray](), list[np.ndarray](), list[np.ndarray](), list[np.ndarray]()
        n_columns = n_units = 0
        for part in parts:
            columns.append(part.columns)
            units.append(part.unit + n_units)
            first.append(part.first + n_columns)
            second.append(np.where(part.second == NO_COLUMN, NO_COLUMN, part.second + n_columns))
            n_columns, n_units = n_columns + part.columns.shape[1], n_units + len(part.unit)
        return cls(np.concatenate(columns, axis=1), *map(np.concatenate, (units, first, second)))

    def by_test(self) -> Float[np.ndarray, "clusters tests"]:
        """Return the terms of each test."""
        subtracted = np.where(self.second == NO_COLUMN, 0.0, self.columns[:, self.second])
        terms: np.ndarray = self.columns[:, self.first] - subtracted
        return terms


@dataclass(frozen=True, slots=True)
class PermutationTests:
    """Two-sided p-values: by itself, and adjusted for all tests of its family."""

    p_value: Float[np.ndarray, " tests"]
    p_adjusted: Float[np.ndarray, " tests"]


def permutation_tests(
    terms: Terms,
    families: Sequence[Int[np.ndarray, " _"]],
    seed: int,
    stratum: str,
    n_permutations: int,
    n_threads: int | None = None,
) -> PermutationTests:
    """Return p = (c + 1) / (n + 1), c of n permutations being at least as far from 0 as what was observed.

    The observed arrangement is one of the possible ones, hence the 1 (Phipson & Smyth 2010). Permutation r swaps the
    same clusters for every test, and depends on seed, stratum and r alone.

    Args:
        terms: what each cluster contributes to each difference.
        families: tests that are adjusted for one another; each test is in one of them.
    """
    from bench.statistics import kernels

    whole, scale = _whole(terms)
    observed = np.abs(whole.by_test().sum(axis=0)) * scale
    observed *= 1 - 1e-12  # the quotients of equal |t| may differ in the last bit
    in_order = [family[deciding_order(observed[family])] for family in families]
    (n_clusters, n_columns), n_tests = whole.columns.shape, len(scale)
    first, second = np.ascontiguousarray(whole.first), np.ascontiguousarray(whole.second)
    n_blocks = -(-n_permutations // BLOCK)
    alone, adjusted = np.zeros((n_blocks, n_tests), np.int64), np.zeros((n_blocks, 2, n_tests), np.int64)
    threads, width = layout(9 * n_clusters + 8 * n_columns + 9 * n_tests, n_threads)

    def compute(block: int) -> None:
        swaps = swap_bits(seed, stratum, n_clusters, block)[:, : n_permutations - block * BLOCK]
        for start in range(0, swaps.shape[1], width):
            sums = permuted_sums(whole.columns, np.ascontiguousarray(swaps[:, start : start + width]))
            size = np.empty((n_tests, sums.shape[1]))
            kernels.sizes(sums, first, second, scale, size)
            alone[block] += np.sum(size >= observed[:, None], axis=1)
            for order in in_order:
                adjusted[block] += count_maxima(size, observed, order, no_maxima(size.shape[1]))

    run_blocks(compute, n_blocks, worth(threads, n_clusters * n_permutations))
    p_value, p_adjusted = (alone.sum(axis=0) + 1) / (n_permutations + 1), np.full(n_tests, np.nan)
    for order in in_order:
        p_adjusted[order] = adjusted_p_values(adjusted.sum(axis=0), order)[order]
    return PermutationTests(p_value, p_adjusted)


def permuted_sums(
    terms: Float[np.ndarray, "clusters tests"], swaps: UInt8[np.ndarray, "clusters lanes"]
) -> Float[np.ndarray, "tests lanes"]:
    """Return the sums of the terms, those of swapped clusters with the other sign."""
    sums = weighted_totals(terms, swaps)
    sums *= -2
    sums += terms.sum(axis=0)[:, None]
    return sums


def swap_bits(seed: int, stratum: str, n_clusters: int, block: int) -> UInt8[np.ndarray, "clusters block"]:
    """Return 1 where a permutation of the block swaps a cluster, 0 elsewhere."""
    from bench.statistics import kernels

    draw = generator(seed, "permutation", stratum, block)
    swaps = np.empty((n_clusters, BLOCK), np.uint8)
    kernels.transpose(draw.integers(0, 2, size=(BLOCK, n_clusters), dtype=np.uint8), swaps)
    return swaps


def least_p(n_permutations: int, n_clusters: int) -> float:
    """Return the p-value below which no test can come, adjusted or not; 1 without permutations."""
    return max(1 / (n_permutations + 1), 2.0 ** (1 - n_clusters))


def at_resolution(p_value: float, n_permutations: int) -> bool:
    """Return whether no permutation came as far as the data: p is at most this, and could be anything below."""
    return p_value * (n_permutations + 1) < 1.5


def holm(p_values: Float[np.ndarray, " tests"]) -> Float[np.ndarray, " tests"]:
    """Return Holm's (1979) adjusted p-values, for tests that share no permutations.

    NaN stays NaN and does not count as a test.
    """
    adjusted = np.full(len(p_values), np.nan)
    tested = np.flatnonzero(~np.isnan(p_values))
    order = tested[np.argsort(p_values[tested], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(1, np.maximum.accumulate(factors * p_values[order]))
    return adjusted


def _whole(terms: Terms) -> tuple[Terms, Float[np.ndarray, " tests"]]:
    """Return the terms as whole numbers, and what their sums are multiplied by to have unit variance over all swaps.

    The variance of a sum with random signs is the sum of the squared terms.
    """
    nothing = NOTHING * len(terms.columns)
    total = np.full(int(terms.unit.max(initial=0)) + 1, nothing)
    np.maximum.at(total, terms.unit, np.abs(terms.columns).sum(axis=0))
    factor = 2.0 ** np.floor(np.log2(WHOLE / total))  # a power of 2, so that 1 + 1 remains equal to 2
    whole = replace(terms, columns=np.rint(terms.columns * factor[terms.unit]))
    spread = np.sqrt(np.sum(whole.by_test() ** 2, axis=0))
    spread[np.abs(terms.by_test()).sum(axis=0) <= nothing] = 0
    return whole, np.divide(1, spread, out=np.zeros_like(spread), where=spread > 0)
