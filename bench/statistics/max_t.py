"""What chance makes of the largest of many differences: maxima of |t|, resample by resample.

Differences are studentised by their bootstrap standard errors, so that all of them have an equal chance to be the
largest, and the maxima are taken over the same resamples that single intervals are made from. Their quantile c takes
the place of 1.96: difference ± c SE covers all true differences at once (Romano & Wolf 2005; Westfall & Young 1993).
Adjusted p-values come from the same deviations by step-down (`bench.statistics.step_down`), which shows what the
intervals show, and now and then more. With ``expanded`` every |t| is stretched for few clusters before it is counted or
a quantile is taken, so that p = (c + 1) / (n + 1) can fall to 1 / (n + 1) all the same.

`max_t` is for any comparisons on the same resamples, `paired_spread` for all pairs of metrics of a stratum, in which
comparisons with a baseline are a family of their own, so that adding baselines widens nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from jaxtyping import Float
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from bench.statistics.agreement import STATISTICS, Statistic
from bench.statistics.bootstrap import StratumBootstrap
from bench.statistics.intervals import MAX_UNDEFINED_SHARE, ROUNDING
from bench.statistics.sample import MIN_CLUSTERS
from bench.statistics.step_down import adjusted_p_values, count_maxima, deciding_order, no_maxima
from bench.statistics.types import IntervalMethod, ResamplingPlan

LEVEL = 0.05
"""A difference is called shown where its adjusted p is at or below this."""


@dataclass(frozen=True, slots=True)
class MaxT:
    """A family of comparisons on the same resamples.

    Attributes:
        error: standard errors; NaN for comparisons that are not tested.
        critical: c of simultaneous intervals ± c SE; NaN with too few resamples.
        p_adjusted: two-sided, by step-down; NaN for comparisons that are not tested.
    """

    error: Float[np.ndarray, " comparisons"]
    critical: float
    p_adjusted: Float[np.ndarray, " comparisons"]


def max_t(
    estimates: Float[np.ndarray, " comparisons"],
    resampled: Callable[[int], Float[np.ndarray, " resamples"] | None],
    plan: ResamplingPlan,
    n_clusters: int,
) -> MaxT:
    """Return what simultaneous intervals are made from, and p-values of differences from 0.

    No test, and no part in the family: a comparison without an estimate, not resampled, undefined on over half of the
    resamples, or the same on all of them; any comparison with too few clusters.

    Args:
        estimates: on the sample itself.
        resampled: returns the values of a comparison, by its number, on the same resamples.
        plan: level, and whether |t| is stretched for few clusters.
        n_clusters: that the comparisons rest on.
    """

    def drawn(k: int) -> Float[np.ndarray, " resamples"]:
        values = resampled(k)
        return np.full(1, np.nan) if values is None else np.ascontiguousarray(values)

    error = np.array([_standard_error(drawn(k)) for k in range(len(estimates))])
    error[np.isnan(estimates) | ~(error > ROUNDING) | (n_clusters < MIN_CLUSTERS)] = np.nan
    tested = np.flatnonzero(~np.isnan(error))
    if not len(tested):
        return MaxT(error, math.nan, np.full(len(error), np.nan))
    observed = _unstretched(np.abs(estimates / error), plan.ci_method, n_clusters)
    order = tested[deciding_order(observed[tested])]
    counts, largest = np.zeros((2, len(error)), np.int64), no_maxima(len(drawn(int(order[0]))))
    for k in order:
        size = np.abs(drawn(int(k)) - estimates[k]) / error[k]
        counts[:, [k]] = count_maxima(size[None], observed[[k]], np.zeros(1, np.int64), largest)
    maxima = np.where(largest < 0, np.nan, largest)
    c = critical_value(maxima, plan.confidence_level, plan.ci_method, n_clusters)
    return MaxT(error, c, adjusted_p_values(counts, order))


@dataclass(frozen=True, slots=True)
class PairedSpread:
    """How the differences between metrics of one stratum spread over resamples, by one statistic.

    Attributes:
        statistic: its id.
        n_clusters: that were resampled.
        error: standard errors of the differences; NaN where an estimate is missing or over half the resamples are.
        among: largest |t| on each resample between metrics that are no baselines; None where there are fewer than two.
        beside: the same over comparisons with a baseline; None where there are none.
    """

    statistic: str
    n_clusters: int
    error: Float[np.ndarray, "metrics metrics"]
    among: Float[np.ndarray, " resamples"] | None
    beside: Float[np.ndarray, " resamples"] | None

    def maxima(self, with_baseline: bool) -> Float[np.ndarray, " resamples"]:
        """Return the largest |t| on each resample over one of the two families; empty if it has no member."""
        maxima = self.beside if with_baseline else self.among
        return np.empty(0) if maxima is None else maxima


def paired_spreads(bootstrap: StratumBootstrap, baselines: Collection[str] = ()) -> tuple[PairedSpread, ...]:
    """Return the spreads by statistic; empty where the stratum could not be resampled."""
    if bootstrap.resampled is None:
        return ()
    return tuple(paired_spread(bootstrap, statistic, baselines) for statistic in STATISTICS)


def paired_spread(bootstrap: StratumBootstrap, statistic: Statistic, baselines: Collection[str] = ()) -> PairedSpread:
    """Return the spread of all differences between the metrics of a stratum; one that could be resampled."""
    s = STATISTICS.index(statistic)
    assert bootstrap.resampled is not None
    return spread_between(
        statistic.id,
        bootstrap.estimates[:, s],
        np.ascontiguousarray(bootstrap.resampled[:, :, s].T),
        [metric in baselines for metric in bootstrap.sample.metrics],
        bootstrap.sample.n_clusters,
    )


def spread_between(
    statistic: str,
    estimates: Float[np.ndarray, " metrics"],
    resampled: Float[np.ndarray, "metrics resamples"],
    is_baseline: Sequence[bool],
    n_clusters: int,
) -> PairedSpread:
    """Return the spread of all differences between the values that any statistic has, on the same resamples."""
    error = _standard_errors(estimates, resampled)
    families: tuple[list[tuple[int, int]], ...] = ([], [])
    for a, b in combinations(range(len(estimates)), 2):
        families[is_baseline[a] or is_baseline[b]].append((a, b))
    among, beside = (_maxima(pairs, estimates, resampled, error) if pairs else None for pairs in families)
    return PairedSpread(statistic, n_clusters, error, among, beside)


def _maxima(
    pairs: Sequence[tuple[int, int]],
    estimates: Float[np.ndarray, " metrics"],
    resampled: Float[np.ndarray, "metrics resamples"],
    error: Float[np.ndarray, "metrics metrics"],
) -> Float[np.ndarray, " resamples"]:
    """Return the largest |difference - estimate| / error of the pairs; NaN where all are undefined.

    Zeros where no pair has an error: metrics and their copies.
    """
    from bench.statistics import kernels

    compared = [(a, b) for a, b in pairs if error[a, b] > 0]
    largest = no_maxima(resampled.shape[1])
    for a, b in compared:
        kernels.raise_by_difference(resampled[a], resampled[b], estimates[a] - estimates[b], error[a, b], largest)
    return np.where(largest < 0, np.nan, largest) if compared else np.zeros(len(largest))


def critical_value(
    maxima: Float[np.ndarray, " resamples"], confidence_level: float, method: IntervalMethod, n_clusters: int
) -> float:
    """Return c such that the largest |t| stays below it with the level's probability; NaN with too few resamples.

    Resamples on which it is undefined do not count.

    The k-th smallest of n maxima, k = ceil(level (n + 1)). With method ``expanded`` c becomes the quantile of Student's
    t at the normal probability of c, times sqrt(C / (C - 1)), as the ends of single intervals do (Hesterberg 2015).
    """
    maxima = maxima[~np.isnan(maxima)]
    k = math.ceil(round(confidence_level * (len(maxima) + 1), 9))
    if not 1 <= k <= len(maxima):
        return math.nan
    return _stretched(float(np.partition(maxima, k - 1)[k - 1]), method, n_clusters)


def _stretched(t: float, method: IntervalMethod, n_clusters: int) -> float:
    """Return the |t| of Student's distribution, times sqrt(C / (C - 1)), that is as rare as ``t`` is of the normal."""
    if method != "expanded":
        return t
    return float(-stdtrit(n_clusters - 1, ndtr(-t)) * np.sqrt(n_clusters / (n_clusters - 1)))


