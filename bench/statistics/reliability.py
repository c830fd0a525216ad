"""How reliable the ratings are, and the ceiling that this sets for every metric.

One-way random effects: a rating is y_ij = mu + b_i + e_ij for pair i and its j-th listener; listeners differ from pair
to pair and are not modelled. From the analysis of variance with n_i ratings for k pairs, N in all:

    MSB = sum n_i (ybar_i - ybar)^2 / (k - 1)        MSW = sum (y_ij - ybar_i)^2 / (N - k)
    n0 = (N - sum n_i^2 / N) / (k - 1)               (Searle, Casella & McCulloch 1992, section 3.6)
    ICC(1) = (MSB - MSW) / (MSB + (n0 - 1) MSW)      ICC(1,k) = (MSB - MSW) / MSB      (Shrout & Fleiss 1979)

A correlation over pairs takes every pair's mean as one point, however few ratings it has. The reliability of those
means is sigma_b^2 / (sigma_b^2 + sigma_e^2 mean(1 / n_i)): Spearman-Brown at the harmonic mean of n_i, which is below
ICC(1,k) wherever pairs differ in n_i. A metric that knew mu + b_i would correlate sqrt(reliability) with the means.

Not valid in strata that are defined by the ratings themselves (score bands): there ICC(1) is near zero or negative
by selection. Errors that listeners of one caption share are counted as error, as they are when metrics are compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from bench.statistics.bootstrap import StratumBootstrap
from bench.statistics.intervals import measured
from bench.statistics.resampling import bootstrap_sums
from bench.statistics.sample import MIN_CLUSTERS, Strata
from bench.statistics.types import (
    STATISTICS,
    CeilingShare,
    Measured,
    ReliabilityEstimate,
    ResamplingPlan,
    Statistic,
)
from metrics.errors import DataError

QUANTITIES = ("icc1", "icc1k", "icc1k_ceiling", "reliability", "ceiling")


@dataclass(frozen=True, slots=True)
class Ratings:
    """Single ratings: ``score`` on any scale, ``pair`` an index into the pairs, ``listener`` any integers."""

    score: Float[np.ndarray, " ratings"]
    pair: Int[np.ndarray, " ratings"]
    listener: Int[np.ndarray, " ratings"]


@dataclass(frozen=True, slots=True)
class ReliabilityBootstrap:
    """An estimate with the values of `QUANTITIES` on each resample of the stratum's clusters."""

    estimate: ReliabilityEstimate
    resampled: Float[np.ndarray, "resamples 5"]


def estimate_reliability(
    ratings: Ratings,
    strata: Strata,
    clusters: Int[np.ndarray, " pairs"],
    plan: ResamplingPlan,
    n_threads: int | None = None,
) -> list[ReliabilityBootstrap]:
    """Estimate ICC(1), ICC(1,k), reliability and ceiling of each stratum, with percentile intervals.

    Args:
        ratings: every pair of a stratum needs at least one.
        strata, clusters, plan: as in `bench.statistics.bootstrap.estimate_correlations`; the same resamples.

    Raises:
        DataError: a pair without ratings in a stratum, or NaN ratings.
    """
    n_ratings = np.bincount(ratings.pair, minlength=len(clusters))
    _check(ratings, n_ratings)
    columns = _pair_columns(ratings, n_ratings)
    unit = clusters if plan.unit == "caption" else np.arange(len(clusters))
    return [
        _reliability_of(stratum, columns[mask], unit[mask], plan, n_threads)
        for stratum, mask in strata.items()
        if mask.any()
    ]


def ceiling_shares(
    bootstrap: StratumBootstrap,
    reliability: ReliabilityBootstrap,
    plan: ResamplingPlan,
    statistics: Sequence[Statistic] = ("srcc", "lcc"),
) -> list[CeilingShare]:
    """Divide correlations by the ceiling, resample by resample; both must come from the same strata and plan.

    Exact for LCC (Spearman's 1904 correction for attenuation); for SRCC an approximation that holds where the relation
    of ranks is about as noisy as that of values. tau-b attenuates differently and is not divided.
    """
    ceilings = reliability.resampled[:, QUANTITIES.index("ceiling")]
    if bootstrap.resampled is not None and len(ceilings) != len(bootstrap.resampled):
        raise DataError("reliability and correlations were resampled by different plans: use one plan for both")
    return [
        _share(bootstrap, m, statistic, reliability.estimate.ceiling.estimate, ceilings, plan)
        for m in range(len(bootstrap.sample.metrics))
        for statistic in statistics
    ]


