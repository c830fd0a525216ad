"""How good is the best metric beside one listener?"""

from __future__ import annotations

import math
from collections.abc import Iterator

from bench.analysis.sentence import Sentence
from bench.analysis.strata import ALL
from bench.analysis.verdict.level import relation
from bench.analysis.verdict.words import valued
from bench.analysis.vote_verdict.facts import Facts


def level(facts: Facts) -> Iterator[Sentence]:
    """Yield how far the first metric is from one listener, or why that is not known."""
    if facts.leader is None:
        return
    metric = facts.leader.metric
    voter = next((one for one in facts.analysis.one_voter if one.stratum == ALL), None)
    beside = next((b for b in facts.analysis.beside_voter if (b.metric, b.stratum) == (metric, ALL)), None)
    if voter is None or beside is None or math.isnan(beside.excess.estimate):
        why = f": {voter.note}" if voter and voter.note else ""
        text = f"How far {metric} is from one listener is not known{why}."
        yield Sentence("level.unknown", "level", text, "needs several votes on a comparison", (metric,))
        return
    text = (
        f"One listener says what most others say in {valued(voter.agreement)} of votes, {metric} what the same others "
        f"say in {valued(beside.agreement)}: {relation(beside.excess)}."
    )
    yield Sentence("level.listener", "level", text, "paired bootstrap against one held-out listener", (metric,))
