"""Which metrics may be the best: the model confidence set (Hansen, Lunde & Nason 2011, Econometrica 79).

Are all metrics equally good? If the largest |t| among their differences, T_R, is larger than chance makes it with 95 %
probability, the metric that is furthest behind another one is left out, and the question is put to the rest. What is
left over at the first "perhaps" holds the best metric with at least 95 % probability; with no such answer, a single
metric is left over. T_R's distribution is that of the resamples, whose clusters are those of all other intervals.

Not valid for a handful of clusters, and a large set does not say that its members are equal: the data are too few.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from bench.statistics.max_t import LEVEL, PairedSpread, critical_value, t_statistic
from bench.statistics.types import IntervalMethod


def confidence_set(
    estimates: Float[np.ndarray, " metrics"], spread: PairedSpread, method: IntervalMethod
) -> frozenset[int]:
    """Return the metrics that were not shown to be worse than the best.

    All that have an estimate and are no baselines, where there are too few resamples to show anything.

    Args:
        estimates: of one statistic.
        spread: of their differences.
        method: ``expanded`` makes up for few clusters, as in `bench.statistics.max_t.critical_value`.
    """
    ranked = spread.ranked
    largest = 0.0
    at_place = np.zeros(len(spread.nested))
    for place in range(len(spread.nested) - 1, -1, -1):
        sizes = [_size(estimates, spread, ranked[place], other) for other in ranked[place + 1 :]]
        at_place[place] = largest = max(largest, *sizes)
    for place, maxima in enumerate(spread.nested):
        if not at_place[place] > critical_value(maxima, 1 - LEVEL, method, spread.n_clusters):
            return frozenset(ranked[place:])
    return frozenset(ranked[-1:])


def _size(estimates: Float[np.ndarray, " metrics"], spread: PairedSpread, a: int, b: int) -> float:
    return abs(t_statistic(float(estimates[a] - estimates[b]), float(spread.error[a, b])))
