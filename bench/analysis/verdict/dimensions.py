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
from bench.statistics.dimensions import NEARLY_ONE, DimensionOverlap


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
            f"{valued(partial)}; what the noise of those ratings hides of {others} is not taken out."
        )
    else:
        text = (
            f"Beyond how listeners rated {others}, {leader.metric} was not shown to agree with {target}: partial "
            f"{SRCC.name} {valued(partial)}."
        )
    yield Sentence("hears.dimensions", "hears", text, "partial rank correlation, bootstrap interval", (leader.metric,))


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
    return (
        f"{others} and {first.target} are nearly one in these ratings: {how}{percent(shared.estimate)}{ends} of the "
        f"rank variance of {first.target} is explained by {others}. Which of them a metric agrees with is hard to tell."
    )


def _everywhere(facts: Facts) -> list[DimensionOverlap]:
    return [one for one in facts.analysis.dimension_overlap if one.stratum == ALL]
