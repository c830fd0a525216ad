"""Is A better than B on some sounds and not on others? Differences of differences, resampled together.

That A leads B on natural clips with p = .01 and on synthesized ones with p = .2 does not show that the lead differs
(Gelman & Stern 2006): the difference of the two leads does, if its own interval leaves 0 out. Strata share captions,
so captions are drawn once over all of them, and every stratum is evaluated on the same draw.

Intervals and p-values are adjusted for all pairs of metrics and of strata by the same resamples
(`bench.statistics.max_t`): p is at most 1 - the confidence level wherever the simultaneous interval leaves 0 out, and,
by step-down, now and then elsewhere.

Not valid as a statement on metrics alone where the spread of the ratings differs between strata: a narrow range lowers
every correlation and with it every lead. A lead that changes its sign cannot come from that.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from jaxtyping import Float, Int, UInt8

from bench.statistics.agreement import SRCC, point_estimate
from bench.statistics.intervals import Measured
from bench.statistics.max_t import max_t
from bench.statistics.replicates import Replicates, replicate
from bench.statistics.sample import Scores, Strata, StratumSample, split_strata
from bench.statistics.types import Resampled, ResamplingPlan
from bench.statistics.weighted import prepare, weighted_srcc


@dataclass(frozen=True, slots=True)
class Interaction(Resampled):
    """(A - B) in ``stratum_a`` minus (A - B) in ``stratum_b``.

    Attributes:
        difference: of the differences; positive: A's lead over B is larger in ``stratum_a``.
        sim_low, sim_high: simultaneous over all pairs of metrics and all pairs of strata of this kind.
        p_adjusted: two-sided, adjusted for the same comparisons by step-down.
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
    tests = max_t(deltas, lambda k: places[k].of(found.replicates.resampled), plan, min(found.n_clusters))
    half_widths = tests.critical * tests.error
    bounds = np.stack([deltas - half_widths, deltas + half_widths, tests.p_adjusted], axis=1)
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


def _why_undefined(
    estimates: Float[np.ndarray, "strata metrics"], place: _Place, strata: tuple[str, ...], metrics: tuple[str, ...]
) -> str:
    missing = [f"{metrics[m]} in {strata[s]}" for m in place.metrics for s in place.strata if np.isnan(estimates[s, m])]
    return f"no estimate for {' and '.join(missing)}" if missing else ""
