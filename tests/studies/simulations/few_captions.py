"""Intervals from very few captions, and of shares of the ceiling: do they cover?"""

from __future__ import annotations

from collections import Counter
from functools import cache, partial

import numpy as np

from bench.statistics.agreement import STATISTICS
from bench.statistics.bootstrap import bootstrap_strata
from bench.statistics.intervals import Measured, bootstrap_interval
from bench.statistics.reliability import SHARED_STATISTICS, Ratings, ceiling_shares, estimate_reliability
from bench.statistics.replicates import replicate
from bench.statistics.sample import split_strata
from bench.statistics.types import ResamplingPlan
from bench.statistics.weighted import prepare, weighted_statistics
from tests.studies.simulations.population import Draw, Metric, draw, true_values

PAIRS_PER_CAPTION = 4
FEW = (3, 4, 5, 6, 8, 12, 20)
"""Numbers of captions."""

MANY = (20, 200, 858)
"""Numbers of captions for shares of the ceiling."""


def coverage_of_few(n_captions: int, n_resamples: int, seed: int) -> Counter[str]:
    """Count which statistics' intervals cover the truth; made also where the package gives none."""
    data = draw(PAIRS_PER_CAPTION * 2 * n_captions, {"m": Metric()}, np.random.default_rng([5, n_captions, seed]))
    kept = data.captions < n_captions
    plan = ResamplingPlan(n_resamples, seed=seed)
    [sample] = split_strata(data.human, data.scores, {"few": kept}, data.captions, plan.unit)
    weighted = prepare(sample.human, sample.scores, sample.clusters)
    found = replicate(
        partial(weighted_statistics, weighted),
        (1, len(STATISTICS)),
        plan,
        "few",
        n_captions,
        weighted.bytes_per_lane(),
        1,
    )
    hits: Counter[str] = Counter()
    for s, statistic in enumerate(STATISTICS):
        point = statistic.point(sample.human, sample.scores[0])
        low, high, _ = bootstrap_interval("expanded", point, found.resampled[:, 0, s], 0.95, n_captions)
        hits[statistic.id] += low <= true_values(Metric())[s] <= high
    return hits


def coverage_of_shares(n_captions: int, n_resamples: int, seed: int) -> Counter[str]:
    """Count which shares of the ceiling cover the truth; one that is not given counts as one that does not."""
    data = draw(PAIRS_PER_CAPTION * n_captions, {"m": Metric()}, np.random.default_rng([6, n_captions, seed]))
    found = _shares(data, ResamplingPlan(n_resamples, seed=seed))
    ids = [statistic.id for statistic in SHARED_STATISTICS]
    hits = zip(ids, found, _true_shares(), strict=True)
    return Counter({name: int(one.low <= truth <= one.high) for name, one, truth in hits})


@cache
def _true_shares(n_pairs: int = 400_000) -> tuple[float, ...]:
    large = draw(n_pairs, {"m": Metric()}, np.random.default_rng(321))
    return tuple(one.estimate for one in _shares(large, ResamplingPlan(1)))


def _shares(data: Draw, plan: ResamplingPlan) -> list[Measured]:
    everything = {"all": np.ones(len(data.human), bool)}
    pair, listener = np.nonzero(~np.isnan(data.ratings))
    ratings = Ratings(data.ratings[pair, listener], pair, listener)
    [bootstrap] = bootstrap_strata(data.human, data.scores, everything, data.captions, plan, n_threads=1)
    [agreement] = estimate_reliability(ratings, everything, data.captions, plan, n_threads=1)
    return [one.share for one in ceiling_shares(bootstrap, agreement, plan)]
