"""Two-sided confidence intervals from resampled values.

``resampled`` holds a statistic's value on each bootstrap resample; NaN where it was undefined there (every drawn pair
had the same score, say). Such resamples are left out and counted; more than half of them and there is no interval.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.special import ndtr, ndtri, stdtrit

from bench.statistics.sample import MIN_CLUSTERS
from bench.statistics.types import IntervalMethod, ResamplingPlan

Interval = tuple[float, float, str]
"""Low end, high end, and a remark or the reason why they are NaN."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A value with its confidence interval.

    Attributes:
        note: a remark on the interval or the reason why it has none.
        n_clusters: that the interval rests on; 0 where there is none.
    """

    estimate: float
    low: float
    high: float
    note: str = ""
    n_clusters: int = 0


MAX_UNDEFINED_SHARE = 0.5
ROUNDING = 1e-12


def bootstrap_interval(
    method: IntervalMethod,
    estimate: float,
    resampled: Float[np.ndarray, " resamples"],
    confidence_level: float,
    n_clusters: int,
    jackknife: Float[np.ndarray, " replicates"] | None = None,
) -> Interval:
    """Return the interval by the named method; ``jackknife`` is needed by BCa alone, ``n_clusters`` by ``expanded``.

    Raises:
        ValueError: BCa without a jackknife: no other interval is passed off as BCa.
    """
    if method == "bca" and jackknife is None:
        raise ValueError("BCa needs the values without each cluster in turn; there are none")
    undefined = np.isnan(resampled)
    n_undefined = int(np.count_nonzero(undefined))
    defined = resampled[~undefined] if n_undefined else resampled
    if n_undefined > MAX_UNDEFINED_SHARE * len(resampled):
        return np.nan, np.nan, f"undefined on {n_undefined} of {len(resampled)} resamples"
    remark = f"{n_undefined} of {len(resampled)} resamples undefined and left out" if n_undefined else ""
    if method == "bca" and jackknife is not None:
        low, high, reason = bca_interval(estimate, defined, jackknife, confidence_level)
        return low, high, reason or remark
    if method == "expanded":
        return (*expanded_interval(defined, confidence_level, n_clusters), remark)
    return (*percentile_interval(defined, confidence_level), remark)


def percentile_interval(resampled: Float[np.ndarray, " resamples"], confidence_level: float) -> tuple[float, float]:
    """Return the percentile interval (Efron & Tibshirani 1993, eq. 13.5), quantiles interpolated linearly."""
    return _between(resampled, (1 - confidence_level) / 2)


def expanded_interval(
    resampled: Float[np.ndarray, " resamples"], confidence_level: float, n_clusters: int
) -> tuple[float, float]:
    """Return the percentile interval with wider tails for few clusters (Hesterberg 2015, section 5.3).

    The quantiles are those that make a percentile interval of a mean as wide as Student's t interval: a bootstrap
    distribution is too narrow by sqrt((n - 1) / n), and its quantiles know nothing of the uncertainty of its own width.
    """
    z = np.sqrt(n_clusters / (n_clusters - 1)) * stdtrit(n_clusters - 1, (1 - confidence_level) / 2)
    return _between(resampled, float(ndtr(z)))


def _between(resampled: Float[np.ndarray, " resamples"], tail: float) -> tuple[float, float]:
    low, high = quantiles(resampled, (tail, 1 - tail))
    return low, high


def quantiles(values: Float[np.ndarray, " n"], levels: tuple[float, ...]) -> tuple[float, ...]:
    """Return quantiles, interpolated linearly, NaN of nothing: those of np.quantile, to the bit, in half its time."""
    if not len(values):
        return (math.nan,) * len(levels)
    places = [level * (len(values) - 1) for level in levels]
    below = [math.floor(place) for place in places]
    above = [min(index + 1, len(values) - 1) for index in below]
    ordered = np.partition(values, sorted({*below, *above}))
    return tuple(
        _between_neighbours(float(ordered[i]), float(ordered[j]), place - i)
        for place, i, j in zip(places, below, above, strict=True)
    )


def _between_neighbours(low: float, high: float, share: float) -> float:
    """Interpolate from the nearer end, as numpy does."""
    return low + (high - low) * share if share < 0.5 else high - (high - low) * (1 - share)


def too_few_clusters(n_clusters: int, units: str = "clusters") -> str:
    """Return why so few clusters give no interval; empty if they give one. ``units``: what they are, in words."""
    if n_clusters >= MIN_CLUSTERS:
        return ""
    counted = f"{n_clusters} {units.removesuffix('s') if n_clusters == 1 else units}"
    return f"no interval: {counted}, fewer than {MIN_CLUSTERS}"


def measured(
    estimate: float,
    resampled: Float[np.ndarray, " resamples"],
    plan: ResamplingPlan,
    n_clusters: int,
    jackknife: Float[np.ndarray, " replicates"] | None = None,
) -> Measured:
    """Return the estimate with its interval by the plan's method.

    No interval, with the reason: an undefined estimate, too few clusters, more than half the resamples undefined.

    Args:
        estimate: on the data themselves; NaN where undefined.
        resampled: the values on each resample.
        plan: names the method and the level.
        n_clusters: that the value rests on: of those that are drawn, the ones that can change it.
        jackknife: the values without each cluster in turn, for BCa.
    """
    if np.isnan(estimate):
        return Measured(np.nan, np.nan, np.nan)
    if reason := too_few_clusters(n_clusters, f"{plan.unit}s"):
        return Measured(float(estimate), np.nan, np.nan, reason)
    interval = bootstrap_interval(plan.ci_method, estimate, resampled, plan.confidence_level, n_clusters, jackknife)
    return Measured(float(estimate), *interval, n_clusters=0 if np.isnan(interval[0]) else n_clusters)


def bca_interval(
    estimate: float,
    resampled: Float[np.ndarray, " resamples"],
    jackknife: Float[np.ndarray, " replicates"],
    confidence_level: float,
) -> Interval:
    """Return the bias-corrected and accelerated interval (Efron & Tibshirani 1993, eqs. 14.9, 14.10, 14.14, 14.15).

    As in scipy.stats.bootstrap, resamples equal to the estimate count half in the bias correction; equal means within
    `ROUNDING`, as estimate and resampled values are added up in different orders. Not valid for a handful of
    clusters, nor where the statistic is at the edge of its range on nearly every resample.
    """
    below = np.mean(resampled < estimate - ROUNDING)
    z0 = float(ndtri((below + np.mean(resampled <= estimate + ROUNDING)) / 2))
    acceleration = _acceleration(jackknife)
    if not np.isfinite(z0) or not np.isfinite(acceleration):
        return np.nan, np.nan, "BCa undefined: the resampled or jackknife values all lie on one side or are equal"
    tail = (1 - confidence_level) / 2
    z = z0 + ndtri(np.array([tail, 1 - tail]))
    first, second = map(float, ndtr(z0 + z / (1 - acceleration * z)))
    low, high = quantiles(resampled, (first, second))
    return low, high, ""


def _acceleration(jackknife: Float[np.ndarray, " replicates"]) -> float:
    """Return a_hat, a sixth of the jackknife values' skewness; NaN if they are undefined or all equal."""
    deviations = jackknife.mean() - jackknife
    spread = np.sum(deviations**2)
    return float(np.sum(deviations**3) / (6 * spread**1.5)) if spread > 0 else np.nan