def _unstretched(
    t: Float[np.ndarray, " comparisons"], method: IntervalMethod, n_clusters: int
) -> Float[np.ndarray, " comparisons"]:
    """Return what `_stretched` makes ``t`` of: to compare this with resamples spares stretching all of them."""
    if method != "expanded":
        return t
    found: np.ndarray = -ndtri(stdtr(n_clusters - 1, -t * np.sqrt((n_clusters - 1) / n_clusters)))
    return found


def _standard_errors(
    estimates: Float[np.ndarray, " metrics"], resampled: Float[np.ndarray, "metrics resamples"]
) -> Float[np.ndarray, "metrics metrics"]:
    error = np.full((len(estimates), len(estimates)), np.nan)
    for a, b in combinations(np.flatnonzero(~np.isnan(estimates)), 2):
        error[a, b] = error[b, a] = _standard_error(resampled[a], resampled[b])
    return error


def _standard_error(
    first: Float[np.ndarray, " resamples"], second: Float[np.ndarray, " resamples"] | None = None
) -> float:
    """Return the standard deviation over resamples, of a difference if two are given."""
    from bench.statistics import kernels

    n_defined, spread = kernels.spread_of_difference(first, np.zeros_like(first) if second is None else second)
    return float(spread) if n_defined >= (1 - MAX_UNDEFINED_SHARE) * len(first) else math.nan
