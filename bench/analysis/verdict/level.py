"""How good is the best metric: beside one listener, and beside the best that could be reached?"""

from __future__ import annotations

import math
from collections.abc import Iterator

from bench.analysis.numbers import decimal, interval_text, percent
from bench.analysis.sentence import Sentence
from bench.analysis.strata import ALL
from bench.analysis.verdict.best import leader_of
from bench.analysis.verdict.facts import PLACE, Facts
from bench.analysis.verdict.words import valued
from bench.statistics.agreement import PRIMARY
from bench.statistics.intervals import Measured
from bench.statistics.yardsticks import BesideListener


def level(facts: Facts) -> Iterator[Sentence]:
    """Yield how far the first metric is from a human listener and from the ceiling."""
    leader = leader_of(facts)
    if leader is None:
        return
    found = [*_beside_listener(facts, leader.metric), *_below_ceiling(facts, leader.metric)]
    yield from found or [_unknown(facts, leader.metric)]


def _beside_listener(facts: Facts, metric: str) -> Iterator[Sentence]:
    listener = next((one for one in facts.analysis.one_listener if (one.stratum, one.statistic) == PLACE), None)
    beside = next(
        (b for b in facts.analysis.beside_listener if (b.metric, b.stratum, b.statistic) == (metric, *PLACE)), None
    )
    if listener is None or beside is None or _unknown_value(listener.agreement) or _unknown_value(beside.excess):
        return
    text = (
        f"One listener agrees with the others at {PRIMARY.name} {valued(listener.agreement)}, {metric} with the same "
        f"others at {valued(beside.agreement)}: {relation(beside.excess)}{_worth(beside)}."
    )
    yield Sentence("level.listener", "level", text, "paired bootstrap against one held-out listener", (metric,))


def relation(excess: Measured) -> str:
    """Say whether a metric was shown to be better or worse than one listener."""
    difference = f"difference {valued(excess)}"
    if excess.low > 0:
        return f"better than one listener, {difference}"
    if excess.high < 0:
        return f"worse than one listener, {difference}"
    return f"not shown to differ from one listener, {difference}"


def _worth(beside: BesideListener) -> str:
    worth = beside.worth
    if math.isinf(worth.estimate):
        return "; no number of listeners would agree better"
    if _unknown_value(worth):
        return ""
    number = " ".join(filter(None, (decimal(worth.estimate, 1), interval_text(worth.low, worth.high, 1))))
    return f"; worth the mean of {number} listeners"


def _below_ceiling(facts: Facts, metric: str) -> Iterator[Sentence]:
    reliability = next((one for one in facts.analysis.reliability if one.stratum == ALL), None)
    share = next(
        (s for s in facts.analysis.ceiling_shares if (s.metric, s.stratum, s.statistic) == (metric, *PLACE)), None
    )
    if reliability is None or share is None or _unknown_value(reliability.ceiling) or _unknown_value(share.share):
        return
    ends = share.share.low, share.share.high
    interval = "" if any(map(math.isnan, ends)) else f" [{percent(ends[0])}, {percent(ends[1])}]"
    text = (
        f"The ratings are so noisy that a perfect metric would reach about {decimal(reliability.ceiling.estimate, 2)}; "
        f"{metric} reaches {percent(share.share.estimate)}{interval} of that."
    )
    yield Sentence("level.ceiling", "level", text, "noise ceiling from the listeners' ICC", (metric,))


def _unknown(facts: Facts, metric: str) -> Sentence:
    reasons = {one.note for one in facts.analysis.reliability if one.stratum == ALL} - {""}
    why = "; ".join(sorted(reasons)) or "the data have no single ratings that agree beyond chance"
    if not facts.analysis.reliability:
        why = "the data give mean ratings only"
    text = f"How far {metric} is from a listener and from perfect is not known: {why}."
    return Sentence("level.unknown", "level", text, "needs single ratings of each pair", (metric,))


def _unknown_value(value: Measured) -> bool:
    return math.isnan(value.estimate)
