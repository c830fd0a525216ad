"""Is metric A better than metric B? Differences, their intervals and p-values.

A difference is ``metric_a - metric_b`` on the same pairs and the same resamples, so that what both metrics share
(easy captions, generous listeners) cancels. p-values come from caption-level permutation. p-values and simultaneous
intervals are adjusted within a family: all comparisons between metrics by one statistic on one stratum. Comparisons
with a baseline are a second family, which costs the first one nothing.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from jaxtyping import Float, Int

from bench.statistics.agreement import STATISTICS, Statistic
from bench.statistics.bootstrap import StratumBootstrap, bootstrap_strata
from bench.statistics.contributions import Comparisons, contributions
from bench.statistics.intervals import Interval, bootstrap_interval, too_few_clusters
from bench.statistics.max_t import LEVEL, PairedSpread, critical_value, paired_spreads
from bench.statistics.permutation import Terms, at_resolution, permutation_tests
from bench.statistics.sample import Scores, Strata
from bench.statistics.types import IntervalMethod, ResampleUnit, ResamplingPlan


@dataclass(frozen=True, slots=True)
class CorrelationDifference:
    """``metric_a`` minus ``metric_b`` on the same pairs and the same resamples.

    Attributes:
        low, high: interval of this difference by itself; NaN where ``note`` says why.
        p_value: two-sided, ``(count + 1) / (n + 1)``, by itself.
        p_adjusted: adjusted for all comparisons of its family (step-down max-T).
        sim_low, sim_high: ends of the interval that covers together with all others of the family; NaN where
            ``sim_note`` says why.
        with_baseline: whether it belongs to the family of comparisons with a baseline.
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
    sim_low: float
    sim_high: float
    p_value: float
    p_adjusted: float
    with_baseline: bool
    confidence_level: float
    ci_method: IntervalMethod
    resample_unit: ResampleUnit
    n_resamples: int
    n_permutations: int
    seed: int
    note: str = ""
    sim_note: str = ""

    @property
    def is_shown(self) -> bool:
        """Whether the adjusted p is at or below `LEVEL`."""
        return self.p_adjusted <= LEVEL

    @property
    def at_resolution(self) -> bool:
        """Whether no permutation came as far as the data: p is at most this, and could be anything below."""
        return at_resolution(self.p_adjusted, self.n_permutations)


def compare_metrics(
    human: Float[np.ndarray, " pairs"],
    scores: Scores,
    strata: Strata,
    clusters: Int[np.ndarray, " pairs"],
    plan: ResamplingPlan,
    statistics: Sequence[Statistic] = STATISTICS,
    n_threads: int | None = None,
    n_tables: int = 1,
) -> list[CorrelationDifference]:
    """Compare every metric with every later one, on each stratum and statistic.

    Args:
        human, scores, strata, clusters, plan, n_threads: as in `bench.statistics.bootstrap.bootstrap_strata`.
        statistics, n_tables: as in `differences_of`.

    Returns:
        Records by stratum, then pair of metrics, then statistic.

    Raises:
        DataError: NaN or infinite ratings or scores.
    """
    return [
        difference
        for bootstrap in bootstrap_strata(human, scores, strata, clusters, plan, n_threads)
        for difference in differences_of(
            bootstrap, plan, paired_spreads(bootstrap), statistics, n_threads=n_threads, n_tables=n_tables
        )
    ]


