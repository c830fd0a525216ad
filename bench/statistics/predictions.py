"""SRCC and LCC of a few scores with ratings on many resamples; without the costly tau-b of `bench.statistics.weighted`.

Resamples, ranks and undefined values are those of `bench.statistics.bootstrap`, so that differences are paired.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8

from bench.statistics.agreement import LCC, SRCC, Statistic, point_estimate
from bench.statistics.intervals import Measured, too_few_clusters
from bench.statistics.replicates import Replicates, replicate
from bench.statistics.sample import StratumSample
from bench.statistics.types import ResamplingPlan
from bench.statistics.weighted import prepare, weighted_srcc
from bench.statistics.weighted_sums import weighted_totals

PREDICTION_STATISTICS: tuple[Statistic, ...] = (SRCC, LCC)


@dataclass(frozen=True, slots=True)
class Predictions:
    """Scores of one stratum beside its ratings.

    Attributes:
        sample: the scores stand in it as those of metrics do.
        estimates: by score and `PREDICTION_STATISTICS`; NaN with a reason in ``reasons``.
        replicates: of the estimates; None where there is too little to resample.
    """

    sample: StratumSample
    estimates: Float[np.ndarray, "scores statistics"]
    reasons: tuple[tuple[str, ...], ...]
    replicates: Replicates | None

    @classmethod
    def of(cls, sample: StratumSample, plan: ResamplingPlan, n_threads: int | None = None) -> Predictions:
        """Resample the scores of a stratum."""
        points = [[point_estimate(one, sample.human, row) for one in PREDICTION_STATISTICS] for row in sample.scores]
        estimates = np.array([[value for value, _ in row] for row in points]).reshape(-1, len(PREDICTION_STATISTICS))
        reasons = tuple(tuple(reason for _, reason in row) for row in points)
        if not sample.can_be_resampled:
            return cls(sample, estimates, reasons, None)
        values = _Correlations(sample)
        n, lane = sample.n_clusters, values.bytes_per_lane
        return cls(
            sample, estimates, reasons, replicate(values, estimates.shape, plan, sample.stratum, n, lane, n_threads)
        )

    def measured(self, row: int, statistic: int, plan: ResamplingPlan) -> Measured:
        """Return an estimate with its interval."""
        estimate = float(self.estimates[row, statistic])
        if self.replicates is None:
            reason = "" if np.isnan(estimate) else too_few_clusters(self.sample.n_clusters)
            return Measured(estimate, np.nan, np.nan, reason)
        return self.replicates[row, statistic].measured(estimate, plan, self.sample.n_clusters)


class _Correlations:
    def __init__(self, sample: StratumSample) -> None:
        self._prepared, self._n_scores = prepare(sample.human, sample.scores, sample.clusters), len(sample.scores)
        y = sample.human - sample.human.mean()
        rows = [row - row.mean() for row in sample.scores]
        columns = [np.ones_like(y), y, y * y, *(column for x in rows for column in (x, x * x, x * y))]
        self._moments = np.stack([np.bincount(sample.clusters, column) for column in columns], axis=1)
        self.bytes_per_lane = self._prepared.bytes_per_lane() + 8 * (4 + 6 * self._n_scores)

    def __call__(self, weights: UInt8[np.ndarray, "clusters lanes"]) -> Float[np.ndarray, "lanes scores statistics"]:
        srcc, totals = weighted_srcc(self._prepared, weights), weighted_totals(self._moments, weights)
        n, y, yy = totals[:3]
        x, xx, xy = totals[3:].reshape(self._n_scores, 3, weights.shape[1]).transpose(1, 0, 2)
        with np.errstate(divide="ignore", invalid="ignore"):
            lcc = np.clip((xy - x * y / n) / np.sqrt((xx - x * x / n) * (yy - y * y / n)), -1, 1).T
        return np.stack([srcc, np.where(np.isnan(srcc), np.nan, lcc)], axis=-1)
