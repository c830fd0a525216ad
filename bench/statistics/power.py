"""What could this data set have shown? The smallest difference that it would detect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.special import ndtri

from bench.statistics.agreement import PRIMARY, STATISTICS, Statistic
from bench.statistics.bootstrap import StratumBootstrap


@dataclass(frozen=True, slots=True)
class DetectableDifference:
    """The smallest true difference between two metrics that this data set would show with the given power."""

    metric_a: str
    metric_b: str
    stratum: str
    statistic: str
    standard_error: float
    detectable: float
    power: float
    level: float
    n_clusters: int


def detectable_differences(
    bootstrap: StratumBootstrap,
    statistics: Sequence[Statistic] = (PRIMARY,),
    power: float = 0.8,
    level: float = 0.05,
) -> list[DetectableDifference]:
    """Return, for each pair of metrics, (z_{1 - level/2} + z_power) SE, SE the bootstrap's of the paired difference.

    The normal approximation of a two-sided test (e.g. Cohen 1988), without adjustment for several comparisons; about
    2.8 standard errors. SE belongs to these two metrics: metrics that agree closely can be told apart by less. Empty
    where the stratum could not be resampled.
    """
    if bootstrap.resampled is None:
        return []
    factor = float(ndtri(1 - level / 2) + ndtri(power))
    found = []
    for a, b in combinations(range(len(bootstrap.sample.metrics)), 2):
        for statistic in statistics:
            s = STATISTICS.index(statistic)
            difference = bootstrap.resampled[:, a, s] - bootstrap.resampled[:, b, s]
            error = _standard_error(difference[~np.isnan(difference)])
            names = bootstrap.sample.metrics[a], bootstrap.sample.metrics[b], bootstrap.sample.stratum, statistic.id
            found.append(DetectableDifference(*names, error, factor * error, power, level, bootstrap.sample.n_clusters))
    return found


def _standard_error(values: np.ndarray) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else float("nan")
