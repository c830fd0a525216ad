"""Mid-ranks: equal values share the mean of the ranks that they would take (Kendall 1945)."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float


def mid_ranks(values: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """Return the ranks from 1 on; those of scipy.stats.rankdata, whose import takes half a second."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: len(values)])
    ends = np.append(starts[1:], len(values))[: len(starts)]
    ranks = np.empty(len(values))
    ranks[order] = np.repeat((starts + ends + 1) / 2, ends - starts)
    return ranks


def mid_ranks_by_row(values: Float[np.ndarray, "rows n"]) -> Float[np.ndarray, "rows n"]:
    """Return the ranks within each row; NaN stays NaN and has no rank. For short rows: O(n) passes over all of them."""
    ranks = np.where(np.isnan(values), np.nan, 0.5)
    for column in values.T:
        ranks += (values > column[:, None]) + 0.5 * (values == column[:, None])
    return ranks
