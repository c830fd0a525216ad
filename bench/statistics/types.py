"""How intervals are made: what was asked for, and what every record of resampled values says of itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

ResampleUnit = Literal["caption", "pair", "block"]
IntervalMethod = Literal["expanded", "percentile", "bca"]

MOST_RESAMPLES = 100_000


@dataclass(frozen=True, slots=True)
class ResamplingPlan:
    """How intervals are made.

    Attributes:
        n_resamples: bootstrap resamples.
        unit: what is drawn with replacement: captions with all their pairs, single pairs, or blocks of captions that
            listeners connect.
        ci_method: percentile or BCa (Efron & Tibshirani 1993, chapters 13 and 14), or the percentile interval expanded
            for few clusters (Hesterberg 2015).
        confidence_level: of two-sided intervals.
        n_permutations: of the tests of differences; their number is not that of resamples, since p can never be below
            1 / (n_permutations + 1).
        seed: of the generator; the same seed gives the same resamples on every machine.
    """

    n_resamples: int = 9999
    unit: ResampleUnit = "caption"
    ci_method: IntervalMethod = "expanded"
    confidence_level: float = 0.95
    n_permutations: int = 9999
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what would take all memory, or mean nothing.

        Raises:
            ValueError: a field is out of its bounds.
        """
        if not 1 <= self.n_resamples <= MOST_RESAMPLES:
            raise ValueError(f"n_resamples is {self.n_resamples:,}, expected 1 to {MOST_RESAMPLES:,}")
        if not 0 <= self.n_permutations <= MOST_RESAMPLES:
            raise ValueError(f"n_permutations is {self.n_permutations:,}, expected 0 to {MOST_RESAMPLES:,}")
        if not 0 < self.confidence_level < 1:
            raise ValueError(f"confidence_level is {self.confidence_level:g}, expected a number between 0 and 1")
        if self.seed < 0:
            raise ValueError(f"seed is {self.seed}, expected 0 or more")

    def as_fields(self) -> dict[str, Any]:
        """Return the fields of `Resampled`, for a record whose intervals were made by this plan."""
        return {
            "confidence_level": self.confidence_level,
            "ci_method": self.ci_method,
            "resample_unit": self.unit,
            "n_resamples": self.n_resamples,
            "seed": self.seed,
        }


DEFAULT_PLAN = ResamplingPlan()
"""What a command does that was not told otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resampled:
    """A record with intervals, which says how they were made: the plan's fields, as they were used for it."""

    confidence_level: float
    ci_method: IntervalMethod
    resample_unit: ResampleUnit
    n_resamples: int
    seed: int
