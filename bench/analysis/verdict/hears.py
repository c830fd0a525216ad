"""Do metrics hear the clip, or only which system made it, how loud it is, how long the caption is?"""

from __future__ import annotations

import math
from collections.abc import Iterator

from bench.analysis.sentence import Sentence
from bench.analysis.verdict.best import leader_of
from bench.analysis.verdict.dimensions import beyond_dimensions
from bench.analysis.verdict.facts import PLACE, Facts
from bench.analysis.verdict.words import counted, names, valued
from bench.statistics.agreement import SRCC
from bench.statistics.sentinels import SentinelAgreement

KNOWS = {
    "system": "which system made the clip",
    "source": "whether the clip is recorded or generated",
    "loudness": "how loud the clip is",
    "duration": "how long the clip is",
    "caption length": "how long the caption is",
}
"""What the sentinels know, in words."""


def hears(facts: Facts) -> Iterator[Sentence]:
    """Yield which metrics know more than the best score that hears nothing, and what is left within one system.

    And what is left given what else was rated.
    """
    sentinel = _strongest(facts)
    if sentinel is not None:
        yield from _beyond(facts, sentinel)
    yield from _within_systems(facts)
    yield from beyond_dimensions(facts)


def _strongest(facts: Facts) -> SentinelAgreement | None:
    found = [s for s in facts.analysis.sentinels if (s.stratum, s.statistic) == PLACE]
    known = [s for s in found if not math.isnan(s.agreement.estimate)]
    return max(known, key=lambda s: s.agreement.estimate, default=None)


def _beyond(facts: Facts, sentinel: SentinelAgreement) -> Iterator[Sentence]:
    exceeds = {
        b.metric: b.exceeds
        for b in facts.analysis.beyond_sentinels
        if (b.sentinel, b.stratum, b.statistic) == (sentinel.sentinel, *PLACE) and not math.isnan(b.p_adjusted)
    }
    tested = [e.metric for e in facts.ranked if e.metric in exceeds]
    if not tested:
        return
    shown = [metric for metric in tested if exceeds[metric]]
    others = [metric for metric in tested if not exceeds[metric]]
    fact = KNOWS.get(sentinel.sentinel, f"the {sentinel.sentinel}")
    text = f"Knowing nothing but {fact} gives {SRCC.name} {valued(sentinel.agreement)}; "
    if not others:
        text += f"{'all metrics were' if len(shown) > 1 else f'{shown[0]} was'} shown to agree better."
    elif not shown:
        text += f"{'no metric was' if len(others) > 1 else f'{others[0]} was not'} shown to agree better."
    else:
        text += f"shown to agree better: {names(shown)}; not shown: {names(others)}."
    yield Sentence("hears.beyond", "hears", text, "paired bootstrap against sentinels, adjusted", (*shown, *others))


def _within_systems(facts: Facts) -> Iterator[Sentence]:
    leader = leader_of(facts)
    if leader is None:
        return
    found = next((a for a in facts.analysis.system_agreement if a.metric == leader.metric), None)
    if found is None or math.isnan(found.macro_srcc.estimate):
        return
    shown = found.macro_srcc.low > 0
    says = "still ranks clips" if shown else "was not shown to rank clips"
    text = (
        f"Within one system {leader.metric} {says}: {SRCC.name} {valued(found.macro_srcc)}, the mean over "
        f"{counted(found.n_systems, 'system')}."
    )
    yield Sentence("hears.within", "hears", text, "bootstrap interval within systems", (leader.metric,))
