"""How reliable the ratings are, and the ceiling that this sets for every metric.

One-way random effects: a rating is y_ij = mu + b_i + e_ij for pair i and its j-th listener; listeners differ from pair
to pair and are not modelled. From the analysis of variance with n_i ratings for k pairs, N in all:

    MSB = sum n_i (ybar_i - ybar)^2 / (k - 1)        MSW = sum (y_ij - ybar_i)^2 / (N - k)
    n0 = (N - sum n_i^2 / N) / (k - 1)               (Searle, Casella & McCulloch 1992, section 3.6)
    ICC(1) = (MSB - MSW) / (MSB + (n0 - 1) MSW)      ICC(1,k) = (MSB - MSW) / MSB      (Shrout & Fleiss 1979)

A correlation over pairs takes every pair's mean as one point, however few ratings it has. The reliability of those
means is sigma_b^2 / (sigma_b^2 + sigma_e^2 mean(1 / n_i)): Spearman-Brown at the harmonic mean of n_i, which is below
ICC(1,k) wherever pairs differ in n_i. A metric that knew mu + b_i would correlate sqrt(reliability) with the means.

For LCC; by an ordinal model of RELATE's ratings the same metric has an SRCC about .01 lower.

Not valid in strata that are defined by the ratings themselves (score bands): there ICC(1) is near zero or negative
by selection. Errors that listeners of one caption share are counted as error, as they are when metrics are compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from bench.statistics.agreement import LCC, SRCC, STATISTICS, Statistic
from bench.statistics.bootstrap import StratumBootstrap
from bench.statistics.intervals import Measured, too_few_clusters
from bench.statistics.replicates import Replicates, replicate_sums
from bench.statistics.sample import MIN_CLUSTERS, Strata
from bench.statistics.types import Resampled, ResamplingPlan
from metrics.errors import DataError

QUANTITIES = ("icc1", "icc1k", "reliability", "ceiling")
NO_CEILING = "no ceiling: listeners were not shown to agree"
SHARED_STATISTICS: tuple[Statistic, ...] = (SRCC, LCC)
"""What is divided by the ceiling: tau-b attenuates differently, and an error not at all in this way."""


@dataclass(frozen=True, slots=True)
class ReliabilityEstimate(Resampled):
    """How far listeners agree in one stratum, and so how well any metric could do.

    Attributes:
        ratings_per_pair: n0, the effective number of ratings in the analysis of variance (about the mean number).
        harmonic_ratings: harmonic mean of the number of ratings: what counts for an unweighted correlation over pairs.
        icc1: reliability of one rating, ICC(1).
        icc1k: reliability of the mean of n0 ratings, ICC(1,k): what is commonly reported.
        reliability: of the pairs' mean ratings as they are, few or many ratings each.
        ceiling: its square root: the highest LCC with the mean ratings that a perfect metric can be expected to reach.
    """

    stratum: str
    n_pairs: int
    n_ratings: int
    n_clusters: int
    ratings_per_pair: float
    harmonic_ratings: float
    icc1: Measured
    icc1k: Measured
    reliability: Measured
    ceiling: Measured
    note: str = ""

    @property
    def is_shown(self) -> bool:
        """Whether listeners were shown to agree at all: without that, a ceiling is noise and nothing is divided by it.

        That is, whether the interval of ICC(1) lies above 0.
        """
        return self.icc1.low > 0


@dataclass(frozen=True, slots=True)
class CeilingShare(Resampled):
    """A metric's correlation divided by the noise ceiling of its stratum; 1 is as good as the ratings can show."""

    metric: str
    stratum: str
    statistic: str
    share: Measured
    note: str = ""


@dataclass(frozen=True, slots=True)
class Ratings:
    """Single ratings: ``score`` on any scale, ``pair`` an index into the pairs, ``listener`` any integers."""

    score: Float[np.ndarray, " ratings"]
    pair: Int[np.ndarray, " ratings"]
    listener: Int[np.ndarray, " ratings"]


@dataclass(frozen=True, slots=True)
class ReliabilityBootstrap:
    """An estimate with its `QUANTITIES` resampled; None where the stratum has too few clusters."""

    estimate: ReliabilityEstimate
    replicates: Replicates | None


def estimate_reliability(
    ratings: Ratings,
    strata: Strata,
    clusters: Int[np.ndarray, " pairs"],
    plan: ResamplingPlan,
    n_threads: int | None = None,
) -> list[ReliabilityBootstrap]:
    """Estimate ICC(1), ICC(1,k), reliability and ceiling of each stratum, with intervals.

    Args:
        ratings: every pair of a stratum needs at least one.
        strata, clusters, plan: as in `bench.statistics.bootstrap.bootstrap_strata`; the same resamples.

    Raises:
        DataError: a pair without ratings in a stratum, or NaN ratings.
    """
    n_ratings = np.bincount(ratings.pair, minlength=len(clusters))
    _check(ratings, n_ratings)
    columns = _pair_columns(ratings, n_ratings)
    unit = np.arange(len(clusters)) if plan.unit == "pair" else clusters
    return [
        _reliability_of(stratum, columns[mask], unit[mask], plan, n_threads)
        for stratum, mask in strata.items()
        if mask.any()
    ]


