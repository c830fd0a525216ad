"""Correlations with bootstrap intervals, for every metric and stratum.

Pairs that share a caption (and with it the listeners) are not independent: by default a resample draws whole captions,
with all their pairs in the stratum. Within a stratum all metrics and statistics are computed on the same resamples,
so that differences between metrics are paired. Each stratum is resampled within itself: its number of clusters is
fixed, its number of pairs is not where captions have several.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from bench.statistics.correlation import point_estimate
from bench.statistics.intervals import Interval, bootstrap_interval
from bench.statistics.resampling import bootstrap_statistics, generator, leave_out_statistics
from bench.statistics.sample import MIN_CLUSTERS, Scores, Strata, StratumSample, split_strata
from bench.statistics.types import STATISTICS, CorrelationEstimate, ResamplingPlan, Statistic
from bench.statistics.weighted import WeightedSample, prepare

MAX_JACKKNIFE = 5000
"""Beyond this many clusters BCa's acceleration comes from as many random groups of clusters, left out in turn."""


@dataclass(frozen=True, slots=True)
class StratumBootstrap:
    """Everything that intervals of one stratum are made from, for estimates and differences alike.

    Attributes:
        estimates: scipy's values on the stratum itself, NaN with a reason in ``reasons``.
        resampled: the values on each resample; None where there are too few pairs or clusters.
        jackknife: the values without each cluster in turn; None unless BCa asks for them.
    """

    sample: StratumSample
    estimates: Float[np.ndarray, "metrics 4"]
    reasons: tuple[tuple[str, ...], ...]
    resampled: Float[np.ndarray, "resamples metrics 4"] | None
    jackknife: Float[np.ndarray, "replicates metrics 4"] | None


def estimate_correlations(
    human: Float[np.ndarray, " pairs"],
    scores: Scores,
    strata: Strata,
    clusters: Int[np.ndarray, " pairs"],
    plan: ResamplingPlan,
    statistics: Sequence[Statistic] = STATISTICS,
    n_threads: int | None = None,
) -> list[CorrelationEstimate]:
    """Estimate each statistic of each metric on each stratum, with its interval.

    Args:
        human: mean ratings rescaled to [0, 1].
        scores: one score a pair for each metric; pairs that any metric failed on must be left out by the caller.
        strata: a mask over the pairs for each stratum id.
        clusters: the caption of each pair, as any integers; ignored if the plan's unit is ``pair``.
        plan: resamples, unit, interval, seed.
        n_threads: None takes every core; the results do not depend on it.

    Returns:
        Records by stratum, then metric, then statistic, in the order given.

    Raises:
        DataError: NaN or infinite ratings or scores, or lengths that differ.
    """
    bootstraps = bootstrap_strata(human, scores, strata, clusters, plan, n_threads)
    return [estimate for one in bootstraps for estimate in estimates_of(one, plan, statistics)]


def bootstrap_strata(
    human: Float[np.ndarray, " pairs"],
    scores: Scores,
    strata: Strata,
    clusters: Int[np.ndarray, " pairs"],
    plan: ResamplingPlan,
    n_threads: int | None = None,
) -> list[StratumBootstrap]:
    """Resample each stratum; arguments as in `estimate_correlations`."""
    samples = split_strata(human, scores, strata, clusters, plan.unit)
    return [_bootstrap_stratum(sample, plan, n_threads) for sample in samples]


def estimates_of(
    bootstrap: StratumBootstrap, plan: ResamplingPlan, statistics: Sequence[Statistic] = STATISTICS
) -> list[CorrelationEstimate]:
    """Return the records of one stratum."""
    return [
        _estimate(bootstrap, plan, m, statistic)
        for m in range(len(bootstrap.sample.metrics))
        for statistic in statistics
    ]


def _bootstrap_stratum(sample: StratumSample, plan: ResamplingPlan, n_threads: int | None) -> StratumBootstrap:
    points = [[point_estimate(statistic, sample.human, row) for statistic in STATISTICS] for row in sample.scores]
    estimates = np.array([[value for value, _ in row] for row in points]).reshape(-1, len(STATISTICS))
    reasons = tuple(tuple(reason for _, reason in row) for row in points)
    resampled = jackknife = None
    if sample.can_be_resampled:
        weighted = prepare(sample.human, sample.scores, sample.clusters)
        resampled = bootstrap_statistics(weighted, plan.seed, sample.stratum, plan.n_resamples, n_threads)
        if plan.ci_method == "bca":
            jackknife = _jackknife(weighted, plan.seed, sample.stratum, n_threads)
    return StratumBootstrap(sample, estimates, reasons, resampled, jackknife)


def _jackknife(
    sample: WeightedSample, seed: int, stratum: str, n_threads: int | None
) -> Float[np.ndarray, "replicates metrics 4"]:
    """Leave out each cluster in turn, or, beyond `MAX_JACKKNIFE` clusters, each of as many random groups.

    The summed influence of a group has the third moment of its members' sum, so that the acceleration keeps its
    expectation, with more noise, where its value is below 1 / sqrt(MAX_JACKKNIFE) anyway.
    """
    group = np.arange(sample.n_clusters)
    if sample.n_clusters > MAX_JACKKNIFE:
        group = generator(seed, "jackknife", stratum, 0).permutation(group % MAX_JACKKNIFE)
    return leave_out_statistics(sample, group, n_threads)


def _estimate(
    bootstrap: StratumBootstrap, plan: ResamplingPlan, metric: int, statistic: Statistic
) -> CorrelationEstimate:
    s = STATISTICS.index(statistic)
    estimate, reason = float(bootstrap.estimates[metric, s]), bootstrap.reasons[metric][s]
    low, high, remark = _interval(bootstrap, plan, metric, s)
    return CorrelationEstimate(
        metric=bootstrap.sample.metrics[metric],
        stratum=bootstrap.sample.stratum,
        statistic=statistic,
        n_pairs=bootstrap.sample.n_pairs,
        n_clusters=bootstrap.sample.n_clusters,
        estimate=estimate,
        low=low,
        high=high,
        confidence_level=plan.confidence_level,
        ci_method=plan.ci_method,
        resample_unit=plan.unit,
        n_resamples=plan.n_resamples,
        seed=plan.seed,
        note="; ".join(filter(None, [reason, remark])),
    )


def _interval(bootstrap: StratumBootstrap, plan: ResamplingPlan, metric: int, s: int) -> Interval:
    estimate = float(bootstrap.estimates[metric, s])
    if np.isnan(estimate):
        return np.nan, np.nan, ""
    if bootstrap.resampled is None:
        return np.nan, np.nan, f"no interval: {bootstrap.sample.n_clusters} clusters, fewer than {MIN_CLUSTERS}"
    jackknife = None if bootstrap.jackknife is None else bootstrap.jackknife[:, metric, s]
    resampled = bootstrap.resampled[:, metric, s]
    n_clusters = bootstrap.sample.n_clusters
    return bootstrap_interval(plan.ci_method, estimate, resampled, plan.confidence_level, n_clusters, jackknife)
