"""What do these data leave open, and what would decide it?"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from bench.analysis.merit import Lead
from bench.analysis.numbers import decimal, percent, round_number
from bench.analysis.sentence import Sentence
from bench.analysis.strata import ALL
from bench.analysis.verdict.best import DIFFERENCE, leader_of
from bench.analysis.verdict.facts import PLACE, Facts
from bench.analysis.verdict.words import counted, lead_text
from bench.statistics.agreement import PRIMARY
from bench.statistics.power import DetectableDifference

MOST = 2
"""Open comparisons in words; what is beyond is counted."""

MOST_TIMES = 1000
"""A data set that would have to be larger than so many of these is called out of reach."""


def undecided(facts: Facts) -> Iterator[Sentence]:
    """Yield which differences were not shown, and how large they would have to be, or the data."""
    found = facts.leads_by_merit()
    tested = [lead for lead in found if not math.isnan(lead.p)]
    if not tested:
        return
    still_open = [lead for lead in tested if not lead.is_shown]
    if not still_open:
        yield nothing_open(len(tested), len(found))
        return
    yield listed(still_open, len(tested))
    yield from _detectable(facts, still_open)
    yield from _equivalent(facts)


def nothing_open(n_tested: int, n_found: int) -> Sentence:
    """Say that all differences that could be tested were shown."""
    if n_tested < n_found:
        text = f"{n_tested} of {n_found} differences between metrics could be tested, and all of these were shown"
    else:
        shown = "the two metrics were shown to differ" if n_tested == 1 else f"all {n_tested} differences were shown"
        text = f"Nothing where all sounds are taken together: {shown}"
    return Sentence("undecided.none", "undecided", f"{text}.", DIFFERENCE)


def listed(still_open: Sequence[Lead], n_tested: int) -> Sentence:
    """Name differences that were not shown."""
    parts = [f"{lead.better} over {lead.worse} ({lead_text(lead)})" for lead in still_open[:MOST]]
    more = len(still_open) - len(parts)
    text = f"Not shown: {'; '.join(parts)}" + (f"; and {more} more of {n_tested} differences." if more else ".")
    involved = dict.fromkeys(metric for lead in still_open[:MOST] for metric in (lead.better, lead.worse))
    return Sentence("undecided.pairs", "undecided", text, DIFFERENCE, tuple(involved))


def _detectable(facts: Facts, still_open: Sequence[Lead]) -> Iterator[Sentence]:
    known = [d for d in facts.analysis.detectable_differences if (d.stratum, d.statistic) == PLACE]
    unit = next(f"{e.resample_unit}s" for e in facts.analysis.estimates if (e.stratum, e.statistic) == PLACE)
    yield from detectable(known, still_open, unit, with_size=leader_of(facts) is not None)


def detectable(
    known: Iterable[DetectableDifference], still_open: Sequence[Lead], unit: str, *, with_size: bool
) -> Iterator[Sentence]:
    """Say what true difference would have been found, and how many captions the first open difference needs.

    Args:
        known: of all pairs of metrics in one place.
        still_open: differences that were not shown there, the first in merit first.
        unit: what is resampled, in the plural.
        with_size: whether a larger data set is worth a word.
    """
    found = {frozenset((d.metric_a, d.metric_b)): d for d in known if d.detectable > 0}
    sized = [lead for lead in still_open if frozenset((lead.better, lead.worse)) in found]
    if not sized:
        return
    sizes = [found[frozenset((lead.better, lead.worse))] for lead in sized]
    least, most = (decimal(pick(d.detectable for d in sizes)) for pick in (min, max))
    between = f"{least} to {most}" if least != most else f"{most}"
    of_pair = ", depending on the pair," if least != most else ""
    text = f"A true difference of {between}{of_pair} would have been found with {percent(sizes[0].power)} power."
    if with_size:
        text += _needed(sized[0], sizes[0], unit)
    yield Sentence("undecided.detectable", "undecided", text, "power of a normal test with the bootstrap's SE")


def _needed(lead: Lead, found: DetectableDifference, unit: str) -> str:
    """Scale the number of captions: standard errors fall with its square root."""
    times = (found.detectable / abs(lead.delta)) ** 2 if lead.delta else 0
    if times <= 1:
        return ""
    subject = f" If {lead.better} is really ahead of {lead.worse} by {decimal(abs(lead.delta))}"
    if times > MOST_TIMES:
        return f"{subject}, no data set of a likely size would show it."
    needed = round_number(times * found.n_clusters)
    return f"{subject}, about {needed} {unit} would show it; here are {found.n_clusters:,}."


def _equivalent(facts: Facts) -> Iterator[Sentence]:
    known = set(facts.compared)
    found = [
        e
        for e in facts.analysis.equivalences
        if (e.stratum, e.statistic) == (ALL, PRIMARY.id) and e.equivalent and {e.metric_a, e.metric_b} <= known
    ]
    if not found:
        return
    pairs = "; ".join(f"{e.metric_a} and {e.metric_b}" for e in found[:MOST])
    more = len(found) - MOST
    text = f"As good as equal, within ±{decimal(found[0].margin)}: {pairs}"
    text += f"; and {counted(more, 'more pair')}." if more > 0 else "."
    involved = dict.fromkeys(metric for e in found[:MOST] for metric in (e.metric_a, e.metric_b))
    yield Sentence("undecided.equivalent", "undecided", text, "two one-sided tests", tuple(involved))
