"""Analyses made by hand, in which one knows what may be said."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from bench.analysis.results import Analysis
from bench.analysis.strata import ALL, StratumName
from bench.analysis.verdict.facts import ScoreFacts
from bench.statistics.bootstrap import CorrelationEstimate
from bench.statistics.comparison import CorrelationDifference
from bench.statistics.dimensions import DimensionAgreement, DimensionOverlap
from bench.statistics.evenness import Evenness
from bench.statistics.interactions import Interaction
from bench.statistics.intervals import Measured
from bench.statistics.power import DetectableDifference
from bench.statistics.reliability import CeilingShare, ReliabilityEstimate
from bench.statistics.sentinels import BeyondSentinel, SentinelAgreement
from bench.statistics.standing import Standing
from bench.statistics.systems import SystemAgreement
from bench.statistics.types import DEFAULT_PLAN
from bench.statistics.yardsticks import BesideListener, OneListener

NATURAL, SYNTHESIZED = "source=natural", "source=synthesized"
STRATA = (
    StratumName(ALL, "all", "all"),
    StratumName(NATURAL, "source", "natural"),
    StratumName(SYNTHESIZED, "source", "synthesized"),
)
PLAN: Mapping[str, Any] = DEFAULT_PLAN.as_fields()
SCORES = ScoreFacts(n_pairs=2598, n_common=2598, systems=("alpha", "beta"))
HALF = 0.03
"""Half an interval."""


def around(value: float, half: float = HALF) -> Measured:
    return Measured(value, value - half, value + half)


def estimate(metric: str, value: float, stratum: str = ALL, half: float = HALF, **more: Any) -> CorrelationEstimate:
    fields = {"n_pairs": 2598, "n_clusters": 858, **PLAN, **more}
    return CorrelationEstimate(metric, stratum, "srcc", estimate=value, low=value - half, high=value + half, **fields)


def difference(a: str, b: str, delta: float, p: float, stratum: str = ALL, half: float = 0.04) -> CorrelationDifference:
    return CorrelationDifference(
        a,
        b,
        stratum,
        "srcc",
        n_pairs=2598,
        n_clusters=858,
        delta=delta,
        low=delta - half,
        high=delta + half,
        p_value=p,
        sim_low=delta - half,
        sim_high=delta + half,
        p_adjusted=p,
        with_baseline=False,
        n_permutations=9999,
        **PLAN,
    )


def compared(
    values: Mapping[str, float],
    best: Sequence[str] = (),
    stratum: str = ALL,
    half: float = HALF,
    open_pairs: Sequence[tuple[str, str]] = (),
) -> dict[str, tuple[Any, ...]]:
    """Return fields of an analysis: metrics with these SRCC, of which some may be best.

    Args:
        values: SRCC by metric.
        best: may be best; none leaves the standings out.
        open_pairs: were not shown to differ; all others were.
    """
    pairs = list(combinations(values, 2))
    p_of = {pair: 0.3 if pair in open_pairs else 0.0001 for pair in pairs}
    return {
        "estimates": tuple(estimate(metric, value, stratum, half) for metric, value in values.items()),
        "differences": tuple(difference(a, b, values[a] - values[b], p_of[a, b], stratum) for a, b in pairs),
        "standings": tuple(Standing(m, stratum, "srcc", m in best, "a") for m in values) if best else (),
        "detectable_differences": tuple(
            DetectableDifference(a, b, stratum, "srcc", 0.02, 1.96, 0.056, 0.8, 0.05, 858) for a, b in pairs
        ),
    }


def joined(*parts: Mapping[str, tuple[Any, ...]]) -> Analysis:
    """Return an analysis with the records of all parts."""
    fields: dict[str, tuple[Any, ...]] = {"strata": STRATA}
    for part in parts:
        for name, records in part.items():
            fields[name] = (*fields.get(name, ()), *records)
    return Analysis(**fields)


def listeners(metric: str, one: float, metric_value: float, ceiling: float = 0.787) -> dict[str, tuple[Any, ...]]:
    """Return what single ratings tell of a metric."""
    excess = around(metric_value - one)
    values = {name: around(0.5) for name in ("icc1", "icc1k", "reliability")}
    return {
        "one_listener": (OneListener(ALL, "srcc", 2598, 7797, 858, around(one), **PLAN),),
        "beside_listener": (
            BesideListener(metric, ALL, "srcc", around(metric_value), excess, around(0.9, 0.1), **PLAN),
        ),
        "reliability": (
            ReliabilityEstimate(ALL, 2598, 7797, 858, 3.0, 2.1, **values, ceiling=around(ceiling), **PLAN),
        ),
        "ceiling_shares": (CeilingShare(metric, ALL, "srcc", around(0.7), **PLAN),),
    }


def sentinel(value: float, exceeds: Mapping[str, bool], name: str = "system") -> dict[str, tuple[Any, ...]]:
    """Return a sentinel, and which metrics were shown to exceed it."""
    return {
        "sentinels": (SentinelAgreement(name, ALL, "srcc", 2598, around(value), around(0.6), **PLAN),),
        "beyond_sentinels": tuple(
            BeyondSentinel(m, name, ALL, "srcc", around(0.1 if shown else 0.0), 0.001 if shown else 0.5, shown, **PLAN)
            for m, shown in exceeds.items()
        ),
    }


def dimensions(
    partial: Mapping[str, float],
    shared: float = 0.3,
    others: Sequence[str] = ("quality",),
    gone_at: float = 0.4,
) -> dict[str, tuple[Any, ...]]:
    """Return what is left of metrics' agreement with relevance, and the share of it that others explain."""
    between = around(math.sqrt(shared))
    return {
        "dimension_agreement": tuple(
            DimensionAgreement(
                metric, ALL, "relevance", tuple(others), 2598, around(0.5), around(value), around(gone_at), **PLAN
            )
            for metric, value in partial.items()
        ),
        "dimension_overlap": tuple(
            DimensionOverlap(ALL, "relevance", other, 2598, between, around(shared), **PLAN) for other in others
        ),
    }


def systems(metric: str, macro: float, n_systems: int = 4) -> dict[str, tuple[Any, ...]]:
    """Return the agreement of a metric within systems."""
    high, pairs = around(0.9), n_systems * (n_systems - 1) // 2
    values = (high, 0.01, 0.95, high, high, high, around(macro), around(macro + 0.1))
    return {"system_agreement": (SystemAgreement(metric, n_systems, pairs, *values, **PLAN),)}


def interaction(a: str, b: str, value: float, p: float) -> dict[str, tuple[Any, ...]]:
    """Return how much larger A's lead over B is on natural than on synthesized clips."""
    ends = (value - 0.05, value + 0.05)
    return {
        "interactions": (Interaction(a, b, NATURAL, SYNTHESIZED, "srcc", around(value), *ends, p, **PLAN),),
    }


def evenness(metric: str, shown: Mapping[str, tuple[float, float]]) -> dict[str, tuple[Any, ...]]:
    """Return what a metric shows and what an even one would, by stratum."""
    return {
        "evenness": tuple(
            Evenness(metric, stratum, "srcc", 800, value, *2 * (predicted, around(value - predicted)), **PLAN)
            for stratum, (value, predicted) in shown.items()
        )
    }


def undefined(metric: str, note: str) -> dict[str, tuple[Any, ...]]:
    """Return a metric without an estimate."""
    fields = {"n_pairs": 2598, "n_clusters": 858, **PLAN}
    nothing = dict.fromkeys(("estimate", "low", "high"), math.nan)
    return {"estimates": (CorrelationEstimate(metric, ALL, "srcc", **nothing, **fields, note=note),)}
