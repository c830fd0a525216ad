"""Does the best metric agree with the target beyond what else was rated, and can that be told?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from bench.analysis.numbers import interval_text, percent
from bench.analysis.sentence import Sentence
from bench.analysis.strata import ALL
from bench.analysis.verdict.best import leader_of
from bench.analysis.verdict.facts import Facts
from bench.analysis.verdict.words import names, valued
from bench.statistics.agreement import SRCC
from bench.statistics.dimensions import NEARLY_ONE, DimensionAgreement, DimensionOverlap


def beyond_dimensions(facts: Facts) -> Iterator[Sentence]:
    """Yield what is left of the best metric's agreement, given the other rated dimensions."""
    leader, overlaps = leader_of(facts), _everywhere(facts)
    if leader is None or not overlaps:
        return
    target = overlaps[0].target
    records = {(one.metric, one.stratum, one.dimension): one for one in facts.analysis.dimension_agreement}
    found = records.get((leader.metric, ALL, target))
    if found is None or math.isnan(found.partial.low):
        return
    partial = found.partial
    others = names(found.given)
    if partial.low > 0:
        text = (
            f"Given how listeners rated {others}, {leader.metric} still agrees with {target}: partial {SRCC.name} "
            f"{valued(partial)}{_noise(found)}."
        )
    else:
        text = (
            f"Beyond how listeners rated {others}, {leader.metric} was not shown to agree with {target}: partial "
            f"{SRCC.name} {valued(partial)}."
        )
    yield Sentence("hears.dimensions", "hears", text, "partial rank correlation, bootstrap interval", (leader.metric,))


def _noise(found: DimensionAgreement) -> str:
    """Say what the noise of the other ratings may leave of the agreement."""
    if math.isnan(found.gone_at.estimate):
        return f"; what the noise of those ratings hides of {names(found.given)} is not taken out"
    if found.gone_at.estimate <= 0:
        return ", however noisy those ratings are"
    return f"; nothing would be left if those mean ratings had a reliability of {valued(found.gone_at)} or less"


def nearly_one(facts: Facts) -> Iterator[Sentence]:
    """Yield that the target can hardly be told from what else was rated, where that is so."""
    text = nearly_one_text(_everywhere(facts))
    if text:
        yield Sentence("limits.dimensions", "limits", text, f"more than {percent(NEARLY_ONE)} of rank variance shared")


def nearly_one_text(overlaps: Sequence[DimensionOverlap]) -> str:
    """Say that the target is nearly one with the other dimensions of one stratum; empty where it is not."""
    if not overlaps or not overlaps[0].nearly_one:
        return ""
    first, others = overlaps[0], names([one.dimension for one in overlaps])
    shared = first.shared
    ends = f" [{percent(shared.low)}, {percent(shared.high)}]" if interval_text(shared.low, shared.high) else ""
    how = f"{SRCC.name} {valued(first.correlation)}, and so " if len(overlaps) == 1 else ""
    explained = f"{percent(shared.estimate)}{ends} of the rank variance of {first.target} is explained by"
    return (
        f"In these ratings {first.target} is nearly one with {others}: {how}{explained} "
        f"{'it' if len(overlaps) == 1 else 'them'}. Which of them a metric agrees with is hard to tell."
    )


def _everywhere(facts: Facts) -> list[DimensionOverlap]:
    return [one for one in facts.analysis.dimension_overlap if one.stratum == ALL]
