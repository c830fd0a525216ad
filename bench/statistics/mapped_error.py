"""Prediction error on the rating scale after a monotone map of the third order (ITU-T P.1401, 01/2020)."""

from __future__ import annotations

from dataclasses import dataclass

from bench.statistics.intervals import Measured
from bench.statistics.types import Resampled


@dataclass(frozen=True, slots=True)
class MappedError(Resampled):
    """How far mapped scores lie from mean ratings, in units of the rating scale.

    Attributes:
        rmse: root mean squared error (7.5.1 of the recommendation).
        rmse_star: the same, counting only what leaves the ratings' own confidence intervals (7.5.2).
        outlier_ratio: share of pairs that leave them (7.5.3); NaN without single ratings.
    """

    metric: str
    stratum: str
    n_pairs: int
    rmse: Measured
    rmse_star: Measured
    outlier_ratio: Measured
    note: str = ""
