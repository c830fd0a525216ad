"""Analyses of votes made by hand, in which one knows what may be said."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from bench.analysis.strata import ALL
from bench.analysis.vote_results import VoteAnalysis
from bench.analysis.vote_verdict.facts import VoteFacts
from bench.statistics.intervals import Measured
from bench.statistics.power import DetectableDifference
from bench.statistics.standing import Standing
from bench.statistics.types import DEFAULT_PLAN
from bench.statistics.vote_differences import ACCURACY, VoteDifference
from bench.statistics.votes import BesideVoter, OneVoter, VoteAgreement

HUMANS, MACHINES = "kind:human-human", "kind:machine-machine"
PLAN: Mapping[str, Any] = {**DEFAULT_PLAN.as_fields(), "resample_unit": "clip"}
VOTES = VoteFacts("clip", n_comparisons=1200, n_common=1200)
HALF = 0.03


def around(value: float, half: float = HALF) -> Measured:
    return Measured(value, value - half, value + half)


def agreement(metric: str, value: Measured, stratum: str = ALL, ties: int = 0, **more: Any) -> VoteAgreement:
    fields = {"n_comparisons": 1200, "n_clusters": 300, **PLAN, **more}
    return VoteAgreement(
        stratum=stratum,
        metric=metric,
        n_score_ties=ties,
        n_votes=3600,
        accuracy=value,
        with_votes=value,
        auc=value,
        **fields,
    )


def difference(a: str, b: str, delta: float, p: float, stratum: str = ALL) -> VoteDifference:
    return VoteDifference(
        stratum=stratum,
        metric_a=a,
        metric_b=b,
        n_comparisons=1200,
        n_clusters=300,
        n_decided=200,
        delta=around(delta, 0.02),
        sim_low=delta - 0.04,
        sim_high=delta + 0.04,
        p_value=p,
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
    ties: Mapping[str, int] | None = None,
) -> dict[str, tuple[Any, ...]]:
    """Return fields of an analysis: metrics with these accuracies, of which some may be best.

    Args:
        values: accuracy by metric.
        best: may be best; none leaves the standings out.
        open_pairs: were not shown to differ; all others were.
        ties: comparisons that metrics score alike.
    """
    pairs = list(combinations(values, 2))
    p_of = {pair: 0.3 if pair in open_pairs else 0.0001 for pair in pairs}
    tied = ties or {}
    return {
        "vote_agreements": tuple(
            agreement(m, around(value, half), stratum, tied.get(m, 0)) for m, value in values.items()
        ),
        "vote_differences": tuple(difference(a, b, values[a] - values[b], p_of[a, b], stratum) for a, b in pairs),
        "standings": tuple(Standing(m, stratum, ACCURACY, m in best, "a") for m in values) if best else (),
        "detectable_differences": tuple(
            DetectableDifference(a, b, stratum, ACCURACY, 0.02, 1.96, 0.056, 0.8, 0.05, 300) for a, b in pairs
        ),
    }


def joined(*parts: Mapping[str, tuple[Any, ...]]) -> VoteAnalysis:
    """Return an analysis with the records of all parts."""
    fields: dict[str, tuple[Any, ...]] = {}
    for part in parts:
        for name, records in part.items():
            fields[name] = (*fields.get(name, ()), *records)
    return VoteAnalysis(**fields)


def listener(metric: str, one: float, with_same: float, note: str = "") -> dict[str, tuple[Any, ...]]:
    """Return one listener as the yardstick of a metric."""
    about = {"stratum": ALL, "n_comparisons": 1200, "n_clusters": 300, "n_votes": 3600, **PLAN}
    return {
        "one_voter": (OneVoter(n_contradicted=0, agreement=around(one), note=note, **about),),
        "beside_voter": (
            BesideVoter(metric=metric, agreement=around(with_same), excess=around(with_same - one), **about),
        ),
    }


def nobody(note: str) -> dict[str, tuple[Any, ...]]:
    """Return a yardstick that is not known."""
    about = {"stratum": ALL, "n_comparisons": 0, "n_clusters": 0, "n_votes": 0, **PLAN}
    return {"one_voter": (OneVoter(n_contradicted=0, agreement=around(math.nan), note=note, **about),)}
