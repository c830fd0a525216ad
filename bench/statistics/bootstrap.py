"""Correlations with bootstrap intervals, for every metric and stratum.

Pairs that share a caption (and with it the listeners) are not independent: by default a resample draws whole captions,
with all their pairs in the stratum. Within a stratum all metrics and statistics are computed on the same resamples,
so that differences between metrics are paired. Each stratum is resampled within itself: its number of clusters is
fixed, its number of pairs is not where captions have several.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Float, Int

from bench.statistics.agreement import STATISTICS, Statistic, point_estimate
from bench.statistics.intervals import Interval, bootstrap_interval, too_few_clusters
from bench.statistics.replicates import Replicates, replicate
from bench.statistics.sample import Scores, Strata, StratumSample, split_strata
from bench.statistics.types import IntervalMethod, ResampleUnit, ResamplingPlan
from bench.statistics.weighted import prepare, weighted_statistics


@dataclass(frozen=True, slots=True)
class CorrelationEstimate:
    """One statistic of one metric on one stratum, with its interval; NaN wherever ``note`` says why."""

    metric: str
    stratum: str
    statistic: str
    n_pairs: int
    n_clusters: int
    estimate: float
    low: float
    high: float
    confidence_level: float
    ci_method: IntervalMethod
    resample_unit: ResampleUnit
    n_resamples: int
    seed: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class StratumBootstrap:
    """Everything that intervals of one stratum are made from, for estimates and differences alike.

    Attributes:
        estimates: scipy's values on the stratum itself, NaN with a reason in ``reasons``.
        resampled: the values on each resample; None where there are too few pairs or clusters.
        jackknife: the values without each cluster in turn; None unless BCa asks for them.
    """

    sample: StratumSample
    estimates: Float[np.ndarray, "metrics statistics"]
    reasons: tuple[tuple[str, ...], ...]
    resampled: Float[np.ndarray, "resamples metrics statistics"] | None
    jackknife: Float[np.ndarray, "replicates metrics statistics"] | None

    def replicates(self) -> Replicates | None:
        """Return the resampled values with their jackknife, metrics by statistics."""
        return None if self.resampled is None else Replicates(self.resampled, self.jackknife)


def bootstrap_strata(
    human: Float[np.ndarray, " pairs"],
    scores: Scores,
    strata: Strata,
    clusters: Int[np.ndarray, " pairs"],
    plan: ResamplingPlan,
    n_threads: int | None = None,
) -> list[StratumBootstrap]:
    """Resample each stratum.

    Args:
        human: mean ratings rescaled to [0, 1].
        scores: one score a pair for each metric; pairs that any metric failed on must be left out by the caller.
        strata: a mask over the pairs for each stratum id.
        clusters: the caption of each pair, as any integers, or its block of captions if that is the plan's unit;
            ignored if the unit is ``pair``.
        plan: resamples, unit, interval, seed.
        n_threads: None takes every core; the results do not depend on it.

    Raises:
        DataError: NaN or infinite ratings or scores, or lengths that differ.
    """
    samples = split_strata(human, scores, strata, clusters, plan.unit)
    return [_bootstrap_stratum(sample, plan, n_threads) for sample in samples]


def estimates_of(
    bootstrap: StratumBootstrap, plan: ResamplingPlan, statistics: Sequence[Statistic] = STATISTICS
) -> list[CorrelationEstimate]:
    """Return the records of one stratum, by metric, then statistic."""
    return [
        _estimate(bootstrap, plan, m, statistic)
        for m in range(len(bootstrap.sample.metrics))
        for statistic in statistics
    ]


def _bootstrap_stratum(sample: StratumSample, plan: ResamplingPlan, n_threads: int | None) -> StratumBootstrap:
    points = [[point_estimate(statistic, sample.human, row) for statistic in STATISTICS] for row in sample.scores]
    estimates = np.array([[value for value, _ in row] for row in points]).reshape(-1, len(STATISTICS))
    reasons = tuple(tuple(reason for _, reason in row) for row in points)
    if not sample.can_be_resampled:
        return StratumBootstrap(sample, estimates, reasons, None, None)
    weighted = prepare(sample.human, sample.scores, sample.clusters)
    found = replicate(
        partial(weighted_statistics, weighted),
        estimates.shape,
        plan,
        sample.stratum,
        weighted.n_clusters,
        weighted.bytes_per_lane(),
        n_threads,
    )
    return StratumBootstrap(sample, estimates, reasons, found.resampled, found.jackknife)


def _estimate(
    bootstrap: StratumBootstrap, plan: ResamplingPlan, metric: int, statistic: Statistic
) -> CorrelationEstimate:
    s = STATISTICS.index(statistic)
    estimate, reason = float(bootstrap.estimates[metric, s]), bootstrap.reasons[metric][s]
    low, high, remark = _interval(bootstrap, plan, metric, s)
    return CorrelationEstimate(
        metric=bootstrap.sample.metrics[metric],
        stratum=bootstrap.sample.stratum,
        statistic=statistic.id,
        n_pairs=bootstrap.sample.n_pairs,
        n_clusters=bootstrap.sample.n_clusters,
        estimate=estimate,
        low=low,
        high=high,
        **plan.as_fields(),
        note="; ".join(filter(None, [reason, remark])),
    )


def _interval(bootstrap: StratumBootstrap, plan: ResamplingPlan, metric: int, s: int) -> Interval:
    estimate = float(bootstrap.estimates[metric, s])
    if np.isnan(estimate):
        return np.nan, np.nan, ""
    if bootstrap.resampled is None:
        return np.nan, np.nan, too_few_clusters(bootstrap.sample.n_clusters, f"{plan.unit}s")
    jackknife = None if bootstrap.jackknife is None else bootstrap.jackknife[:, metric, s]
    resampled = bootstrap.resampled[:, metric, s]
    n_clusters = bootstrap.sample.n_clusters
    return bootstrap_interval(plan.ci_method, estimate, resampled, plan.confidence_level, n_clusters, jackknife)
