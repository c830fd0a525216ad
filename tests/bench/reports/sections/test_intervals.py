"""The sentences on intervals beneath a table: how they were made, and whether they rest on few captions."""

from __future__ import annotations

import math
from dataclasses import replace

from bench.reports.sections.intervals import intervals_made
from bench.statistics.bootstrap import CorrelationEstimate
from bench.statistics.intervals import Measured
from bench.statistics.reliability import CeilingShare
from bench.statistics.systems import SystemMeans
from bench.statistics.types import ResamplingPlan

HOW = ResamplingPlan(n_resamples=99).as_fields()
MADE = "Intervals: 95 %, expanded percentile, 99 resamples of captions."


def estimate(n_clusters: int, low: float = 0.1) -> CorrelationEstimate:
    return CorrelationEstimate("m", "all", "srcc", 60, n_clusters, 0.3, low, 0.5, **HOW)


def share(n_clusters: int) -> CeilingShare:
    return CeilingShare("m", "all", "srcc", Measured(0.5, 0.4, 0.6, n_clusters=n_clusters), **HOW)


def test_twenty_captions_are_enough_and_fewer_are_said_once() -> None:
    assert intervals_made([estimate(20), share(20)]) == MADE
    assert intervals_made([estimate(19), estimate(19)]) == f"{MADE} All rest on only 19 captions: read with care."
    assert intervals_made([share(7), share(30)]) == f"{MADE} Some rest on only 7 captions: read with care."
    few = [share(7), estimate(14), estimate(20)]
    assert intervals_made(few) == f"{MADE} Some rest on only 7 to 14 captions: read with care."


def test_values_without_an_interval_rest_on_nothing() -> None:
    assert intervals_made([estimate(4, low=math.nan), share(0)]) == MADE
    assert intervals_made([]) == ""


def test_means_by_system_are_looked_into() -> None:
    value = Measured(0.5, 0.4, 0.6, n_clusters=9)
    means = SystemMeans("a", 30, replace(value, n_clusters=40), {"m": value}, **HOW)
    assert intervals_made([means]) == f"{MADE} Some rest on only 9 captions: read with care."


def test_the_unit_is_named() -> None:
    by_pair = replace(share(12), resample_unit="pair")
    assert intervals_made([by_pair]).endswith("99 resamples of pairs. All rest on only 12 pairs: read with care.")
