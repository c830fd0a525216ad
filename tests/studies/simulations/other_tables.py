"""What the other tables of a report measure, on one simulated data set: do their intervals cover as well?"""

from __future__ import annotations

from collections import Counter
from functools import cache

import numpy as np

from bench.statistics.intervals import Measured
from bench.statistics.pairwise import pairwise_accuracies
from bench.statistics.reliability import Ratings, estimate_reliability
from bench.statistics.systems import system_agreement
from bench.statistics.types import IntervalMethod, ResamplingPlan
from tests.studies.simulations.population import Draw, Metric, draw

QUANTITIES = ("ICC(1)", "reliability", "pairwise accuracy", "mean of a system")
PAIRS_PER_CAPTION = 4


def coverage_of_others(n_captions: int, methods: tuple[IntervalMethod, ...], n_resamples: int, seed: int) -> Counter:
    """Count, for each method and quantity, whether the intervals of one data set cover the truth."""
    data = draw(PAIRS_PER_CAPTION * n_captions, {"m": Metric()}, np.random.default_rng([3, n_captions, seed]))
    hits: Counter[tuple[str, str]] = Counter()
    for method in methods:
        found = quantities(data, ResamplingPlan(n_resamples, ci_method=method, seed=seed))
        for name, one, truth in zip(QUANTITIES, found, true_quantities(), strict=True):
            hits[method, name] += one.low <= truth <= one.high
    return hits


@cache
def true_quantities(n_pairs: int = 400_000) -> tuple[float, ...]:
    """Return the population's values, from one very large draw."""
    data = draw(n_pairs, {"m": Metric()}, np.random.default_rng(654))
    return tuple(one.estimate for one in quantities(data, ResamplingPlan(1)))


def quantities(data: Draw, plan: ResamplingPlan) -> tuple[Measured, ...]:
    """Return `QUANTITIES`; a caption's first pairs are by one system, the others by another."""
    everything = {"all": np.ones(len(data.human), bool)}
    pair, listener = np.nonzero(~np.isnan(data.ratings))
    ratings = Ratings(data.ratings[pair, listener], pair, listener)
    [agreement] = estimate_reliability(ratings, everything, data.captions, plan, n_threads=1)
    [accuracy] = pairwise_accuracies(data.human, data.scores, everything, data.captions, plan, n_threads=1)
    is_first = np.diff(data.captions, prepend=-1) > 0
    systems = np.where(is_first | np.roll(is_first, 1), "a", "b").astype(object)
    means, _ = system_agreement(data.human, data.scores, systems, data.captions, plan, n_threads=1)
    return agreement.estimate.icc1, agreement.estimate.reliability, accuracy.accuracy_uncalibrated, means[0].mean
