"""Which metric prefers most often what listeners prefer?"""

from __future__ import annotations

import math
from collections.abc import Iterator

from bench.analysis.numbers import decimal
from bench.analysis.sentence import Sentence
from bench.analysis.strata import ALL
from bench.analysis.verdict.best import DIFFERENCE, INTERVAL
from bench.analysis.verdict.words import counted, lead_text, names, valued
from bench.analysis.vote_verdict.facts import Facts, beats_coin, loses_to_coin
from bench.statistics.votes import VoteAgreement


def best(facts: Facts) -> Iterator[Sentence]:
    """Yield which metric is best, or which may be, or why that is not known; then which do not beat a coin."""
    n = len(facts.ranked)
    if not facts.compared:
        yield Sentence("best.none", "best", _nothing_compared(facts), "no test")
    elif not facts.ranked:
        reasons = sorted({a.note for a in facts.agreements_in(ALL)} - {""})
        why = f": {'; '.join(reasons)}" if reasons else ""
        yield Sentence("best.undefined", "best", f"No metric has an accuracy{why}.", "no test", tuple(facts.compared))
    elif not any(beats_coin(one, n) for one in facts.ranked):
        yield _noise(facts)
        yield from _opposite(facts)
    else:
        yield _single(facts) if n == 1 else _compared(facts)
        yield from _no_better_than_a_coin(facts)
        yield from _opposite(facts)


def _nothing_compared(facts: Facts) -> str:
    if any(a.stratum == ALL for a in facts.analysis.vote_agreements):
        return "Only baselines have scores: no metric is compared here."
    return "No metric has scores of both sides of a comparison: no metric is compared here."


def _noise(facts: Facts) -> Sentence:
    first, *others = facts.ranked
    value, better = f"accuracy {valued(first.accuracy)}", f"prefer the {facts.side} that most listeners prefer"
    if math.isnan(first.accuracy.low):
        why = f" ({first.accuracy.note})" if first.accuracy.note else ""
        highest = decimal(first.accuracy.estimate)
        text = f"Nothing was shown: the highest accuracy is {highest}, of {first.metric}, and has no interval{why}."
    elif others:
        text = (
            f"None of {len(facts.ranked)} metrics was shown to {better} more often than a coin would: the highest "
            f"{value}, of {first.metric}."
        )
    else:
        text = f"{first.metric} was not shown to {better} more often than a coin would: {value}."
    test = f"{INTERVAL}, widened for {counted(len(facts.ranked), 'metric')}" if others else INTERVAL
    return Sentence("best.noise", "best", text, test, tuple(one.metric for one in facts.ranked))


def _single(facts: Facts) -> Sentence:
    only = facts.ranked[0]
    text = f"{only.metric} is the only metric here: {_prefers(facts, only)}."
    return Sentence("best.single", "best", text, INTERVAL, (only.metric,))


def _prefers(facts: Facts, one: VoteAgreement) -> str:
    """Say what the accuracy is, and of what."""
    return (
        f"it prefers the {facts.side} that most listeners prefer in {valued(one.accuracy)} of "
        f"{counted(one.n_comparisons, 'comparison')} (a coin: 0.5)"
    )


def _compared(facts: Facts) -> Sentence:
    first = facts.ranked[0]
    candidates, ranked = facts.may_be_best(ALL), [one.metric for one in facts.ranked]
    if not candidates:
        return _untested(facts)
    if candidates == [first.metric]:
        return _one(facts)
    shown = f"{first.metric} has the highest accuracy: {_prefers(facts, first)}"
    if len(candidates) == len(ranked) > 2:
        text = f"{shown}, but none of {len(ranked)} metrics was shown to be worse than the best."
        return Sentence("best.any", "best", text, DIFFERENCE, tuple(candidates))
    others = [metric for metric in candidates if metric != first.metric]
    text = f"{shown}; {names(others)} may be as good."
    if n_worse := len(ranked) - len(candidates):
        text += f" The {'other was' if n_worse == 1 else f'other {n_worse} were'} shown to be worse than the best."
    return Sentence("best.set", "best", text, DIFFERENCE, tuple(candidates))


def _one(facts: Facts) -> Sentence:
    first, second = facts.ranked[:2]
    n_others = len(facts.ranked) - 1
    others = "the other was" if n_others == 1 else f"all {n_others} others were"
    text = f"{first.metric} agrees best with listeners: {_prefers(facts, first)}; {others} shown to be worse."
    lead = facts.leads_in(ALL).get(frozenset((first.metric, second.metric)))
    text += f" It leads the next, {lead.worse}, {lead_text(lead)}." if lead else ""
    return Sentence("best.one", "best", text, DIFFERENCE, (first.metric, second.metric))


def _untested(facts: Facts) -> Sentence:
    first, second = facts.ranked[:2]
    lead = facts.leads_in(ALL).get(frozenset((first.metric, second.metric)))
    text = f"{first.metric} has the highest accuracy: {_prefers(facts, first)}"
    text += f"; it leads the next, {second.metric}, {lead_text(lead)}" if lead and lead.delta else ""
    reasons = facts.why_untested(ALL)
    text += ". Which metrics may be as good was not tested" + (f": {'; '.join(reasons)}." if reasons else ".")
    return Sentence("best.untested", "best", text, DIFFERENCE if lead else INTERVAL, (first.metric, second.metric))


def _no_better_than_a_coin(facts: Facts) -> Iterator[Sentence]:
    n = len(facts.ranked)
    found = [one.metric for one in facts.ranked if not beats_coin(one, n)]
    if found:
        text = f"Not shown to do so more often than a coin would: {names(found)}."
        yield Sentence("best.coin", "best", text, f"{INTERVAL}, widened for {counted(n, 'metric')}", tuple(found))


def _opposite(facts: Facts) -> Iterator[Sentence]:
    """Name metrics that prefer what listeners do not: perhaps their scores are lower where the match is better."""
    n = len(facts.ranked)
    found = [one for one in facts.ranked if loses_to_coin(one, n)]
    if found:
        listed = names([f"{one.metric} ({valued(one.accuracy)})" for one in found])
        text = f"Shown to prefer the other {facts.side} more often than a coin would: {listed}."
        test = f"{INTERVAL}, widened for {counted(n, 'metric')}" if n > 1 else INTERVAL
        yield Sentence("best.opposite", "best", text, test, tuple(one.metric for one in found))
