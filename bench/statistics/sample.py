"""The pairs of one stratum, ready to be resampled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from bench.statistics.types import ResampleUnit
from metrics.errors import DataError

MIN_PAIRS = 3
"""Two points always correlate perfectly; below three pairs nothing is reported."""

MIN_CLUSTERS = 6
"""With fewer clusters intervals cover too rarely (docs/statistics.md, section 2): no interval and no test."""

FEW_CLUSTERS = 20
"""With fewer clusters a report says that its intervals are to be read with care."""

Scores = Mapping[str, Float[np.ndarray, " pairs"]]
Strata = Mapping[str, Bool[np.ndarray, " pairs"]]


@dataclass(frozen=True, slots=True)
class StratumSample:
    """Human ratings rescaled to [0, 1] and the scores of every metric on the pairs of one stratum.

    Attributes:
        metrics: names of the rows of ``scores``.
        clusters: index, from 0 without gaps, of the unit that each pair is resampled with.
    """

    stratum: str
    metrics: tuple[str, ...]
    human: Float[np.ndarray, " pairs"]
    scores: Float[np.ndarray, "metrics pairs"]
    clusters: Int[np.ndarray, " pairs"]

    @property
    def n_pairs(self) -> int:
        return len(self.human)

    @property
    def n_clusters(self) -> int:
        return int(self.clusters.max()) + 1 if len(self.clusters) else 0

    @property
    def can_be_resampled(self) -> bool:
        return bool(self.metrics) and self.n_pairs >= MIN_PAIRS and self.n_clusters >= MIN_CLUSTERS


def split_strata(
    human: Float[np.ndarray, " pairs"],
    scores: Scores,
    strata: Strata,
    clusters: Int[np.ndarray, " pairs"],
    unit: ResampleUnit,
) -> list[StratumSample]:
    """Return one sample a stratum; with unit ``pair`` each pair is a cluster of its own, else ``clusters`` says.

    Raises:
        DataError: a rating or score is NaN or infinite.
    """
    _check_finite("the ratings", human)
    for metric, values in scores.items():
        _check_finite(f"the scores of {metric!r}", values)
    unit_of = np.arange(len(human)) if unit == "pair" else clusters
    rows = np.array(list(scores.values())).reshape(len(scores), len(human))
    return [
        StratumSample(
            stratum, tuple(scores), human[mask], rows[:, mask], np.unique(unit_of[mask], return_inverse=True)[1]
        )
        for stratum, mask in strata.items()
    ]


def _check_finite(what: str, values: Float[np.ndarray, " pairs"]) -> None:
    n_bad = int(np.sum(~np.isfinite(values)))
    if n_bad:
        raise DataError(
            f"{what} hold {n_bad} NaN or infinite values among {len(values)}: leave out the pairs that failed "
            "before estimating, for all metrics alike"
        )
