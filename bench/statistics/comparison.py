"""Is metric A better than metric B? Differences, their intervals, p-values and rank clusters.

A difference is ``metric_a - metric_b`` on the same pairs and the same resamples, so that what both metrics share
(easy captions, generous listeners) cancels. p-values come from caption-level permutation, adjusted within each table of
one stratum and one statistic.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from jaxtyping import Float, Int

from bench.statistics.agreement import BY_ID, STATISTICS, Statistic
from bench.statistics.bootstrap import CorrelationEstimate, StratumBootstrap, bootstrap_strata
from bench.statistics.intervals import Interval, bootstrap_interval, too_few_clusters
from bench.statistics.permutation import permutation_p_value, swapped_differences
from bench.statistics.sample import Scores, Strata
from bench.statistics.types import DEFAULT_PLAN, IntervalMethod, ResampleUnit, ResamplingPlan


@dataclass(frozen=True, slots=True)
class CorrelationDifference:
    """``metric_a`` minus ``metric_b`` on the same pairs and the same resamples.

    ``p_value`` is two-sided, ``(count + 1) / (n + 1)``; ``p_holm`` is adjusted (Holm 1979) within the table.
    """

    metric_a: str
    metric_b: str
    stratum: str
    statistic: str
    n_pairs: int
    n_clusters: int
    delta: float
    low: float
    high: float
    p_value: float
    p_holm: float
    confidence_level: float
    ci_method: IntervalMethod
    resample_unit: ResampleUnit
    n_resamples: int
    n_permutations: int
    seed: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class RankCluster:
    """Where a metric stands in one stratum: cluster 1 holds the best; within a cluster no difference was shown."""

    metric: str
    stratum: str
    statistic: str
    cluster: int


def compare_metrics(
    human: Float[np.ndarray, " pairs"],
    scores: Scores,
    strata: Strata,
    clusters: Int[np.ndarray, " pairs"],
    plan: ResamplingPlan,
    statistics: Sequence[Statistic] = STATISTICS,
    n_permutations: int = DEFAULT_PLAN.n_resamples,
    n_threads: int | None = None,
) -> list[CorrelationDifference]:
    """Compare every metric with every later one, on each stratum and statistic.

    Args:
        human, scores, strata, clusters, plan, n_threads: as in `bench.statistics.bootstrap.bootstrap_strata`.
        n_permutations: 0 leaves the p-values NaN.

    Returns:
        Records by stratum, then pair of metrics, then statistic.

    Raises:
        DataError: NaN or infinite ratings or scores.
    """
    return [
        difference
        for bootstrap in bootstrap_strata(human, scores, strata, clusters, plan, n_threads)
        for difference in differences_of(bootstrap, plan, statistics, n_permutations, n_threads)
    ]


def differences_of(
    bootstrap: StratumBootstrap,
    plan: ResamplingPlan,
    statistics: Sequence[Statistic] = STATISTICS,
    n_permutations: int = DEFAULT_PLAN.n_resamples,
    n_threads: int | None = None,
) -> list[CorrelationDifference]:
    """Return the records of one stratum, by pair of metrics, then statistic."""
    pairs = list(combinations(range(len(bootstrap.sample.metrics)), 2))
    p_values = _p_values(bootstrap, pairs, plan.seed, n_permutations, n_threads)
    adjusted = np.array([holm(column) for column in p_values.T]).T
    return [
        _difference(bootstrap, plan, pair, s, float(p_values[c, s]), float(adjusted[c, s]), n_permutations)
        for c, pair in enumerate(pairs)
        for s in map(STATISTICS.index, statistics)
    ]


def holm(p_values: Float[np.ndarray, " tests"]) -> Float[np.ndarray, " tests"]:
    """Return Holm's (1979) adjusted p-values; NaN stays NaN and does not count as a test."""
    adjusted = np.full(len(p_values), np.nan)
    tested = np.flatnonzero(~np.isnan(p_values))
    order = tested[np.argsort(p_values[tested], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(1, np.maximum.accumulate(factors * p_values[order]))
    return adjusted


def rank_clusters(
    estimates: Sequence[CorrelationEstimate], differences: Sequence[CorrelationDifference], level: float = 0.05
) -> list[RankCluster]:
    """Group the metrics of each stratum and statistic into clusters, best first, as WMT's metrics task ranks.

    Going down the ranking, a metric opens a new cluster if any metric of the current one is better with ``p_holm`` at
    or below ``level`` (mt-metrics-eval, data.py, AssignRanks). Metrics of one cluster may still differ
    from each other in truth: no difference was shown. Metrics without an estimate are left out.
    """
    p_of = {(d.stratum, d.statistic, frozenset((d.metric_a, d.metric_b))): d.p_holm for d in differences}
    clusters: list[RankCluster] = []
    for stratum, statistic in dict.fromkeys((e.stratum, e.statistic) for e in estimates):
        table = [e for e in estimates if (e.stratum, e.statistic) == (stratum, statistic)]
        p_between = {pair: p for (a, b, pair), p in p_of.items() if (a, b) == (stratum, statistic)}
        clusters += _clusters_of(table, p_between, level)
    return clusters


def _clusters_of(
    table: Sequence[CorrelationEstimate], p_between: Mapping[frozenset[str], float], level: float
) -> list[RankCluster]:
    sign = -1 if BY_ID[table[0].statistic].higher_is_better else 1
    ranked = sorted((e for e in table if not np.isnan(e.estimate)), key=lambda e: (sign * e.estimate, e.metric))
    cluster, members, found = 1, list[str](), list[RankCluster]()
    for estimate in ranked:
        if any(p_between.get(frozenset((other, estimate.metric)), np.nan) <= level for other in members):
            cluster, members = cluster + 1, []
        members.append(estimate.metric)
        found.append(RankCluster(estimate.metric, estimate.stratum, estimate.statistic, cluster))
    return found


def _p_values(
    bootstrap: StratumBootstrap,
    comparisons: Sequence[tuple[int, int]],
    seed: int,
    n_permutations: int,
    n_threads: int | None,
) -> Float[np.ndarray, "comparisons statistics"]:
    """Return a p-value wherever both metrics have an estimate and the stratum has enough clusters to resample."""
    p_values = np.full((len(comparisons), len(STATISTICS)), np.nan)
    if not (comparisons and n_permutations and bootstrap.sample.can_be_resampled):
        return p_values
    permuted = swapped_differences(bootstrap.sample, comparisons, seed, n_permutations, n_threads)
    for c, (a, b) in enumerate(comparisons):
        for s, delta in enumerate(bootstrap.estimates[a] - bootstrap.estimates[b]):
            if not np.isnan(delta):
                p_values[c, s] = permutation_p_value(float(delta), permuted[:, c, s])
    return p_values


def _difference(
    bootstrap: StratumBootstrap,
    plan: ResamplingPlan,
    pair: tuple[int, int],
    s: int,
    p_value: float,
    p_holm: float,
    n_permutations: int,
) -> CorrelationDifference:
    a, b = pair
    low, high, note = _paired_interval(bootstrap, plan, a, b, s)
    return CorrelationDifference(
        metric_a=bootstrap.sample.metrics[a],
        metric_b=bootstrap.sample.metrics[b],
        stratum=bootstrap.sample.stratum,
        statistic=STATISTICS[s].id,
        n_pairs=bootstrap.sample.n_pairs,
        n_clusters=bootstrap.sample.n_clusters,
        delta=float(bootstrap.estimates[a, s] - bootstrap.estimates[b, s]),
        low=low,
        high=high,
        p_value=p_value,
        p_holm=p_holm,
        **plan.as_fields(),
        n_permutations=n_permutations,
        note=note,
    )


def _paired_interval(bootstrap: StratumBootstrap, plan: ResamplingPlan, a: int, b: int, s: int) -> Interval:
    delta = float(bootstrap.estimates[a, s] - bootstrap.estimates[b, s])
    if np.isnan(delta):
        missing = [bootstrap.sample.metrics[m] for m in (a, b) if np.isnan(bootstrap.estimates[m, s])]
        return np.nan, np.nan, f"no estimate for {' and '.join(missing)}"
    if bootstrap.resampled is None:
        return np.nan, np.nan, too_few_clusters(bootstrap.sample.n_clusters)
    resampled = bootstrap.resampled[:, a, s] - bootstrap.resampled[:, b, s]
    jackknife = None
    if bootstrap.jackknife is not None:
        jackknife = bootstrap.jackknife[:, a, s] - bootstrap.jackknife[:, b, s]
    n_clusters = bootstrap.sample.n_clusters
    return bootstrap_interval(plan.ci_method, delta, resampled, plan.confidence_level, n_clusters, jackknife)