def differences_of(
    bootstrap: StratumBootstrap,
    plan: ResamplingPlan,
    spreads: Sequence[PairedSpread],
    statistics: Sequence[Statistic] = STATISTICS,
    baselines: Collection[str] = (),
    n_threads: int | None = None,
    n_tables: int = 1,
) -> list[CorrelationDifference]:
    """Return the records of one stratum, by pair of metrics, then statistic.

    Args:
        plan: without permutations the p-values are NaN.
        spreads: by statistic, as `bench.statistics.max_t.paired_spreads` returns them for the same baselines.
        baselines: metrics whose comparisons are a family of their own.
        n_tables: how many tables like this one, with other metrics, are read together: simultaneous intervals have
            the level 1 - (1 - level) / n_tables (Bonferroni).
    """
    pairs = list(combinations(range(len(bootstrap.sample.metrics)), 2))
    beside = [any(bootstrap.sample.metrics[m] in baselines for m in pair) for pair in pairs]
    p_values = _p_values(bootstrap, pairs, beside, plan, n_threads)
    level = 1 - (1 - plan.confidence_level) / n_tables
    critical = {
        (s, family): critical_value(spread.maxima(family), level, plan.ci_method, spread.n_clusters)
        for s, spread in enumerate(spreads)
        for family in (False, True)
    }
    found = []
    for c, (a, b) in enumerate(pairs):
        for s in map(STATISTICS.index, statistics):
            error = float(spreads[s].error[a, b]) if spreads else math.nan
            half_width = error * critical.get((s, beside[c]), math.nan)
            found.append(_difference(bootstrap, plan, (a, b), s, p_values[:, c, s], half_width, beside[c]))
    return found


def _p_values(
    bootstrap: StratumBootstrap,
    comparisons: Comparisons,
    beside: Sequence[bool],
    plan: ResamplingPlan,
    n_threads: int | None,
) -> Float[np.ndarray, "2 comparisons statistics"]:
    """Return p-values and adjusted ones wherever both metrics have an estimate and there are clusters to swap."""
    p_values = np.full((2, len(comparisons), len(STATISTICS)), np.nan)
    sample, defined = bootstrap.sample, ~np.isnan(bootstrap.estimates)
    if not (comparisons and plan.n_permutations and sample.can_be_resampled):
        return p_values
    terms, places, families = list[Terms](), list[tuple[int, int]](), list[np.ndarray]()
    for s, statistic in enumerate(STATISTICS):
        kept = [c for c, (a, b) in enumerate(comparisons) if defined[a, s] and defined[b, s]]
        if kept:
            terms.append(contributions(statistic, sample, [comparisons[c] for c in kept], n_threads))
        for family in (False, True):
            families.append(len(places) + np.array([i for i, c in enumerate(kept) if beside[c] == family], int))
        places += [(c, s) for c in kept]
    if places:
        tests = permutation_tests(
            Terms.joined(terms), families, plan.seed, sample.stratum, plan.n_permutations, n_threads
        )
        at = tuple(np.array(places).T)
        p_values[0][at], p_values[1][at] = tests.p_value, tests.p_adjusted
    return p_values


def _difference(
    bootstrap: StratumBootstrap,
    plan: ResamplingPlan,
    pair: tuple[int, int],
    s: int,
    p_values: Float[np.ndarray, " 2"],
    half_width: float,
    with_baseline: bool,
) -> CorrelationDifference:
    a, b = pair
    low, high, note = _paired_interval(bootstrap, plan, a, b, s)
    delta = float(bootstrap.estimates[a, s] - bootstrap.estimates[b, s])
    no_interval = not math.isfinite(half_width)
    return CorrelationDifference(
        metric_a=bootstrap.sample.metrics[a],
        metric_b=bootstrap.sample.metrics[b],
        stratum=bootstrap.sample.stratum,
        statistic=STATISTICS[s].id,
        n_pairs=bootstrap.sample.n_pairs,
        n_clusters=bootstrap.sample.n_clusters,
        delta=delta,
        low=low,
        high=high,
        sim_low=math.nan if no_interval else delta - half_width,
        sim_high=math.nan if no_interval else delta + half_width,
        p_value=float(p_values[0]),
        p_adjusted=float(p_values[1]),
        with_baseline=with_baseline,
        **plan.as_fields(),
        n_permutations=plan.n_permutations,
        note=note,
        sim_note=_why_not_simultaneous(bootstrap, plan, delta, note) if no_interval else "",
    )


def _why_not_simultaneous(bootstrap: StratumBootstrap, plan: ResamplingPlan, delta: float, note: str) -> str:
    if math.isnan(delta) or bootstrap.resampled is None:
        return note
    return f"no simultaneous interval from {plan.n_resamples:,} resamples"


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
