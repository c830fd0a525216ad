"""Results of the statistics, as plain records: what goes into ``estimates.json`` and ``differences.json``.

Statistic ids: ``srcc`` (Spearman), ``lcc`` (Pearson), ``ktau`` (Kendall's tau-b), ``mse`` (mean squared error of
the score against the rating rescaled to [0, 1]). Correlations are better when higher, ``mse`` when lower.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Statistic = Literal["srcc", "lcc", "ktau", "mse"]
ResampleUnit = Literal["caption", "pair"]
IntervalMethod = Literal["expanded", "percentile", "bca"]

STATISTICS: tuple[Statistic, ...] = ("srcc", "lcc", "ktau", "mse")
MOST_RESAMPLES = 100_000
HIGHER_IS_BETTER: dict[Statistic, bool] = {"srcc": True, "lcc": True, "ktau": True, "mse": False}


@dataclass(frozen=True, slots=True)
class ResamplingPlan:
    """How intervals are made.

    Attributes:
        n_resamples: bootstrap resamples.
        unit: what is drawn with replacement: captions with all their pairs, or single pairs.
        ci_method: percentile or BCa (Efron & Tibshirani 1993, chapters 13 and 14), or the percentile interval expanded
            for few clusters (Hesterberg 2015).
        confidence_level: of two-sided intervals.
        seed: of the generator; the same seed gives the same resamples on every machine.
    """

    n_resamples: int = 9999
    unit: ResampleUnit = "caption"
    ci_method: IntervalMethod = "expanded"
    confidence_level: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what would take all memory, or mean nothing.

        Raises:
            ValueError: a field is out of its bounds.
        """
        if not 1 <= self.n_resamples <= MOST_RESAMPLES:
            raise ValueError(f"n_resamples is {self.n_resamples:,}, expected 1 to {MOST_RESAMPLES:,}")
        if not 0 < self.confidence_level < 1:
            raise ValueError(f"confidence_level is {self.confidence_level:g}, expected a number between 0 and 1")
        if self.seed < 0:
            raise ValueError(f"seed is {self.seed}, expected 0 or more")


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


@dataclass(frozen=True, slots=True)
class BandEstimate:
    """A correlation within one score band, and what restricting the range alone would make of it.

    Attributes:
        stratum: the band, or the part of it that one source makes up.
        method: ``observed`` bands by the same mean rating that the scores are correlated with, as in the paper's
            Table III; ``cross-fitted`` bands by one half of each pair's listeners and correlates with the other.
        n_pairs: in the band; the mean over splits where cross-fitted.
        band_sd: standard deviation, within the band, of the ratings that it was cut by.
        overall: the correlation over all bands, with the same ratings.
        predicted: what a metric of that overall correlation shows in the band if it is equally good everywhere.
        estimate: what the metric shows.
        excess: ``estimate - predicted``, with its interval: below 0, the metric is worse in this band than elsewhere.
    """

    metric: str
    stratum: str
    statistic: Statistic
    method: Literal["observed", "cross-fitted"]
    n_pairs: float
    band_sd: float
    overall: float
    predicted: float
    estimate: Measured
    excess: Measured
    n_splits: int
    n_resamples: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class CrossedSpread:
    """How far an estimate moves when captions and listeners are both drawn anew: a sensitivity analysis.

    Attributes:
        spread: standard deviation of the statistic over crossed resamples.
        caption_spread: the same when captions alone are drawn, for comparison.
        bias: mean over crossed resamples minus estimate: drawing listeners adds label noise, which lowers correlations.
        recentred: the estimate, with the crossed resamples' quantiles shifted by the bias.
    """

    metric: str
    stratum: str
    statistic: Statistic
    spread: float
    caption_spread: float
    bias: float
    recentred: Measured
    n_listeners: int
    n_resamples: int
    seed: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class SystemMeans:
    """Means over one system's pairs.

    Attributes:
        ratings: of the listeners, rescaled to [0, 1].
        scores: of each metric's scores, by metric.
    """

    system: str
    n_pairs: int
    ratings: Measured
    scores: Mapping[str, Measured]


@dataclass(frozen=True, slots=True)
class SystemAgreement:
    """Does a metric rank systems as listeners do, and pairs within a system?

    Attributes:
        pairwise_accuracy: share of pairs of systems that metric means and mean ratings order alike.
        macro_srcc: mean over systems of the SRCC within each; pooled SRCC also rewards telling systems apart.
        pooled_srcc: SRCC over the same systems' pairs together.
    """

    metric: str
    n_systems: int
    n_system_pairs: int
    pairwise_accuracy: Measured
    macro_srcc: Measured
    pooled_srcc: Measured
    n_resamples: int
    seed: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class PairwiseAccuracy:
    """Of two clips for one caption, how often does a metric prefer the one that listeners prefer, or tie where they do?

    Attributes:
        n_comparisons: pairs of clips that share a caption.
        epsilon: score differences up to this count as ties; the mean over folds where cross-validated.
        accuracy: after tie calibration.
        accuracy_uncalibrated: with exact ties only (epsilon 0).
        calibration: the data that epsilon was chosen on.
    """

    metric: str
    stratum: str
    n_captions: int
    n_comparisons: int
    epsilon: float
    accuracy: Measured
    accuracy_uncalibrated: Measured
    calibration: Literal["training data", "cross-validated by caption"]
    n_resamples: int
    seed: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class CalibratedError:
    """MSE of a metric after its scores are mapped to ratings, so that only the shape of its scale counts.

    Attributes:
        raw: of the scores as they are.
        affine: after the best straight line.
        isotonic: after the best rising step function.
        calibration: the data that the maps were fitted on.
    """

    metric: str
    stratum: str
    raw: Measured
    affine: Measured
    isotonic: Measured
    calibration: Literal["training data", "cross-fitted by caption"]
    n_resamples: int
    seed: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class DetectableDifference:
    """The smallest true difference between two metrics that this data set would show with the given power."""

    metric_a: str
    metric_b: str
    stratum: str
    statistic: Statistic
    standard_error: float
    detectable: float
    power: float
    level: float
    n_clusters: int
