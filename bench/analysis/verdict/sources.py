"""Does the answer hold for recorded and for generated clips?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from bench.analysis.numbers import decimal, interval_text, p_text
from bench.analysis.sentence import Sentence
from bench.analysis.strata import StratumName, of_kind
from bench.analysis.verdict.best import DIFFERENCE, INTERVAL, is_above_zero, leader_of
from bench.analysis.verdict.facts import Facts
from bench.analysis.verdict.words import counted, lead_text, names, valued
from bench.statistics.agreement import PRIMARY
from bench.statistics.evenness import Evenness
from bench.statistics.interactions import Interaction
from bench.statistics.max_t import LEVEL

MOST = 2
"""Interactions in words; what is beyond is counted."""


def sources(facts: Facts) -> Iterator[Sentence]:
    """Yield the best of each source, whether leads differ between sources, and whether the first metric is even."""
    found = of_kind(facts.analysis.strata, "source")
    if len(found) < 2 or leader_of(facts) is None:
        return
    yield from _best_of_each(facts, found)
    yield from _interactions(facts, found)
    yield from _evenness(facts, found)


def _best_of_each(facts: Facts, strata: Sequence[StratumName]) -> Iterator[Sentence]:
    parts = [part for stratum in strata if (part := _best_in(facts, stratum))]
    if not parts:
        return
    tested = any(facts.may_be_best(stratum.id) for stratum in strata)
    first = {facts.ranked_in(stratum.id)[0].metric: None for stratum in strata if facts.ranked_in(stratum.id)}
    text = "; ".join(parts)
    yield Sentence(
        "sources.best", "sources", f"{text[0].upper()}{text[1:]}.", DIFFERENCE if tested else INTERVAL, tuple(first)
    )


def _best_in(facts: Facts, stratum: StratumName) -> str:
    ranked = facts.ranked_in(stratum.id)
    if not ranked:
        return ""
    first, where = ranked[0], f"{stratum.label} clips"
    value = f"{PRIMARY.name} {valued(first)}"
    if not any(is_above_zero(one, len(ranked)) for one in ranked):
        return f"{where}: no metric was shown to agree with listeners, the highest {value}"
    others = [metric for metric in facts.may_be_best(stratum.id) if metric != first.metric]
    if len(ranked) == 1:
        return f"{where}: {value}"
    if not facts.may_be_best(stratum.id):
        return f"{where}: {first.metric} is highest, {value}"
    if not others:
        return f"{where}: {first.metric} is best, {value}"
    if len(others) == len(ranked) - 1:
        return f"{where}: {first.metric} is highest, {value}, none shown to be worse than the best"
    return f"{where}: {first.metric} is highest, {value}, and {names(others, most=3)} may be as good"


def _interactions(facts: Facts, strata: Sequence[StratumName]) -> Iterator[Sentence]:
    ids, known = {stratum.id for stratum in strata}, set(facts.compared)
    tested = [
        i
        for i in facts.analysis.interactions
        if {i.stratum_a, i.stratum_b} <= ids
        and {i.metric_a, i.metric_b} <= known
        and i.statistic == PRIMARY.id
        and not math.isnan(i.p_adjusted)
    ]
    shown = sorted(
        (i for i in tested if i.p_adjusted <= LEVEL), key=lambda i: (i.p_adjusted, -abs(i.difference.estimate))
    )
    if not tested:
        return
    test = "difference of differences, simultaneous bootstrap interval"
    if not shown:
        text = "No lead of one metric over another was shown to depend on the source of the clips."
        yield Sentence("sources.alike", "sources", text, test)
        return
    text = " ".join(_interaction(facts, one) for one in shown[:MOST])
    if len(shown) > MOST:
        text += f" The same was shown of {counted(len(shown) - MOST, 'more pair')} of metrics."
    involved = dict.fromkeys(metric for one in shown[:MOST] for metric in (one.metric_a, one.metric_b))
    yield Sentence("sources.differ", "sources", text, test, tuple(involved))


def _interaction(facts: Facts, one: Interaction) -> str:
    """Say in which of two strata A's lead over B is larger, and whether B is ahead in the other."""
    turned = one.difference.estimate < 0
    larger, smaller = (one.stratum_b, one.stratum_a) if turned else (one.stratum_a, one.stratum_b)
    low, high = (-one.sim_high, -one.sim_low) if turned else (one.sim_low, one.sim_high)
    amount = " ".join(filter(None, (decimal(abs(one.difference.estimate)), interval_text(low, high))))
    p = p_text(one.p_adjusted)
    where = f"on {facts.label(larger)} than on {facts.label(smaller)} clips"
    text = f"{one.metric_a} does better against {one.metric_b} {where}, by {amount}, adjusted {p}"
    leads = [_shown_in(facts, one, stratum) for stratum in (larger, smaller)]
    return f"{text}: {'; '.join(leads)}."


def _shown_in(facts: Facts, one: Interaction, stratum: str) -> str:
    lead = facts.leads_in(stratum).get(frozenset((one.metric_a, one.metric_b)))
    where = facts.label(stratum)
    if lead is None or math.isnan(lead.p):
        return f"on {where} clips their difference was not tested"
    if not lead.is_shown:
        return f"on {where} clips no difference was shown"
    return f"on {where} clips {lead.better} is ahead {lead_text(lead)}"


def _evenness(facts: Facts, strata: Sequence[StratumName]) -> Iterator[Sentence]:
    leader = leader_of(facts)
    found = [
        e
        for stratum in strata
        for e in facts.analysis.evenness
        if leader and (e.metric, e.stratum, e.statistic) == (leader.metric, stratum.id, PRIMARY.id)
        if not (math.isnan(e.predicted) or math.isnan(e.excess.low))
    ]
    if not found:
        return
    uneven = [e for e in found if e.shown]
    metric = found[0].metric
    if uneven:
        parts = [f"{e.shown} on {facts.label(e.stratum)} clips, {_beside_even(e)}" for e in uneven]
        text = f"{metric} is not even: {'; '.join(parts)}."
    else:
        parts = [f"on {facts.label(e.stratum)} clips {_beside_even(e)}" for e in found]
        text = f"{metric} was not shown to be uneven: {'; '.join(parts)}."
    yield Sentence(
        "sources.uneven" if uneven else "sources.even",
        "sources",
        text,
        "simulation from an ordinal model of the ratings, bootstrap intervals",
        (metric,),
    )


def _beside_even(e: Evenness) -> str:
    """Name the range of two metrics: even on the scale of ratings, and where listeners' errors are even."""
    expected = " to ".join(dict.fromkeys(map(decimal, sorted((e.predicted, e.predicted_on_ratings)))))
    return f"{decimal(e.estimate)} where an evenly good metric shows {expected}"
