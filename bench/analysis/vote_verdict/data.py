"""Can the numbers be trusted: which scores are missing, what is tied, and what had trained metrics seen?"""

from __future__ import annotations

from collections.abc import Iterator

from bench.analysis.sentence import Sentence
from bench.analysis.verdict.data import seen_in_training, what_is_missing
from bench.analysis.verdict.words import counted, names
from bench.analysis.vote_verdict.facts import Facts

MANY_TIES = 0.01
"""Share of comparisons that a metric scores alike from which on it is said."""


def data(facts: Facts) -> Iterator[Sentence]:
    """Yield what is missing, what has no majority or no preferred side, and what was seen in training."""
    yield _missing(facts)
    yield from _equal(facts)
    yield from _alike(facts)
    yield from seen_in_training(facts.leakage)


def _missing(facts: Facts) -> Sentence:
    votes = facts.votes
    if not (votes.n_missing or votes.unscored):
        on = f"on the same {counted(votes.n_comparisons, 'comparison')}"
        return Sentence(
            "data.complete", "data", f"No score is missing: all metrics are compared {on}.", "count of scores"
        )
    sentences = what_is_missing(votes.unscored, votes.n_missing, "pair", "Comparisons with a side without a score")
    whose = "the other metrics all" if votes.unscored else "all metrics"
    sentences.append(
        f"Everything is on the {votes.n_common:,} of {votes.n_comparisons:,} comparisons of which {whose} scored both "
        "sides."
    )
    left_out = tuple(dict.fromkeys((*votes.unscored, *votes.n_missing)))
    return Sentence("data.missing", "data", " ".join(sentences), "count of scores", left_out)


def _equal(facts: Facts) -> Iterator[Sentence]:
    votes = facts.votes
    if votes.n_equal:
        text = f"{votes.n_equal:,} of {votes.n_common:,} comparisons have no majority and count for no accuracy."
        yield Sentence("data.equal", "data", text, "count of votes")


def _alike(facts: Facts) -> Iterator[Sentence]:
    tied = {a.metric: a.n_score_ties for a in facts.ranked if a.n_score_ties >= MANY_TIES * a.n_comparisons > 0}
    if tied:
        counts = names([f"{metric} {n:,}" for metric, n in tied.items()])
        text = f"Comparisons scored alike, which count as not agreeing: {counts}."
        yield Sentence("data.ties", "data", text, "count of scores", tuple(tied))