def _share(
    bootstrap: StratumBootstrap,
    m: int,
    statistic: Statistic,
    ceiling: float,
    ceilings: Float[np.ndarray, " resamples"],
    plan: ResamplingPlan,
) -> CeilingShare:
    s = STATISTICS.index(statistic)
    names = bootstrap.sample.metrics[m], bootstrap.sample.stratum, statistic
    if np.isnan(ceiling) or ceiling == 0:
        return CeilingShare(*names, Measured(np.nan, np.nan, np.nan), "no ceiling: the ratings show no reliability")
    share = float(bootstrap.estimates[m, s]) / ceiling
    if bootstrap.resampled is None or np.isnan(share):
        return CeilingShare(*names, Measured(share, np.nan, np.nan), bootstrap.reasons[m][s])
    with np.errstate(divide="ignore", invalid="ignore"):
        resampled = np.where(ceilings > 0, bootstrap.resampled[:, m, s] / ceilings, np.nan)
    return CeilingShare(*names, measured(share, resampled, plan.confidence_level))


def _check(ratings: Ratings, n_ratings: Int[np.ndarray, " pairs"]) -> None:
    if not np.isfinite(ratings.score).all():
        raise DataError("some ratings are NaN or infinite: leave them out before estimating reliability")
    n_unrated = int((n_ratings == 0).sum())
    if n_unrated:
        raise DataError(
            f"{n_unrated} of {len(n_ratings)} pairs have no rating: give those of every pair, or leave such pairs out"
        )


def _pair_columns(ratings: Ratings, n_ratings: Int[np.ndarray, " pairs"]) -> Float[np.ndarray, "pairs 7"]:
    """Return the sums that the analysis of variance needs, one row a pair: 1, n, n^2, n m, n m^2, SSW, 1/n."""
    centred = ratings.score - ratings.score.mean()
    n = n_ratings.astype(float)
    total = np.bincount(ratings.pair, centred, len(n))
    mean = total / n
    within = np.bincount(ratings.pair, (centred - mean[ratings.pair]) ** 2, len(n))
    return np.stack([np.ones_like(n), n, n * n, total, total * mean, within, 1 / n], axis=1)


def _reliability_of(
    stratum: str,
    columns: Float[np.ndarray, "pairs 7"],
    unit: Int[np.ndarray, " pairs"],
    plan: ResamplingPlan,
    n_threads: int | None,
) -> ReliabilityBootstrap:
    index = np.unique(unit, return_inverse=True)[1]
    n_clusters = int(index.max()) + 1
    totals = np.zeros((n_clusters, columns.shape[1]))
    np.add.at(totals, index, columns)
    sums = columns.sum(axis=0)
    n0, values = _quantities(sums[None])
    resampled = np.full((plan.n_resamples, len(QUANTITIES)), np.nan)
    if n_clusters >= MIN_CLUSTERS:
        resampled = _quantities(bootstrap_sums(totals, plan.seed, stratum, plan.n_resamples, n_threads))[1]
    intervals = [
        measured(float(value), column, plan.confidence_level)
        for value, column in zip(values[0], resampled.T, strict=True)
    ]
    estimate = ReliabilityEstimate(
        stratum=stratum,
        n_pairs=len(columns),
        n_ratings=int(sums[1]),
        n_clusters=n_clusters,
        ratings_per_pair=float(n0[0]),
        harmonic_ratings=float(sums[0] / sums[6]),
        **dict(zip(QUANTITIES, intervals, strict=True)),
        confidence_level=plan.confidence_level,
        resample_unit=plan.unit,
        n_resamples=plan.n_resamples,
        seed=plan.seed,
        note=_note(sums, n_clusters),
    )
    return ReliabilityBootstrap(estimate, resampled)


def _note(sums: Float[np.ndarray, " 7"], n_clusters: int) -> str:
    if sums[1] == sums[0]:
        return "every pair has a single rating: agreement cannot be estimated"
    return f"no interval: {n_clusters} clusters, fewer than {MIN_CLUSTERS}" if n_clusters < MIN_CLUSTERS else ""


def _quantities(
    sums: Float[np.ndarray, "samples 7"],
) -> tuple[Float[np.ndarray, " samples"], Float[np.ndarray, "samples 5"]]:
    """Return n0 and the `QUANTITIES`.

    A ceiling is 0 where the reliability is not positive. Where all pairs have one mean, ICC(1,k) has no lower bound:
    it is NaN there, and so is its ceiling.
    """
    pairs, n, n_square, total, between, within, inverse_n = sums.T
    with np.errstate(divide="ignore", invalid="ignore"):
        n0 = (n - n_square / n) / (pairs - 1)
        msb = (between - total**2 / n) / (pairs - 1)
        msw = np.where(n > pairs, within / (n - pairs), np.nan)
        icc1 = (msb - msw) / (msb + (n0 - 1) * msw)
        icc1k = (msb - msw) / msb
        harmonic = pairs / inverse_n
        reliability = harmonic * icc1 / (1 + (harmonic - 1) * icc1)
    icc1, icc1k, reliability = (np.where(np.isfinite(v), v, np.nan) for v in (icc1, icc1k, reliability))
    ceilings = [np.sqrt(np.maximum(value, 0)) for value in (icc1k, reliability)]
    return n0, np.stack([icc1, icc1k, ceilings[0], reliability, ceilings[1]], axis=1)
