"""All sentences of a verdict on votes, in the order of reading."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import chain

from bench.analysis.sentence import Sentence
from bench.analysis.strata import ALL
from bench.analysis.verdict.undecided import detectable, listed, nothing_open
from bench.analysis.vote_verdict.best import best
from bench.analysis.vote_verdict.data import data
from bench.analysis.vote_verdict.facts import Facts
from bench.analysis.vote_verdict.hears import hears
from bench.analysis.vote_verdict.kinds import kinds
from bench.analysis.vote_verdict.level import level
from bench.analysis.vote_verdict.limits import limits


def undecided(facts: Facts) -> Iterator[Sentence]:
    """Yield which differences were not shown, and how large they would have to be, or the data."""
    found = facts.leads_by_merit()
    tested = [lead for lead in found if not math.isnan(lead.p)]
    still_open = [lead for lead in tested if not lead.is_shown]
    if not tested:
        return
    if not still_open:
        yield nothing_open(len(tested), len(found))
        return
    yield listed(still_open, len(tested))
    known = [one for one in facts.analysis.detectable_differences if one.stratum == ALL]
    unit = f"{facts.ranked[0].resample_unit}s"
    yield from detectable(known, still_open, unit, with_size=facts.leader is not None)


QUESTIONS = (best, level, hears, kinds, undecided, limits, data)
"""What is asked, each a function from facts to sentences."""


def vote_verdict(facts: Facts) -> tuple[Sentence, ...]:
    """Return what the facts say; a question that no record answers has no sentence."""
    return tuple(chain.from_iterable(question(facts) for question in QUESTIONS))
