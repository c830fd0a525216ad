"""Are two metrics as good as equal? Two one-sided tests (Schuirmann 1987)."""

from __future__ import annotations

from dataclasses import dataclass

from bench.statistics.types import Resampled


@dataclass(frozen=True, slots=True)
class Equivalence(Resampled):
    """Whether the difference of two metrics lies within a margin.

    Attributes:
        margin: on the statistic's scale.
        low, high: interval of the difference at level 1 - 2 alpha.
        equivalent: the interval lies within the margin.
        different: 0 lies outside of the simultaneous interval of the same difference.
    """

    metric_a: str
    metric_b: str
    stratum: str
    statistic: str
    margin: float
    delta: float
    low: float
    high: float
    equivalent: bool
    different: bool
    note: str = ""
