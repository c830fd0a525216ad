"""Does the answer hold for each kind of comparison?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench.analysis.sentence import Sentence
from bench.analysis.verdict.best import DIFFERENCE, INTERVAL
from bench.analysis.verdict.words import counted, names, valued
from bench.analysis.vote_results import kind_label
from bench.analysis.vote_verdict.facts import Facts, beats_coin
from bench.statistics.votes import VoteAgreement


def kinds(facts: Facts) -> Iterator[Sentence]:
    """Yield the best of each kind, and in which kinds the first metric holds its place and beats a coin."""
    if facts.leader is None or len(facts.kinds) < 2:
        return
    parts = [part for kind in facts.kinds if (part := _best_in(facts, kind))]
    if parts:
        tested = any(facts.may_be_best(kind) for kind in facts.kinds)
        text = "; ".join(parts)
        first = {facts.ranked_in(kind)[0].metric: None for kind in facts.kinds if facts.ranked_in(kind)}
        yield Sentence("sources.best", "sources", f"{text}.", DIFFERENCE if tested else INTERVAL, tuple(first))
    yield from _holds(facts, facts.leader)
    yield from _coin(facts, facts.leader)


def _best_in(facts: Facts, stratum: str) -> str:
    ranked, where = facts.ranked_in(stratum), kind_label(stratum)
    if not ranked:
        return ""
    first, value = ranked[0], f"accuracy {valued(ranked[0].accuracy)}"
    if not any(beats_coin(one, len(ranked)) for one in ranked):
        return f"{where}: no metric was shown to beat a coin, the highest {value}, of {first.metric}"
    if len(ranked) == 1:
        return f"{where}: {value}"
    candidates = facts.may_be_best(stratum)
    if not candidates:
        return f"{where}: {first.metric} is highest, {value}"
    others = [metric for metric in candidates if metric != first.metric]
    if not others:
        return f"{where}: {first.metric} is best, {value}"
    if len(others) == len(ranked) - 1:
        return f"{where}: {first.metric} is highest, {value}, none shown to be worse than the best"
    return f"{where}: {first.metric} is highest, {value}, and {names(others, most=3)} may be as good"


def _holds(facts: Facts, leader: VoteAgreement) -> Iterator[Sentence]:
    """Say where the first metric on all comparisons was shown to be worse than another."""
    tested = [kind for kind in facts.kinds if facts.may_be_best(kind)]
    behind = [kind for kind in tested if leader.metric not in facts.may_be_best(kind)]
    if not tested or len(facts.ranked) == 1:
        return
    text = f"{leader.metric} was shown to be worse than the best on {_listed(behind)}."
    if not behind:
        where = "any kind" if len(tested) == len(facts.kinds) else _listed(tested, "or")
        text = f"{leader.metric} was not shown to be worse than the best on {where}."
    yield Sentence("sources.holds", "sources", text, DIFFERENCE, (leader.metric,))


def _coin(facts: Facts, leader: VoteAgreement) -> Iterator[Sentence]:
    """Say where the first metric on all comparisons was shown to be better than a coin."""
    here = {kind: one for kind in facts.kinds for one in facts.ranked_in(kind) if one.metric == leader.metric}
    if not here:
        return
    missing = [kind for kind, one in here.items() if not beats_coin(one, len(here))]
    if missing:
        text = f"{leader.metric} was not shown to beat a coin on {_listed(missing, 'or')}."
    else:
        where = "each kind" if len(here) == len(facts.kinds) else _listed(list(here))
        text = f"{leader.metric} beats a coin on {where}."
    test = f"{INTERVAL}, widened for {counted(len(here), 'kind')}"
    yield Sentence("sources.coin", "sources", text, test, (leader.metric,))


def _listed(strata: Sequence[str], last: str = "and") -> str:
    return names([kind_label(stratum) for stratum in strata], last)
