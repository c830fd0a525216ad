"""Sentinels: scores that hear nothing of whether clip and caption match (Perrella et al. 2024).

Each predicts ratings from one fact about the pair (`bench.statistics.facts`). A metric that does not exceed them may
know no more than they do: which system made the clip, how loud it is. Intervals take the predictions as given.

Whether metrics exceed sentinels is tested by differences on the same resamples, all of a stratum together
(`bench.statistics.max_t`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Int

from bench.statistics.agreement import PRIMARY, STATISTICS, Statistic, why_undefined
from bench.statistics.bootstrap import StratumBootstrap
from bench.statistics.facts import Fact, predict
from bench.statistics.intervals import Measured, too_few_clusters
from bench.statistics.max_t import LEVEL, max_t
from bench.statistics.pairwise import pairwise_accuracies
from bench.statistics.partial import PartialRanks, partial_replicates
from bench.statistics.predictions import PREDICTION_STATISTICS, Predictions
from bench.statistics.replicates import Replicates
from bench.statistics.sample import StratumSample
from bench.statistics.types import Resampled, ResamplingPlan

SENTINELS = ("system", "source", "loudness", "duration", "caption length")
MIN_CAPTIONS = 6
"""Predictions from fewer captions are mostly noise."""

MAX_PARTIAL_RESAMPLES = 999
"""Of partial correlations: every variable is ranked anew on every resample."""

UNDEFINED = Measured(np.nan, np.nan, np.nan)
_PRIMARY, _OWN_PRIMARY = STATISTICS.index(PRIMARY), PREDICTION_STATISTICS.index(PRIMARY)


@dataclass(frozen=True, slots=True)
class SentinelAgreement(Resampled):
    """How well ratings are predicted from one fact about the pair, cross-fitted by caption.

    Attributes:
        sentinel: what it knows, e.g. ``system``.
        agreement: of its predictions with the ratings.
        preference: accuracy of preferring one of two clips of a caption, as `bench.statistics.pairwise` counts it; NaN
            where no caption has two.
    """

    sentinel: str
    stratum: str
    statistic: str
    n_pairs: int
    agreement: Measured
    preference: Measured
    note: str = ""


@dataclass(frozen=True, slots=True)
class BeyondSentinel(Resampled):
    """A metric minus a sentinel, resampled together.

    Attributes:
        difference: its interval is not adjusted for the number of comparisons, unlike ``p_adjusted``.
        p_adjusted: two-sided, adjusted over metrics and sentinels of the stratum.
        exceeds: the metric was shown to agree better.
    """

    metric: str
    sentinel: str
    stratum: str
    statistic: str
    difference: Measured
    p_adjusted: float
    exceeds: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class PartialAgreement(Resampled):
    """The metric's partial rank correlation with the ratings, given what the sentinels predict.

    Attributes:
        given: the sentinels that predict something in this stratum.
        partial: see `bench.statistics.partial`; at most `MAX_PARTIAL_RESAMPLES` resamples.
    """

    metric: str
    stratum: str
    given: tuple[str, ...]
    partial: Measured
    note: str = ""


def sentinels_of(
    facts: Sequence[Fact],
    beside: StratumSample,
    captions: Int[np.ndarray, " pairs"],
    plan: ResamplingPlan,
    n_threads: int | None = None,
) -> tuple[list[SentinelAgreement], Predictions]:
    """Predict the ratings of one stratum from each fact, and resample the predictions as its metrics are.

    Args:
        facts: of the stratum's pairs, in the order of the sample.
        beside: the stratum with the metrics.
        captions: of these pairs; predictions are cross-fitted by them.
        plan: of intervals; its seed also deals the folds.
        n_threads: None takes every core; the results do not depend on it.

    Returns:
        Records by fact and statistic, the silent facts included; and the predictions of the others.
    """
    caption = np.unique(captions, return_inverse=True)[1]
    reasons = {fact.sentinel: _why_silent(fact, int(caption.max(initial=-1)) + 1) for fact in facts}
    predicted = {
        fact.sentinel: predict(fact, beside.human, caption, plan.seed, beside.stratum)
        for fact in facts
        if not reasons[fact.sentinel]
    }
    rows = np.array([*predicted.values()]).reshape(len(predicted), beside.n_pairs)
    found = Predictions.of(replace(beside, metrics=tuple(predicted), scores=rows), plan, n_threads)
    everything = {beside.stratum: np.ones(beside.n_pairs, dtype=bool)}
    compared = pairwise_accuracies(beside.human, predicted, everything, captions, plan, n_threads=n_threads)
    preference = {one.metric: one.accuracy for one in compared}
    records = [
        _agreement(fact, statistic, found, preference.get(fact.sentinel, UNDEFINED), reasons[fact.sentinel], plan)
        for fact in facts
        for statistic in PREDICTION_STATISTICS
    ]
    return records, found


def beyond_sentinels(
    metrics: StratumBootstrap, sentinels: Predictions, names: Sequence[str], plan: ResamplingPlan
) -> list[BeyondSentinel]:
    """Compare metrics with sentinels by the primary statistic; both of one stratum, by one plan.

    Args:
        metrics, sentinels: estimates and resampled values.
        names: of the metrics that are compared: the others enlarge no family of tests.
        plan: of intervals.
    """
    cells = [
        (m, k)
        for m, metric in enumerate(metrics.sample.metrics)
        if metric in names
        for k in range(len(sentinels.sample.metrics))
    ]
    found = [_difference(metrics, sentinels, m, k) for m, k in cells]
    n_clusters = metrics.sample.n_clusters
    drawn = [None if replicates is None else replicates.resampled for _, replicates in found]
    p_values = max_t(np.array([estimate for estimate, _ in found]), drawn.__getitem__, plan, n_clusters).p_adjusted
    return [
        BeyondSentinel(
            metric=metrics.sample.metrics[m],
            sentinel=sentinels.sample.metrics[k],
            stratum=metrics.sample.stratum,
            statistic=PRIMARY.id,
            difference=_measured(estimate, replicates, plan, n_clusters),
            p_adjusted=float(p),
            exceeds=bool(p <= LEVEL and estimate > 0),
            note=metrics.reasons[m][_PRIMARY] or sentinels.reasons[k][_OWN_PRIMARY],
            **plan.as_fields(),
        )
        for (m, k), (estimate, replicates), p in zip(cells, found, p_values, strict=True)
    ]


def partial_agreements(
    metrics: StratumSample,
    sentinels: Predictions,
    names: Sequence[str],
    plan: ResamplingPlan,
    n_threads: int | None = None,
) -> list[PartialAgreement]:
    """Return the partial rank correlation of each metric of ``names``, given all sentinels."""
    plan = replace(plan, n_resamples=min(plan.n_resamples, MAX_PARTIAL_RESAMPLES))
    chosen = [m for m, metric in enumerate(metrics.metrics) if metric in names]
    given = sentinels.sample
    if not (chosen and given.metrics and metrics.can_be_resampled):
        return []
    ranks = PartialRanks(metrics.human, metrics.scores[chosen], given.scores, metrics.clusters)
    estimates = ranks(np.ones((metrics.n_clusters, 1), np.uint8))[0]
    drawn = partial_replicates(ranks, plan, metrics.stratum, metrics.n_clusters, n_threads)
    return [
        PartialAgreement(
            metric=metrics.metrics[m],
            stratum=metrics.stratum,
            given=given.metrics,
            partial=drawn[i].measured(float(estimates[i]), plan, metrics.n_clusters),
            note=_why_no_partial(metrics, m, float(estimates[i])),
            **plan.as_fields(),
        )
        for i, m in enumerate(chosen)
    ]


def _why_silent(fact: Fact, n_captions: int) -> str:
    if n_captions < MIN_CAPTIONS:
        return f"{n_captions} captions, fewer than {MIN_CAPTIONS}: nothing can be cross-fitted"
    return fact.why_silent()


def _agreement(
    fact: Fact, statistic: Statistic, found: Predictions, preference: Measured, reason: str, plan: ResamplingPlan
) -> SentinelAgreement:
    agreement, remarks = UNDEFINED, [reason]
    if not reason:
        row, s = found.sample.metrics.index(fact.sentinel), PREDICTION_STATISTICS.index(statistic)
        agreement, remarks = found.measured(row, s, plan), [found.reasons[row][s], fact.remark()]
    return SentinelAgreement(
        sentinel=fact.sentinel,
        stratum=found.sample.stratum,
        statistic=statistic.id,
        n_pairs=found.sample.n_pairs,
        agreement=agreement,
        preference=preference,
        note="; ".join(filter(None, remarks)),
        **plan.as_fields(),
    )


def _difference(metrics: StratumBootstrap, sentinels: Predictions, m: int, k: int) -> tuple[float, Replicates | None]:
    estimate = float(metrics.estimates[m, _PRIMARY] - sentinels.estimates[k, _OWN_PRIMARY])
    first, second = metrics.replicates(), sentinels.replicates
    if first is None or second is None:
        return estimate, None
    ours, theirs = first[m, _PRIMARY], second[k, _OWN_PRIMARY]
    jackknife = None
    if ours.jackknife is not None and theirs.jackknife is not None:
        jackknife = ours.jackknife - theirs.jackknife
    return estimate, Replicates(ours.resampled - theirs.resampled, jackknife)


def _measured(estimate: float, drawn: Replicates | None, plan: ResamplingPlan, n_clusters: int) -> Measured:
    if drawn is None:
        return Measured(estimate, np.nan, np.nan, too_few_clusters(n_clusters))
    return drawn.measured(estimate, plan, n_clusters)


def _why_no_partial(metrics: StratumSample, m: int, estimate: float) -> str:
    reason = why_undefined(PRIMARY, metrics.human, metrics.scores[m])
    return reason or ("the sentinels know all of its scores, or of the ratings" if np.isnan(estimate) else "")
