"""Results of the statistics, as plain records: what goes into ``estimates.json`` and ``differences.json``.

Statistic ids: ``srcc`` (Spearman), ``lcc`` (Pearson), ``ktau`` (Kendall's tau-b), ``mse`` (mean squared error of
the score against the rating rescaled to [0, 1]). Correlations are better when higher, ``mse`` when lower.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Statistic = Literal["srcc", "lcc", "ktau", "mse"]
ResampleUnit = Literal["caption", "pair"]
IntervalMethod = Literal["percentile", "bca"]

STATISTICS: tuple[Statistic, ...] = ("srcc", "lcc", "ktau", "mse")
HIGHER_IS_BETTER: dict[Statistic, bool] = {"srcc": True, "lcc": True, "ktau": True, "mse": False}


@dataclass(frozen=True, slots=True)
class ResamplingPlan:
    """How intervals are made.

    Attributes:
        n_resamples: bootstrap resamples.
        unit: what is drawn with replacement: captions with all their pairs, or single pairs.
        ci_method: percentile or BCa (Efron & Tibshirani 1993, chapters 13 and 14).
        confidence_level: of two-sided intervals.
        seed: of the generator; the same seed gives the same resamples on every machine.
    """

    n_resamples: int = 9999
    unit: ResampleUnit = "caption"
    ci_method: IntervalMethod = "percentile"
    confidence_level: float = 0.95
    seed: int = 0


@dataclass(frozen=True, slots=True)
class CorrelationEstimate:
    """One statistic of one metric on one stratum, with its interval; NaN wherever ``note`` says why."""

    metric: str
    stratum: str
    statistic: Statistic
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
class CorrelationDifference:
    """``metric_a`` minus ``metric_b`` on the same pairs and the same resamples.

    ``p_value`` is two-sided, ``(count + 1) / (n + 1)``; ``p_holm`` is adjusted (Holm 1979) within the table.
    """

    metric_a: str
    metric_b: str
    stratum: str
    statistic: Statistic
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
    statistic: Statistic
    cluster: int


@dataclass(frozen=True, slots=True)
class DependentCorrelationTest:
    """Williams' t and Steiger's z for the difference of two LCCs, with the assumption that they rest on."""

    metric_a: str
    metric_b: str
    stratum: str
    n_pairs: int
    williams_t: float
    williams_p: float
    steiger_z: float
    steiger_p: float
    assumption: str


@dataclass(frozen=True, slots=True)
class Measured:
    """A value with its confidence interval."""

    estimate: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ReliabilityEstimate:
    """How far listeners agree in one stratum, and so how well any metric could do.

    Attributes:
        ratings_per_pair: n0, the effective number of ratings in the analysis of variance (about the mean number).
        harmonic_ratings: harmonic mean of the number of ratings: what counts for an unweighted correlation over pairs.
        icc1: reliability of one rating, ICC(1).
        icc1k: reliability of the mean of n0 ratings, ICC(1,k): what is commonly reported.
        icc1k_ceiling: its square root.
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
    icc1k_ceiling: Measured
    reliability: Measured
    ceiling: Measured
    confidence_level: float
    resample_unit: ResampleUnit
    n_resamples: int
    seed: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class CeilingShare:
    """A metric's correlation divided by the noise ceiling of its stratum; 1 is as good as the ratings can show."""

    metric: str
    stratum: str
    statistic: Statistic
    share: Measured
    note: str = ""
