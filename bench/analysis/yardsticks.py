"""What every metric stands beside: one human listener, and sentinels that hear nothing of the match."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from bench.analysis.context import Context
from bench.analysis.results import Analysis
from bench.analysis.strata import masks, of_kind
from bench.statistics.alternative import alternative_listeners
from bench.statistics.bootstrap import StratumBootstrap
from bench.statistics.facts import Fact
from bench.statistics.sentinels import (
    BeyondSentinel,
    PartialAgreement,
    SentinelAgreement,
    beyond_sentinels,
    partial_agreements,
    sentinels_of,
)
from bench.statistics.yardsticks import beside_one_listener


def add_yardsticks(analysis: Analysis, context: Context) -> Analysis:
    """Add one listener, where there are single ratings, and the sentinels, unless they are off."""
    if context.sample.ratings is not None:
        analysis = _add_listener(analysis, context)
    return _add_sentinels(analysis, context) if context.settings.sentinels else analysis


def _add_listener(analysis: Analysis, context: Context) -> Analysis:
    """Score bands are left out: they are cut by the ratings that would be held out."""
    sample, plan = context.sample, context.plan
    ratings, scores = sample.ratings, sample.scores
    captions = np.unique(sample.pairs["caption_id"], return_inverse=True)[1]
    if ratings is None:
        return analysis
    strata = masks(of_kind(context.strata, "all", "source", "system"))
    listeners, metrics = beside_one_listener(ratings, scores, strata, sample.clusters, plan)
    broad = masks(context.broad)
    return replace(
        analysis,
        one_listener=tuple(listeners),
        beside_listener=tuple(metrics),
        alternative_listener=tuple(alternative_listeners(ratings, scores, broad, captions, plan)),
    )


def _add_sentinels(analysis: Analysis, context: Context) -> Analysis:
    plan, sample = context.plan, context.sample
    compared = [metric for metric in sample.scores if metric not in context.settings.baselines]
    facts, captions = list(_facts(context)), np.unique(sample.pairs["caption_id"], return_inverse=True)[1]
    agreement: list[SentinelAgreement] = []
    beyond: list[BeyondSentinel] = []
    partial: list[PartialAgreement] = []
    for bootstrap, mask in _broad(context):
        found, predictions = sentinels_of([fact.of(mask) for fact in facts], bootstrap.sample, captions[mask], plan)
        agreement += found
        beyond += beyond_sentinels(bootstrap, predictions, compared, plan)
        partial += partial_agreements(bootstrap.sample, predictions, compared, plan)
    return replace(
        analysis,
        sentinels=tuple(agreement),
        beyond_sentinels=tuple(beyond),
        partial_agreement=tuple(partial),
    )


def _broad(context: Context) -> Iterator[tuple[StratumBootstrap, np.ndarray]]:
    broad = masks(context.broad)
    for bootstrap in context.bootstraps:
        if bootstrap.sample.stratum in broad:
            yield bootstrap, broad[bootstrap.sample.stratum]


def _facts(context: Context) -> Iterator[Fact]:
    """Yield what sentinels know of the sample's pairs."""
    pairs, unmeasured = context.sample.pairs, np.full(len(context.sample.pairs), np.nan)
    clips = context.clips and context.clips.take(np.flatnonzero(context.table.scored_by_all()))
    yield Fact("system", context.sample.systems)
    yield Fact("source", np.array([source or "" for source in pairs["source"]], dtype=object))
    yield Fact("loudness", unmeasured if clips is None else clips.loudness_dbfs)
    yield Fact("duration", unmeasured if clips is None else clips.duration_s)
    yield Fact("caption length", _words(list(pairs["caption"])))


def _words(captions: list[str]) -> Float[np.ndarray, " pairs"]:
    return np.array([float(len(caption.split())) for caption in captions])
