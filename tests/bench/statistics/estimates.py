"""Short cuts of tests and studies: all estimates at once, and all statistics without each cluster in turn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench.statistics.agreement import STATISTICS, Statistic
from bench.statistics.bootstrap import CorrelationEstimate, bootstrap_strata, estimates_of
from bench.statistics.resampling import for_each_left_out
from bench.statistics.sample import Scores, Strata
from bench.statistics.types import ResamplingPlan
from bench.statistics.weighted import WeightedSample, weighted_statistics


def estimate_correlations(
    human: np.ndarray,
    scores: Scores,
    strata: Strata,
    clusters: np.ndarray,
    plan: ResamplingPlan,
    statistics: Sequence[Statistic] = STATISTICS,
    n_threads: int | None = None,
) -> list[CorrelationEstimate]:
    """Estimate each statistic of each metric on each stratum, as a run does; arguments as in `bootstrap_strata`."""
    bootstraps = bootstrap_strata(human, scores, strata, clusters, plan, n_threads)
    return [estimate for one in bootstraps for estimate in estimates_of(one, plan, statistics)]


def leave_out_statistics(sample: WeightedSample, group: np.ndarray) -> np.ndarray:
    """Return the statistics without the clusters of group 0, 1, …: groups by metrics by statistics."""
    result = np.empty((group.max() + 1, len(sample.orders), len(STATISTICS)))

    def compute(weights: np.ndarray, rows: slice) -> None:
        result[rows] = weighted_statistics(sample, weights)

    for_each_left_out(compute, group, sample.bytes_per_lane(), None)
    return result
