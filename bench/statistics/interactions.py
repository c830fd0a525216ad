"""Is A better than B on some sounds and not on others? Differences of differences, resampled together.

That A leads B on natural clips with p = .01 and on synthesized ones with p = .2 does not show that the lead differs
(Gelman & Stern 2006): the difference of the two leads does, if its own interval leaves 0 out. Strata share captions,
so captions are drawn once over all of them, and every stratum is evaluated on the same draw.

Intervals are simultaneous over all pairs of metrics and of strata, by the largest studentised deviation of each
resample (max-T; Westfall & Young 1993; Romano & Wolf 2005), and the adjusted p-value comes from the same deviations: it
is at most 1 - the confidence level exactly where the simultaneous interval leaves 0 out.

Not valid as a statement on metrics alone where the spread of the ratings differs between strata: a narrow range lowers
every correlation and with it every lead. A lead that changes its sign cannot come from that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from jaxtyping import Float, Int, UInt8
from scipy.special import ndtri, stdtrit

from bench.statistics.agreement import SRCC, point_estimate
from bench.statistics.intervals import Measured
from bench.statistics.replicates import Replicates, replicate
from bench.statistics.sample import MIN_CLUSTERS, Scores, Strata, StratumSample, split_strata
from bench.statistics.types import Resampled, ResamplingPlan
from bench.statistics.weighted import prepare, weighted_srcc


@dataclass(frozen=True, slots=True)
class Interaction(Resampled):
    """(A - B) in ``stratum_a`` minus (A - B) in ``stratum_b``.

    Attributes:
        difference: of the differences; positive: A's lead over B is larger in ``stratum_a``.
        sim_low, sim_high: simultaneous over all pairs of metrics and all pairs of strata of this kind.
        p_adjusted: from the same simultaneous intervals.
    """

    metric_a: str
    metric_b: str
    stratum_a: str
    stratum_b: str
    statistic: str
    difference: Measured
    sim_low: float
    sim_high: float
    p_adjusted: float
    note: str = ""


def interactions(
    human: Float[np.ndarray, " pairs"],
    scores: Scores,
    strata: Strata,
    captions: Int[np.ndarray, " pairs"],
    plan: ResamplingPlan,
    n_threads: int | None = None,
) -> list[Interaction]:
    """Compare the leads of every two metrics in SRCC between every two strata.

    Args:
        human: mean ratings, on any one scale.
        scores: by metric; baselines left out by the caller.
        strata: of one kind, by id; those without pairs are left out.
        captions: of each pair, as any integers; ignored if the plan's unit is ``pair``.
        plan: resamples, unit, interval, seed.
        n_threads: None takes every core; the results do not depend on it.

    Returns:
        Records by pair of strata, then pair of metrics; none with fewer than two of either.
    """
    masks = {stratum: mask for stratum, mask in strata.items() if mask.any()}
    if len(masks) < 2 or len(scores) < 2:
        return []
    union = np.logical_or.reduce(list(masks.values()))
    [sample] = split_strata(human, scores, {"|".join(masks): union}, captions, plan.unit)
    found = _resampled(sample, [mask[union] for mask in masks.values()], plan, n_threads)
    places = [
        _Place(two, metrics)
        for two in combinations(range(len(masks)), 2)
        for metrics in combinations(range(len(scores)), 2)
    ]
    deltas = np.array([place.of(found.estimates[None])[0] for place in places])
    bounds = max_t(lambda k: places[k].of(found.replicates.resampled), deltas, plan, min(found.n_clusters))
    return [
        _interaction(found, place, tuple(masks), sample.metrics, plan, bound)
        for place, bound in zip(places, bounds, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class _Place:
    """Which two strata, and which two metrics."""

    strata: tuple[int, int]
    metrics: tuple[int, int]

    def of(self, values: Float[np.ndarray, "replicates strata metrics"]) -> Float[np.ndarray, " replicates"]:
        """Return the difference of the differences."""
        (a, b), (i, j) = self.strata, self.metrics
        gap: np.ndarray = (values[:, a, i] - values[:, a, j]) - (values[:, b, i] - values[:, b, j])
        return gap


@dataclass(frozen=True, slots=True)
class _Strata:
    """SRCC of all metrics in several strata of one sample: on the sample, and on the same draws of clusters."""

    estimates: Float[np.ndarray, "strata metrics"]
    replicates: Replicates
    n_clusters: tuple[int, ...]


def _resampled(sample: StratumSample, masks: list[np.ndarray], plan: ResamplingPlan, n_threads: int | None) -> _Strata:
    parts = [np.flatnonzero(mask) for mask in masks]
    prepared = [
        prepare(sample.human[part], sample.scores[:, part], sample.clusters[part], sample.n_clusters) for part in parts
    ]

    def values_of(weights: UInt8[np.ndarray, "clusters lanes"]) -> Float[np.ndarray, "lanes strata metrics"]:
        return np.stack([weighted_srcc(one, weights) for one in prepared], axis=1)

    estimates = [[point_estimate(SRCC, sample.human[i], row[i])[0] for row in sample.scores] for i in parts]
    shape, size = (len(parts), len(sample.metrics)), max(one.bytes_per_lane() for one in prepared)
    found = replicate(values_of, shape, plan, sample.stratum, sample.n_clusters, size, n_threads)
    return _Strata(np.array(estimates), found, tuple(len(np.unique(sample.clusters[part])) for part in parts))


def _interaction(
    found: _Strata,
    place: _Place,
    strata: tuple[str, ...],
    metrics: tuple[str, ...],
    plan: ResamplingPlan,
    bound: Float[np.ndarray, " 3"],
) -> Interaction:
    """Return one record; its own interval rests on the clusters of the smaller stratum."""
    (a, b), (i, j) = place.strata, place.metrics
    delta = float(place.of(found.estimates[None])[0])
    low, high, p_adjusted = map(float, bound)
    return Interaction(
        metric_a=metrics[i],
        metric_b=metrics[j],
        stratum_a=strata[a],
        stratum_b=strata[b],
        statistic=SRCC.id,
        difference=found.replicates.map(place.of).measured(delta, plan, min(found.n_clusters[a], found.n_clusters[b])),
        sim_low=low,
        sim_high=high,
        p_adjusted=p_adjusted,
        **plan.as_fields(),
        note=_why_undefined(found.estimates, place, strata, metrics),
    )


def max_t(
    resampled: Callable[[int], Float[np.ndarray, " resamples"]],
    deltas: Float[np.ndarray, " comparisons"],
    plan: ResamplingPlan,
    n_clusters: int,
) -> Float[np.ndarray, "comparisons 3"]:
    """Return low and high ends of simultaneous intervals, and p-values adjusted by the same maxima.

    The critical value c is the smallest order statistic of max |delta* - delta| / SE that leaves no more than
    1 - level above it, and p = (number of maxima >= |delta| / SE, + 1) / (resamples + 1): p <= 1 - level exactly
    where |delta| > c SE. Comparisons that are undefined, have no spread, or rest on too few clusters are NaN and do
    not count, nor do resamples on which all are undefined. Fewer than 19 resamples allow no interval at 95 %.

    Args:
        resampled: returns the values of a comparison, by its number, on the same resamples.
        deltas: the comparisons on the sample itself.
        plan: level, and whether maxima are widened for few clusters as `expanded` widens quantiles.
        n_clusters: that the comparisons rest on.
    """
    errors = np.array([_spread(resampled(k)) for k in range(len(deltas))])
    tested = (errors > 0) & ~np.isnan(deltas)
    bounds = np.full((len(deltas), 3), np.nan)
    if not tested.any() or n_clusters < MIN_CLUSTERS:
        return bounds
    maxima = np.full_like(resampled(0), np.nan)
    for k in np.flatnonzero(tested):
        maxima = np.fmax(maxima, np.abs(resampled(int(k)) - deltas[k]) / errors[k])
    maxima = np.sort(maxima[~np.isnan(maxima)] * _widening(plan, n_clusters))
    rank = int(np.ceil(plan.confidence_level * (len(maxima) + 1)))
    critical = maxima[rank - 1] if rank <= len(maxima) else np.nan
    observed = np.abs(deltas[tested]) / errors[tested]
    at_least = len(maxima) - np.searchsorted(maxima, observed, side="left")
    half = critical * errors[tested]
    p_values = (at_least + 1) / (len(maxima) + 1)
    bounds[tested] = np.stack([deltas[tested] - half, deltas[tested] + half, p_values], axis=1)
    return bounds


def _spread(values: Float[np.ndarray, " resamples"]) -> float:
    """Return the standard error; NaN where most resamples are undefined."""
    defined = values[~np.isnan(values)]
    return float(np.std(defined, ddof=1)) if 2 * len(defined) >= max(len(values), 4) else np.nan


def _widening(plan: ResamplingPlan, n_clusters: int) -> float:
    """Return by how much `expanded` moves the quantiles of so few clusters outwards (Hesterberg 2015, section 5.3)."""
    if plan.ci_method != "expanded":
        return 1.0
    tail = (1 - plan.confidence_level) / 2
    return float(np.sqrt(n_clusters / (n_clusters - 1)) * stdtrit(n_clusters - 1, tail) / ndtri(tail))


def _why_undefined(
    estimates: Float[np.ndarray, "strata metrics"], place: _Place, strata: tuple[str, ...], metrics: tuple[str, ...]
) -> str:
    missing = [f"{metrics[m]} in {strata[s]}" for m in place.metrics for s in place.strata if np.isnan(estimates[s, m])]
    return f"no estimate for {' and '.join(missing)}" if missing else ""
