"""Sentinels: scores that hear nothing of whether clip and caption match (Perrella et al. 2024)."""

from __future__ import annotations

from dataclasses import dataclass

from bench.statistics.intervals import Measured
from bench.statistics.types import Resampled


@dataclass(frozen=True, slots=True)
class SentinelAgreement(Resampled):
    """How well ratings are predicted from one fact about the pair, cross-fitted by caption.

    Attributes:
        sentinel: what it knows, e.g. ``system``.
        agreement: of its predictions with the ratings.
        preference: accuracy of preferring one of two clips of a caption, as `bench.statistics.pairwise` counts it; NaN
            where no caption has two.
    """

    sentinel: str
    stratum: str
    statistic: str
    n_pairs: int
    agreement: Measured
    preference: Measured
    note: str = ""


@dataclass(frozen=True, slots=True)
class BeyondSentinel(Resampled):
    """A metric minus a sentinel, resampled together.

    Attributes:
        p_adjusted: two-sided, adjusted over metrics and sentinels of the stratum.
        exceeds: the metric was shown to agree better.
    """

    metric: str
    sentinel: str
    stratum: str
    statistic: str
    difference: Measured
    p_adjusted: float
    exceeds: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class PartialAgreement(Resampled):
    """The metric's partial rank correlation with the ratings, given what the sentinels know."""

    metric: str
    stratum: str
    given: tuple[str, ...]
    partial: Measured
    note: str = ""