def ceiling_shares(
    bootstrap: StratumBootstrap,
    reliability: ReliabilityBootstrap,
    plan: ResamplingPlan,
    statistics: Sequence[Statistic] = SHARED_STATISTICS,
) -> list[CeilingShare]:
    """Divide correlations by the ceiling, resample by resample; both must come from the same strata and plan.

    Exact for LCC (Spearman's 1904 correction for attenuation); for SRCC an approximation that holds where the relation
    of ranks is about as noisy as that of values. tau-b attenuates differently and is not divided.
    """
    correlations, agreement = bootstrap.replicates(), reliability.replicates
    if correlations and agreement and _sizes(correlations) != _sizes(agreement):
        raise DataError("reliability and correlations were resampled by different plans: use one plan for both")
    return [
        _share(bootstrap, m, statistic, reliability, plan)
        for m in range(len(bootstrap.sample.metrics))
        for statistic in statistics
    ]


def _sizes(replicates: Replicates) -> tuple[int, int]:
    jackknife = replicates.jackknife
    return len(replicates.resampled), 0 if jackknife is None else len(jackknife)


def _share(
    bootstrap: StratumBootstrap, m: int, statistic: Statistic, reliability: ReliabilityBootstrap, plan: ResamplingPlan
) -> CeilingShare:
    s, ceiling = STATISTICS.index(statistic), reliability.estimate.ceiling.estimate
    note = bootstrap.reasons[m][s]
    if not reliability.estimate.is_shown:
        share, note = Measured(np.nan, np.nan, np.nan), NO_CEILING
    else:
        share = _shared(bootstrap.replicates(), (m, s), float(bootstrap.estimates[m, s]) / ceiling, reliability, plan)
    return CeilingShare(
        metric=bootstrap.sample.metrics[m],
        stratum=bootstrap.sample.stratum,
        statistic=statistic.id,
        share=share,
        note=note,
        **plan.as_fields(),
    )


def _shared(
    correlations: Replicates | None,
    place: tuple[int, int],
    share: float,
    reliability: ReliabilityBootstrap,
    plan: ResamplingPlan,
) -> Measured:
    """Return the share with its interval: correlations divided by ceilings, replicate by replicate."""
    if correlations is None or reliability.replicates is None:
        return Measured(share, np.nan, np.nan)
    ceilings = reliability.replicates[QUANTITIES.index("ceiling")]
    shares = correlations[place].divided_by(ceilings.map(lambda values: np.where(values > 0, values, np.nan)))
    return shares.measured(share, plan, reliability.estimate.n_clusters)


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
    replicates = None
    intervals = [Measured(float(value), np.nan, np.nan) for value in values[0]]
    if n_clusters >= MIN_CLUSTERS:
        replicates = replicate_sums(totals, plan, stratum, n_threads).map(lambda sums: _quantities(sums)[1])
        intervals = [replicates[q].measured(float(values[0, q]), plan, n_clusters) for q in range(len(QUANTITIES))]
    estimate = ReliabilityEstimate(
        stratum=stratum,
        n_pairs=len(columns),
        n_ratings=int(sums[1]),
        n_clusters=n_clusters,
        ratings_per_pair=float(n0[0]),
        harmonic_ratings=float(sums[0] / sums[6]),
        note=_note(sums, n_clusters, f"{plan.unit}s"),
        **{**dict(zip(QUANTITIES, intervals, strict=True)), **plan.as_fields()},
    )
    return ReliabilityBootstrap(estimate, replicates)


def _note(sums: Float[np.ndarray, " 7"], n_clusters: int, units: str) -> str:
    if sums[1] == sums[0]:
        return "every pair has a single rating: agreement cannot be estimated"
    return too_few_clusters(n_clusters, units)


def _quantities(
    sums: Float[np.ndarray, "samples 7"],
) -> tuple[Float[np.ndarray, " samples"], Float[np.ndarray, "samples 4"]]:
    """Return n0 and the `QUANTITIES`.

    The ceiling is 0 where the reliability is not positive. Where all pairs have one mean, ICC(1,k) has no lower bound:
    it is NaN there.
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
    return n0, np.stack([icc1, icc1k, reliability, np.sqrt(np.maximum(reliability, 0))], axis=1)
