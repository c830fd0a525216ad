"""Do metrics know more than the strongest baseline, which hears nothing of the match?"""

from __future__ import annotations

import math
from collections.abc import Iterator

from bench.analysis.sentence import Sentence
from bench.analysis.strata import ALL
from bench.analysis.verdict.words import names, valued
from bench.analysis.vote_verdict.facts import Facts, lead_of

TEST = "permutation test against baselines, adjusted for one another"


def hears(facts: Facts) -> Iterator[Sentence]:
    """Yield which metrics were shown to do better than the baseline with the highest accuracy."""
    found = [a for a in facts.analysis.vote_agreements if a.stratum == ALL and a.metric in facts.baselines]
    known = [a for a in found if not math.isnan(a.accuracy.estimate)]
    if not (known and facts.leader):
        return
    first = max(known, key=lambda a: a.accuracy.estimate)
    beside = {
        frozenset((d.metric_a, d.metric_b)): lead_of(d)
        for d in facts.analysis.vote_differences
        if d.stratum == ALL and d.with_baseline and not math.isnan(d.p_adjusted)
    }
    leads = {one.metric: beside.get(frozenset((one.metric, first.metric))) for one in facts.ranked}
    tested = [metric for metric, lead in leads.items() if lead]
    shown = [metric for metric, lead in leads.items() if lead and lead.is_shown and lead.better == metric]
    others = [metric for metric in tested if metric not in shown]
    if not tested:
        return
    text = f"The baseline {first.metric} has accuracy {valued(first.accuracy)}; "
    if not others:
        text += f"{'all metrics were' if len(shown) > 1 else f'{shown[0]} was'} shown to do better."
    elif not shown:
        text += f"{'no metric was' if len(others) > 1 else f'{others[0]} was not'} shown to do better."
    else:
        text += f"shown to do better: {names(shown)}; not shown: {names(others)}."
    yield Sentence("hears.baseline", "hears", text, TEST, (*shown, *others))
