"""How rare is each of many |t|, if chance would do for all of them? The one step-down max-T of this package.

A difference is as rare as the largest |t| that chance makes among the differences that were not decided before it, the
largest one being decided first (Westfall & Young 1993, algorithm 4.1; Romano & Wolf 2005). With
T_1 >= T_2 >= … observed, and T*_j those of a draw (a permutation or a resample), all comparisons on the same draws,

    p_k = max over i <= k of (c_i + 1) / (n_i + 1),     c_i = number of draws with max_{j >= i} T*_j >= T_i.

An undefined T*_j is left out of the maximum, as undefined resamples are left out of single intervals, and n_i counts
the draws on which any T*_j, j >= i, is defined. To count it as reached would let one score that is rarely defined make
every other comparison impossible to show. The price: of a comparison that is undefined on a share u of the draws, the
part in the tail is understated, by a factor of 1 - u at most (`bench.statistics.max_t` tests none with u above 1/2).
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

NONE_YET = -1.0
"""The largest |t| of a draw on which none was defined so far."""


def deciding_order(observed: Float[np.ndarray, " comparisons"]) -> Int[np.ndarray, " comparisons"]:
    """Return the comparisons from the smallest observed |t|, which is decided last, to the largest."""
    return np.argsort(observed, kind="stable")


def no_maxima(n_draws: int) -> Float[np.ndarray, " draws"]:
    """Return the maxima before any comparison was counted."""
    return np.full(n_draws, NONE_YET)


def count_maxima(
    sizes: Float[np.ndarray, "comparisons draws"],
    observed: Float[np.ndarray, " comparisons"],
    order: Int[np.ndarray, " counted"],
    largest: Float[np.ndarray, " draws"],
) -> Int[np.ndarray, "2 comparisons"]:
    """Return c and n of each comparison on these draws; counts of all draws are sums of those of some.

    Args:
        sizes: |t| of the draws; NaN where undefined.
        observed: |t| that was observed.
        order: the comparisons of one family, as `deciding_order` returns them, or the next ones of it.
        largest: maxima over the comparisons that were counted before; raised to those with these.
    """
    from bench.statistics import kernels

    counts = np.zeros((2, len(observed)), np.int64)
    kernels.step_down(sizes, observed, order, largest, counts)
    return counts


def adjusted_p_values(
    counts: Int[np.ndarray, "2 comparisons"], order: Int[np.ndarray, " counted"]
) -> Float[np.ndarray, " comparisons"]:
    """Return p of the comparisons in ``order``, NaN elsewhere; a smaller |t| never has a smaller p."""
    p_values = np.full(counts.shape[1], np.nan)
    falling = order[::-1]
    reached, defined = counts[:, falling]
    p_values[falling] = np.maximum.accumulate((reached + 1) / (defined + 1))
    return p_values
