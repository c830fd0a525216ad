"""Would another screening of listeners change the answer? The best metric against every other, under each rule.

Scores stay as they are; which listeners count, and so the mean ratings and the pairs that have one, do not. Each
screening is resampled for itself, at most `MOST_RESAMPLES` times. What was found under one of them only is not robust
to a choice that somebody made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from jaxtyping import Float, Int

from bench.statistics.agreement import SRCC, point_estimate
from bench.statistics.intervals import Measured, too_few_clusters
from bench.statistics.replicates import Replicates, replicate
from bench.statistics.sample import Scores, StratumSample, split_strata
from bench.statistics.types import Resampled, ResamplingPlan
from bench.statistics.weighted import prepare, weighted_srcc

MOST_RESAMPLES = 999


@dataclass(frozen=True, slots=True)
class ScreeningDifference(Resampled):
    """The best metric minus another, on all pairs, by the ratings that one screening leaves.

    Attributes:
        screening: the rule by which listeners count.
        metric_a: the best by the ratings of the run.
    """

    screening: str
    metric_a: str
    metric_b: str
    statistic: str
    n_pairs: int
    difference: Measured
    note: str = ""


def screening_differences(
    ratings: Mapping[str, Float[np.ndarray, " pairs"]],
    scores: Scores,
    captions: Int[np.ndarray, " pairs"],
    plan: ResamplingPlan,
    n_threads: int | None = None,
) -> list[ScreeningDifference]:
    """Compare the metric that is best by the first ratings with every other metric, by all of them.

    Args:
        ratings: mean ratings by screening, on any one scale, the run's own first; NaN where a pair has none.
        scores: by metric; baselines left out by the caller.
        captions: of each pair; resampled if the plan's unit says so.

    Returns:
        Records by screening, then metric; none with a single screening or metric, or where no metric has an SRCC.
    """
    own = next(iter(ratings.values())) if ratings else np.empty(0)
    agreement = {name: point_estimate(SRCC, own, row)[0] for name, row in scores.items()} if len(own) else {}
    defined = {name: value for name, value in agreement.items() if not np.isnan(value)}
    if len(ratings) < 2 or len(scores) < 2 or not defined:
        return []
    plan = replace(plan, n_resamples=min(plan.n_resamples, MOST_RESAMPLES))
    best = max(defined, key=lambda name: defined[name])
    return [
        record
        for screening, human in ratings.items()
        for record in _differences(screening, human, scores, captions, best, plan, n_threads)
    ]


def _differences(
    screening: str,
    human: Float[np.ndarray, " pairs"],
    scores: Scores,
    captions: Int[np.ndarray, " pairs"],
    best: str,
    plan: ResamplingPlan,
    n_threads: int | None,
) -> Iterator[ScreeningDifference]:
    rated = ~np.isnan(human)
    kept = {name: row[rated] for name, row in scores.items()}
    everything = {f"screening {screening}": np.ones(int(rated.sum()), bool)}
    [sample] = split_strata(human[rated], kept, everything, captions[rated], plan.unit)
    estimates = np.array([point_estimate(SRCC, sample.human, row)[0] for row in sample.scores])
    drawn = _resampled(sample, plan, n_threads)
    a = sample.metrics.index(best)
    for b, metric in enumerate(sample.metrics):
        if b != a:
            missing = [sample.metrics[m] for m in (a, b) if np.isnan(estimates[m])]
            yield ScreeningDifference(
                screening=screening,
                metric_a=best,
                metric_b=metric,
                statistic=SRCC.id,
                n_pairs=sample.n_pairs,
                difference=_difference(estimates, drawn, (a, b), sample, plan),
                **plan.as_fields(),
                note=f"no estimate for {' and '.join(missing)}" if missing else "",
            )


def _resampled(sample: StratumSample, plan: ResamplingPlan, n_threads: int | None) -> Replicates | None:
    if not sample.can_be_resampled:
        return None
    prepared = prepare(sample.human, sample.scores, sample.clusters)
    values_of, size, shape = partial(weighted_srcc, prepared), prepared.bytes_per_lane(), (len(sample.metrics),)
    return replicate(values_of, shape, plan, sample.stratum, sample.n_clusters, size, n_threads)


def _difference(
    estimates: Float[np.ndarray, " metrics"],
    drawn: Replicates | None,
    pair: tuple[int, int],
    sample: StratumSample,
    plan: ResamplingPlan,
) -> Measured:
    a, b = pair
    delta = float(estimates[a] - estimates[b])
    if drawn is None:
        return Measured(delta, np.nan, np.nan, too_few_clusters(sample.n_clusters))
    return drawn.map(lambda values: values[:, a] - values[:, b]).measured(delta, plan, sample.n_clusters)
