"""Metrics in order of merit, and their differences with the better one first."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bench.analysis.strata import ALL
from bench.statistics.agreement import BY_ID, PRIMARY
from bench.statistics.bootstrap import CorrelationEstimate
from bench.statistics.comparison import CorrelationDifference
from bench.statistics.max_t import LEVEL

ADJUSTED = (
    "Interval and p are each adjusted for all comparisons of their column. p is stepped down and made from "
    f"permutations: near the level it may fall to {LEVEL:g} where the interval, made from resamples, still holds 0, "
    "and now and then the other way round."
)
"""What `lead_of` returns, in words."""


@dataclass(frozen=True, slots=True)
class Lead:
    """The difference of two metrics on one stratum, ``better - worse``.

    Attributes:
        better, worse: by the estimates; as the record has them where either has none.
        delta: on the statistic's own scale, so negative for errors.
        low, high: its simultaneous interval.
        p: adjusted for all comparisons of its family.
        p_is_bound: p is the least that the test can give.
    """

    better: str
    worse: str
    stratum: str
    statistic: str
    delta: float
    low: float
    high: float
    p: float
    p_is_bound: bool
    note: str = ""

    @property
    def is_shown(self) -> bool:
        """Whether the adjusted test shows a difference."""
        return self.p <= LEVEL


def lead_of(difference: CorrelationDifference) -> Lead:
    """Return a difference with the better metric first."""
    sign = 1 if BY_ID[difference.statistic].higher_is_better else -1
    turned = difference.delta * sign < 0
    names = (difference.metric_a, difference.metric_b)
    low, high = difference.sim_low, difference.sim_high
    better, worse = reversed(names) if turned else names
    return Lead(
        better,
        worse,
        stratum=difference.stratum,
        statistic=difference.statistic,
        delta=-difference.delta if turned else difference.delta,
        low=-high if turned else low,
        high=-low if turned else high,
        p=difference.p_adjusted,
        p_is_bound=difference.at_resolution,
        note=difference.sim_note,
    )


def leads(
    differences: Iterable[CorrelationDifference], stratum: str = ALL, statistic: str = PRIMARY.id
) -> dict[frozenset[str], Lead]:
    """Return the differences of one stratum and statistic by the two metrics that they are of."""
    return {
        frozenset((d.metric_a, d.metric_b)): lead_of(d)
        for d in differences
        if (d.stratum, d.statistic) == (stratum, statistic)
    }


def by_merit(
    estimates: Iterable[CorrelationEstimate], stratum: str = ALL, statistic: str = PRIMARY.id
) -> list[CorrelationEstimate]:
    """Return the estimates of one stratum and statistic, the best first and what is undefined last."""
    sign = -1 if BY_ID[statistic].higher_is_better else 1
    found = [e for e in estimates if (e.stratum, e.statistic) == (stratum, statistic)]
    return sorted(found, key=lambda e: (math.isnan(e.estimate), 0 if math.isnan(e.estimate) else sign * e.estimate))


def in_order(found: dict[frozenset[str], Lead], metrics: Sequence[str]) -> list[Lead]:
    """Return leads in order of merit: those of the first of ``metrics`` first, over the second, the third, ..."""
    place = {metric: i for i, metric in enumerate(metrics)}
    known = [lead for lead in found.values() if {lead.better, lead.worse} <= set(place)]
    return sorted(known, key=lambda lead: sorted((place[lead.better], place[lead.worse])))
