"""What could this data set have shown? The smallest difference that it would detect."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import combinations

from scipy.special import ndtri

from bench.statistics.agreement import PRIMARY, STATISTICS, Statistic
from bench.statistics.bootstrap import StratumBootstrap
from bench.statistics.max_t import LEVEL, PairedSpread, critical_value
from bench.statistics.types import ResamplingPlan

POWER = 0.8


@dataclass(frozen=True, slots=True)
class DetectableDifference:
    """The smallest true difference between two metrics that this data set would show with the given power.

    Attributes:
        standard_error: the bootstrap's, of the paired difference.
        critical_value: standard errors beyond which a difference is shown when it is adjusted for all of its family.
        detectable: (critical value + z_power) standard errors.
        power: with which it would be shown.
        level: of the adjusted test.
    """

    metric_a: str
    metric_b: str
    stratum: str
    statistic: str
    standard_error: float
    critical_value: float
    detectable: float
    power: float
    level: float
    n_clusters: int


def detectable_differences(
    bootstrap: StratumBootstrap,
    plan: ResamplingPlan,
    spreads: Sequence[PairedSpread],
    statistics: Sequence[Statistic] = (PRIMARY,),
    baselines: Collection[str] = (),
    power: float = POWER,
    level: float = LEVEL,
) -> list[DetectableDifference]:
    """Return, for each pair of metrics, (c + z_power) SE, SE the bootstrap's of the paired difference.

    The normal approximation of a two-sided test (e.g. Cohen 1988), with the family's max-T quantile c in place of
    1.96: what the first step of the adjusted test would show, and later steps at least. SE belongs to these two
    metrics: metrics that agree closely can be told apart by less. Empty where the stratum could not be resampled.

    Args:
        spreads, baselines: as in `bench.statistics.comparison.differences_of`.
    """
    if not spreads:
        return []
    sample, found = bootstrap.sample, []
    for a, b in combinations(range(len(sample.metrics)), 2):
        names = sample.metrics[a], sample.metrics[b]
        beside = any(name in baselines for name in names)
        for statistic in statistics:
            spread = spreads[STATISTICS.index(statistic)]
            c = critical_value(spread.maxima(beside), 1 - level, plan.ci_method, sample.n_clusters)
            place = (*names, sample.stratum, statistic.id)
            found.append(detectable_difference(place, float(spread.error[a, b]), c, sample.n_clusters, power, level))
    return found


def detectable_difference(
    place: tuple[str, str, str, str],
    error: float,
    critical: float,
    n_clusters: int,
    power: float = POWER,
    level: float = LEVEL,
) -> DetectableDifference:
    """Return what could be shown of one difference; NaN where there is no critical value.

    Args:
        place: both metrics, stratum and statistic.
        error, critical: see `DetectableDifference`.
    """
    detectable = (critical + float(ndtri(power))) * error if math.isfinite(critical) else math.nan
    return DetectableDifference(*place, error, critical, detectable, power, level, n_clusters)
