"""What must not be concluded from these votes?"""

from __future__ import annotations

from collections.abc import Iterator

from bench.analysis.sentence import Sentence
from bench.analysis.strata import ALL
from bench.analysis.verdict.limits import FEW
from bench.analysis.verdict.words import counted
from bench.analysis.vote_verdict.facts import Facts
from bench.statistics.votes import ONE_SIDED

ASKED = {
    "clip": "Listeners chose between captions of one clip: that says nothing of how well either fits, and nothing "
    "of how a metric ranks the clips that systems generate, which ratings of clips would tell.",
    "caption": "Listeners chose between clips of one caption: that says nothing of how well either fits, and nothing "
    "of how a metric compares clips of different captions, which ratings would tell.",
}


def limits(facts: Facts) -> Iterator[Sentence]:
    """Yield what the tables seem to say and do not."""
    if not facts.compared:
        return
    yield from _few_clusters(facts)
    yield Sentence("limits.question", "limits", ASKED[facts.votes.shared], "what listeners were asked")
    yield from _selection(facts)
    if facts.votes.most_votes == 1:
        text = "Each majority is one listener's vote: a perfect metric would not reach 1."
        yield Sentence("limits.one-vote", "limits", text, "count of votes")
    yield from _kinds(facts)


def _few_clusters(facts: Facts) -> Iterator[Sentence]:
    first = next(iter(facts.ranked), None)
    if first is None or first.n_clusters >= FEW:
        return
    text = f"The intervals are rough and too narrow: they rest on {counted(first.n_clusters, first.resample_unit)}."
    yield Sentence("limits.few", "limits", text, f"fewer than {FEW} {first.resample_unit}s")


def _selection(facts: Facts) -> Iterator[Sentence]:
    """Warn where comparisons that listeners disagree on seem to have been left out by whoever published the votes."""
    if any(one.note == ONE_SIDED for one in facts.analysis.one_voter if one.stratum == ALL):
        text = (
            "No comparison has votes for both sides: the figures are for comparisons that listeners agree on, and one "
            "listener is near 1 by selection."
        )
        yield Sentence("limits.selection", "limits", text, "count of comparisons with votes for both sides")


def _kinds(facts: Facts) -> Iterator[Sentence]:
    """Where other metrics may be best in one kind than in another, the difference between kinds is still untested."""
    found = {frozenset(candidates) for kind in facts.kinds if (candidates := facts.may_be_best(kind))}
    if facts.leader is not None and len(found) > 1:
        text = "What is shown of one kind and not of another may still hold of both: leads were not compared by kind."
        yield Sentence("limits.kinds", "limits", text, "no test")
