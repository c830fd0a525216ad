"""All sentences of a verdict, in the order of reading."""

from __future__ import annotations

from itertools import chain

from bench.analysis.sentence import Sentence
from bench.analysis.verdict.best import best
from bench.analysis.verdict.data import data
from bench.analysis.verdict.facts import Facts
from bench.analysis.verdict.hears import hears
from bench.analysis.verdict.level import level
from bench.analysis.verdict.limits import limits
from bench.analysis.verdict.sources import sources
from bench.analysis.verdict.undecided import undecided

QUESTIONS = (best, level, hears, sources, undecided, limits, data)
"""What is asked, each a function from facts to sentences."""


def verdict(facts: Facts) -> tuple[Sentence, ...]:
    """Return what the facts say; a question that no record answers has no sentence."""
    return tuple(chain.from_iterable(question(facts) for question in QUESTIONS))
