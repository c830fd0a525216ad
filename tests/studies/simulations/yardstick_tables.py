"""Do the intervals of the yardsticks cover, and does the alternative annotator test keep its level?

The population is that of `tests.studies.simulations.population`; a pair's system is one of three, by its mean rating
and chance, so that the system's name predicts ratings.
"""

from __future__ import annotations

from collections import Counter
from functools import cache

import numpy as np

from bench.statistics.alternative import EPSILON, LEVEL, MIN_RATINGS, alternative_listeners, listener_p_value
from bench.statistics.bootstrap import bootstrap_strata
from bench.statistics.facts import Fact
from bench.statistics.intervals import Measured
from bench.statistics.reliability import Ratings
from bench.statistics.sentinels import beyond_sentinels, partial_agreements, sentinels_of
from bench.statistics.types import ResamplingPlan
from bench.statistics.yardsticks import beside_one_listener
from tests.studies.simulations.population import Draw, Metric, draw

YARDSTICKS = (
    "one listener",
    "metric, same others",
    "metric − listener",
    "worth",
    "nearer",
    "sentinel",
    "metric − sentinel",
    "partial",
)
PAIRS_PER_CAPTION = 4
METRIC = Metric(quality=0.9)
DESIGNS = ((15, 2), (30, 3), (60, 1))
"""Captions, and ratings of each, of a listener who is tested."""


def coverage_of_yardsticks(n_captions: int, n_resamples: int, seed: int) -> Counter[str]:
    """Count whether the default intervals of one data set cover the truth."""
    rng = np.random.default_rng([5, n_captions, seed])
    found = yardsticks(draw(PAIRS_PER_CAPTION * n_captions, {"m": METRIC}, rng), rng, ResamplingPlan(n_resamples))
    truths = zip(YARDSTICKS, found, true_yardsticks(), strict=True)
    return Counter({name: int(one.low <= truth <= one.high) for name, one, truth in truths})


@cache
def true_yardsticks(n_pairs: int = 200_000) -> tuple[float, ...]:
    """Return the population's values, from one very large draw."""
    rng = np.random.default_rng(321)
    found = yardsticks(draw(n_pairs, {"m": METRIC}, rng), rng, ResamplingPlan(1))
    return tuple(one.estimate for one in found)


def yardsticks(data: Draw, rng: np.random.Generator, plan: ResamplingPlan) -> tuple[Measured, ...]:
    """Return `YARDSTICKS`."""
    everything = {"all": np.ones(len(data.human), bool)}
    pair, listener = np.nonzero(~np.isnan(data.ratings))
    ratings = Ratings(data.ratings[pair, listener], pair, listener)
    [one, _], [metric, _] = beside_one_listener(ratings, data.scores, everything, data.captions, plan, n_threads=1)
    [test] = alternative_listeners(ratings, data.scores, everything, data.captions, plan, n_threads=1)
    heard = np.digitize(data.human + rng.normal(0, 0.2, len(data.human)), (0.5, 0.7))
    systems = Fact("system", np.array(["low", "middle", "high"], dtype=object)[heard])
    [boot] = bootstrap_strata(data.human, data.scores, everything, data.captions, plan, n_threads=1)
    [sentinel, _], predictions = sentinels_of([systems], boot.sample, data.captions, plan, n_threads=1)
    [beyond] = beyond_sentinels(boot, predictions, ["m"], plan)
    [partial] = partial_agreements(boot.sample, predictions, ["m"], plan, n_threads=1)
    listeners = one.agreement, metric.agreement, metric.excess, metric.worth, test.advantage
    return *listeners, sentinel.agreement, beyond.difference, partial.partial


def wrong_rejection(n_captions: int, per_caption: int, seed: int) -> Counter[str]:
    """Count whether the test of one listener rejects although the metric wins less often by exactly `EPSILON`.

    Wins of one caption go together: half of the captions are easier for one of the two.
    """
    rng = np.random.default_rng([6, n_captions, per_caption, seed])
    caption = np.repeat(np.arange(n_captions), per_caption)
    easier = rng.choice([-0.3, 0.3], n_captions)[caption]
    drawn = rng.random(len(caption))
    # The listener alone wins where drawn is low, the metric alone where it is high; in between both do.
    listener, metric = 0.4 + EPSILON / 2 + easier / 2, 0.4 - EPSILON / 2 - easier / 2
    difference = (drawn < listener).astype(float) - (drawn > 1 - metric)
    assert len(difference) >= MIN_RATINGS
    return Counter({"rejected": int(listener_p_value(difference, caption, EPSILON) <= LEVEL)})
