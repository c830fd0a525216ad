"""What must not be concluded from these data?"""

from __future__ import annotations

import math
from collections.abc import Iterator

from bench.analysis.numbers import decimal
from bench.analysis.sentence import Sentence
from bench.analysis.strata import ALL, of_kind
from bench.analysis.verdict.best import leader_of
from bench.analysis.verdict.dimensions import nearly_one
from bench.analysis.verdict.facts import PLACE, Facts
from bench.analysis.verdict.words import counted, names
from bench.statistics.agreement import MSE, PRIMARY

FEW = 20
"""Captions (or pairs, or blocks) below which bootstrap intervals are too narrow."""

ALIKE = 0.02
"""Predictions that differ by no more come from parts of about the same spread."""


def limits(facts: Facts) -> Iterator[Sentence]:
    """Yield what the tables seem to say and do not."""
    yield from _few_clusters(facts)
    yield from _spread(facts)
    yield from nearly_one(facts)
    yield from _one_system(facts)
    yield from _units(facts)


def _few_clusters(facts: Facts) -> Iterator[Sentence]:
    first = next((e for e in facts.analysis.estimates if (e.stratum, e.statistic) == PLACE), None)
    if first is None or first.n_clusters >= FEW:
        return
    text = f"The intervals are rough and too narrow: they rest on {counted(first.n_clusters, first.resample_unit)}."
    yield Sentence("limits.few", "limits", text, f"fewer than {FEW} {first.resample_unit}s")


def _spread(facts: Facts) -> Iterator[Sentence]:
    leader = leader_of(facts)
    kinds = {stratum.id: stratum for stratum in of_kind(facts.analysis.strata, "source", "system", "band")}
    predicted = {
        e.stratum: e.predicted
        for e in facts.analysis.evenness
        if leader and (e.metric, e.statistic) == (leader.metric, PRIMARY.id)
        if e.stratum in kinds and not math.isnan(e.predicted)
    }
    if len(predicted) < 2:
        return
    least, most = (pick(predicted, key=lambda stratum: predicted[stratum]) for pick in (min, max))
    if predicted[most] - predicted[least] <= ALIKE:
        return
    text = (
        "Columns of Tables II and III do not compare sounds: ratings spread differently, so that an equally good "
        "metric "
        f"would show {decimal(predicted[least])} ({facts.label(least)}) to {decimal(predicted[most])} "
        f"({facts.label(most)})."
    )
    yield Sentence("limits.spread", "limits", text, "simulation from an ordinal model of the ratings")


def _one_system(facts: Facts) -> Iterator[Sentence]:
    systems = facts.scores.systems
    if len(systems) > 1 or not facts.compared:
        return
    why = f"all clips with a known system are of {systems[0]}" if systems else "the data name no systems"
    text = f"How metrics rank systems is not known: {why}."
    yield Sentence("limits.systems", "limits", text, "needs two systems")


def _units(facts: Facts) -> Iterator[Sentence]:
    known = {e.metric for e in facts.analysis.estimates if e.stratum == ALL}
    foreign = [metric for metric in facts.scores.off_scale if metric in known]
    if foreign:
        text = f"The {MSE.name} of {names(foreign)} says nothing: the scores leave [0, 1], the scale of the ratings."
        yield Sentence("limits.units", "limits", text, "range of the scores", tuple(foreign))
