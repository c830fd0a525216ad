"""Which metric agrees best with listeners?"""

from __future__ import annotations

import math
from collections.abc import Iterator

from scipy.special import ndtri

from bench.analysis.merit import Lead
from bench.analysis.numbers import decimal
from bench.analysis.sentence import Sentence
from bench.analysis.strata import ALL
from bench.analysis.verdict.facts import PLACE, Facts
from bench.analysis.verdict.words import counted, lead_text, names, valued
from bench.statistics.agreement import PRIMARY
from bench.statistics.bootstrap import CorrelationEstimate
from bench.statistics.intervals import Measured

INTERVAL = "bootstrap interval"
DIFFERENCE = "permutation test, adjusted for all comparisons"


def best(facts: Facts) -> Iterator[Sentence]:
    """Yield which metric is best, or which may be, or why that is not known."""
    if not facts.compared:
        yield Sentence("best.none", "best", "Only baselines have scores: no metric is compared here.", "no test")
    elif not facts.ranked:
        yield _undefined(facts)
    elif not any(is_above_zero(estimate, len(facts.ranked)) for estimate in facts.ranked):
        yield _noise(facts)
    elif len(facts.ranked) == 1:
        yield _single(facts)
    else:
        yield _compared(facts)


def is_above_zero(estimate: CorrelationEstimate, n_metrics: int) -> bool:
    """Whether a metric is shown to agree with listeners at all, as one of ``n_metrics`` that were looked at."""
    return is_above(0, estimate, n_metrics, estimate.confidence_level)


def is_above(chance: float, value: CorrelationEstimate | Measured, n_looked_at: int, confidence_level: float) -> bool:
    """Whether a value is shown to be above what chance gives, as one of so many that were looked at.

    The lower half of the interval is widened as normal quantiles are by Bonferroni's adjustment.
    """
    half = (1 - confidence_level) / 2
    wider = float(ndtri(1 - half / n_looked_at) / ndtri(1 - half))
    return value.estimate - wider * (value.estimate - value.low) > chance


def leader_of(facts: Facts) -> CorrelationEstimate | None:
    """Return the metric that further questions are asked of: the first in merit, if it was shown to agree at all."""
    if not facts.ranked or not is_above_zero(facts.ranked[0], len(facts.ranked)):
        return None
    return facts.ranked[0]


def _undefined(facts: Facts) -> Sentence:
    reasons = {e.note for e in facts.analysis.estimates if (e.stratum, e.statistic) == PLACE} - {""}
    why = f": {'; '.join(sorted(reasons))}" if reasons else ""
    text = f"No metric has an {PRIMARY.name} on all pairs{why}."
    return Sentence("best.undefined", "best", text, "no test", tuple(facts.compared))


def _noise(facts: Facts) -> Sentence:
    first, *others = facts.ranked
    highest = f"the highest {PRIMARY.name} is"
    if math.isnan(first.low):
        why = f" ({first.note})" if first.note else ""
        text = f"Nothing was shown: {highest} {decimal(first.estimate)}, of {first.metric}, and has no interval{why}."
    elif others:
        none = f"None of {len(facts.ranked)} metrics was shown to agree with listeners at all"
        text = f"{none}: {highest} {valued(first)}, of {first.metric}."
    else:
        text = f"{first.metric} was not shown to agree with listeners at all: {PRIMARY.name} {valued(first)}."
    test = f"{INTERVAL}, widened for {counted(len(facts.ranked), 'metric')}" if others else INTERVAL
    return Sentence("best.noise", "best", text, test, tuple(e.metric for e in facts.ranked))


def _single(facts: Facts) -> Sentence:
    only = facts.ranked[0]
    text = f"{only.metric} is the only metric here and agrees with listeners at {PRIMARY.name} {valued(only)}."
    return Sentence("best.single", "best", text, INTERVAL, (only.metric,))


def _compared(facts: Facts) -> Sentence:
    first = facts.ranked[0]
    candidates = facts.may_be_best(ALL)
    ranked = [e.metric for e in facts.ranked]
    if not candidates:
        return _untested(facts)
    if candidates == [first.metric]:
        next_lead = facts.leads.get(frozenset(ranked[:2]))
        text = f"{first.metric} agrees best with listeners, {PRIMARY.name} {valued(first)}; {_others_worse(facts)}."
        text += _next(next_lead) if next_lead else ""
        return Sentence("best.one", "best", text, DIFFERENCE, tuple(ranked[:2]))
    shown = f"{first.metric} has the highest {PRIMARY.name}, {valued(first)}"
    if len(candidates) == len(ranked) > 2:
        text = f"{shown}, but none of {len(ranked)} metrics was shown to be worse than the best."
        return Sentence("best.any", "best", text, DIFFERENCE, tuple(candidates))
    others = [metric for metric in candidates if metric != first.metric]
    n_worse = len(ranked) - len(candidates)
    text = f"{shown}; {names(others)} may be as good."
    if n_worse:
        text += f" The {'other was' if n_worse == 1 else f'other {n_worse} were'} shown to be worse than the best."
    return Sentence("best.set", "best", text, DIFFERENCE, tuple(candidates))


def _others_worse(facts: Facts) -> str:
    n_others = len(facts.ranked) - 1
    return "the other was shown to be worse" if n_others == 1 else f"all {n_others} others were shown to be worse"


def _next(lead: Lead) -> str:
    return f" It leads the next, {lead.worse}, {lead_text(lead)}."


def _untested(facts: Facts) -> Sentence:
    first, second = facts.ranked[:2]
    reasons = {standing.note for standing in facts.standings_in(ALL).values()} - {""}
    lead = facts.leads.get(frozenset((first.metric, second.metric)))
    text = f"{first.metric} has the highest {PRIMARY.name}, {valued(first)}"
    text += f"; it leads the next, {second.metric}, {lead_text(lead)}" if lead else ""
    text += ". Which metrics may be as good was not tested" + (f": {'; '.join(sorted(reasons))}." if reasons else ".")
    return Sentence("best.untested", "best", text, DIFFERENCE if lead else INTERVAL, (first.metric, second.metric))
