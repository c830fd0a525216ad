"""Are two metrics as good as equal? Two one-sided tests (Schuirmann 1987).

That no difference was shown does not show that there is none. Two metrics are shown to be equivalent if their
difference is significantly above -margin and significantly below +margin, each at level alpha: exactly if its interval
at level 1 - 2 alpha lies inside the margin. The pair of tests needs no adjustment within one comparison, as both must
reject (Berger 1982); over several comparisons nothing is adjusted.

The margin is the user's to choose beforehand: the largest difference that would not matter.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from bench.statistics.agreement import PRIMARY, STATISTICS
from bench.statistics.bootstrap import StratumBootstrap
from bench.statistics.intervals import too_few_clusters
from bench.statistics.types import Resampled, ResamplingPlan

_S = STATISTICS.index(PRIMARY)


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
    n_clusters: int
    margin: float
    delta: float
    low: float
    high: float
    equivalent: bool
    different: bool
    note: str = ""


def equivalences_of(
    bootstrap: StratumBootstrap,
    plan: ResamplingPlan,
    margin: float,
    shown_to_differ: Iterable[tuple[str, str]],
    left_out: Iterable[str] = (),
) -> list[Equivalence]:
    """Compare every metric with every later one in the primary statistic.

    Args:
        bootstrap: of one stratum.
        plan: its confidence level is 1 - alpha; intervals are made at 1 - 2 alpha.
        margin: above 0.
        shown_to_differ: pairs of metrics whose simultaneous interval leaves 0 out.
        left_out: metrics that take no part.
    """
    within = replace(plan, confidence_level=round(1 - 2 * (1 - plan.confidence_level), 12))
    differ = {frozenset(pair) for pair in shown_to_differ}
    metrics, excluded = bootstrap.sample.metrics, set(left_out)
    taking_part = [m for m, metric in enumerate(metrics) if metric not in excluded]
    return [
        _equivalence(bootstrap, within, margin, (a, b), frozenset((metrics[a], metrics[b])) in differ)
        for a, b in combinations(taking_part, 2)
    ]


def _equivalence(
    bootstrap: StratumBootstrap, plan: ResamplingPlan, margin: float, pair: tuple[int, int], different: bool
) -> Equivalence:
    a, b = pair
    sample, delta = bootstrap.sample, float(bootstrap.estimates[a, _S] - bootstrap.estimates[b, _S])
    low, high, note = _interval(bootstrap, plan, pair, delta)
    return Equivalence(
        metric_a=sample.metrics[a],
        metric_b=sample.metrics[b],
        stratum=sample.stratum,
        statistic=PRIMARY.id,
        n_clusters=sample.n_clusters,
        margin=margin,
        delta=delta,
        low=low,
        high=high,
        equivalent=bool(-margin < low and high < margin),  # False where there is no interval
        different=different,
        **plan.as_fields(),
        note=note,
    )


def _interval(
    bootstrap: StratumBootstrap, plan: ResamplingPlan, pair: tuple[int, int], delta: float
) -> tuple[float, float, str]:
    sample, replicates = bootstrap.sample, bootstrap.replicates()
    if np.isnan(delta):
        missing = [sample.metrics[m] for m in pair if np.isnan(bootstrap.estimates[m, _S])]
        return np.nan, np.nan, f"no estimate for {' and '.join(missing)}"
    if replicates is None:
        return np.nan, np.nan, too_few_clusters(sample.n_clusters)
    a, b = pair
    found = replicates.map(lambda v: v[:, a, _S] - v[:, b, _S]).measured(delta, plan, sample.n_clusters)
    return found.low, found.high, found.note
