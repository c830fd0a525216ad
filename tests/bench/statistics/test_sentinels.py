"""Metrics against sentinels: scipy and pingouin on the pairs, max-T by its definition, and what is shown to exceed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from bench.statistics.agreement import SRCC
from bench.statistics.bootstrap import StratumBootstrap, bootstrap_strata
from bench.statistics.facts import Fact
from bench.statistics.partial import PartialRanks
from bench.statistics.predictions import Predictions
from bench.statistics.resampling import bootstrap_weights
from bench.statistics.sentinels import beyond_sentinels, partial_agreements, sentinels_of
from bench.statistics.types import IntervalMethod, ResamplingPlan
from tests.bench.statistics import relate

PLAN = ResamplingPlan(n_resamples=399)


def data(n_captions: int = 60, seed: int = 0) -> tuple[StratumBootstrap, list[Fact], np.ndarray]:
    """Ratings that a system's name tells much of, a metric that hears, one that knows the name only, and noise."""
    rng = np.random.default_rng(seed)
    captions, system = np.repeat(np.arange(n_captions), 3), np.tile([0, 1, 2], n_captions)
    human = 0.15 * system + 0.3 * rng.random(3 * n_captions)
    scores = {
        "hears": human + 0.03 * rng.normal(size=len(human)),
        "knows the name": system + 0.01 * rng.normal(size=len(human)),
        "noise": rng.random(len(human)),
        "baseline": rng.random(len(human)),
    }
    everything = {"all": np.ones(len(human), bool)}
    [boot] = bootstrap_strata(human, scores, everything, captions, PLAN)
    facts = [
        Fact("system", np.array([f"s{s}" for s in system], dtype=object)),
        Fact("source", np.full(len(human), "", dtype=object)),
        Fact("loudness", rng.normal(size=len(human))),
    ]
    return boot, facts, captions


def found(n_captions: int = 60) -> tuple[StratumBootstrap, list, Predictions]:
    boot, facts, captions = data(n_captions)
    return boot, *sentinels_of(facts, boot.sample, captions, PLAN)


def test_agreement_is_scipys_and_a_silent_sentinel_says_why() -> None:
    boot, records, predictions = found()
    by_place = {(one.sentinel, one.statistic): one for one in records}
    assert predictions.sample.metrics == ("system", "loudness")
    human, predicted = boot.sample.human, predictions.sample.scores[0]
    srcc, lcc = by_place["system", "srcc"].agreement, by_place["system", "lcc"].agreement
    assert srcc.estimate == pytest.approx(stats.spearmanr(human, predicted).statistic)
    assert lcc.estimate == pytest.approx(stats.pearsonr(human, predicted).statistic)
    assert srcc.low < srcc.estimate < srcc.high
    assert by_place["system", "srcc"].preference.estimate > 0.6
    assert by_place["source", "srcc"].note == "no pair has a name"
    assert np.isnan(by_place["source", "srcc"].agreement.estimate)


def test_predictions_are_on_the_same_resamples_as_metrics() -> None:
    boot, _, predictions = found()
    everything = {"all": np.ones(boot.sample.n_pairs, bool)}
    as_metrics = dict(zip(predictions.sample.metrics, predictions.sample.scores, strict=True))
    [other] = bootstrap_strata(boot.sample.human, as_metrics, everything, boot.sample.clusters, PLAN)
    assert predictions.replicates is not None
    assert other.resampled is not None
    assert predictions.replicates.resampled == pytest.approx(other.resampled[:, :, :2], abs=1e-12, nan_ok=True)


def test_only_what_hears_exceeds_the_name_of_the_system() -> None:
    boot, _, predictions = found()
    records = beyond_sentinels(boot, predictions, ["hears", "knows the name", "noise"], PLAN)
    exceeding = {(one.metric, one.sentinel) for one in records if one.exceeds}
    assert exceeding == {("hears", "system"), ("hears", "loudness"), ("knows the name", "loudness")}
    by_pair = {(one.metric, one.sentinel): one for one in records}
    assert by_pair["noise", "system"].p_adjusted < 0.05  # shown to be worse, which is no exceeding
    difference = by_pair["hears", "system"].difference
    expected = boot.estimates[0, 0] - predictions.estimates[0, 0]
    assert difference.estimate == pytest.approx(expected)
    assert difference.low < expected < difference.high


def test_metrics_that_are_not_compared_enlarge_no_family() -> None:
    boot, _, predictions = found()
    few = beyond_sentinels(boot, predictions, ["hears"], PLAN)
    assert {one.metric for one in few} == {"hears"}
    alone = replace(boot, sample=replace(boot.sample, metrics=boot.sample.metrics[:1]))
    assert repr(few) == repr(beyond_sentinels(alone, predictions, ["hears"], PLAN))


def test_partial_correlations_are_pingouins_on_every_resample() -> None:
    pingouin = pytest.importorskip("pingouin")
    boot, _, predictions = found(20)
    sample, given = boot.sample, predictions.sample
    ranks = PartialRanks(sample.human, sample.scores[:2], given.scores, sample.clusters)
    [drawn] = bootstrap_weights(0, "all", sample.n_clusters, 0, 3)
    values = ranks(drawn)
    columns = {
        "h": sample.human,
        "m": sample.scores[0],
        "k": sample.scores[1],
        "a": given.scores[0],
        "b": given.scores[1],
    }
    for lane in range(3):
        copies = np.repeat(np.arange(sample.n_pairs), drawn[sample.clusters, lane])
        frame = pd.DataFrame({name: column[copies] for name, column in columns.items()})
        for i, metric in enumerate("mk"):
            one = pingouin.partial_corr(frame, x=metric, y="h", covar=["a", "b"], method="spearman")
            assert values[lane, i] == pytest.approx(one["r"].iloc[0], abs=1e-9)


def test_what_the_sentinels_know_is_taken_out() -> None:
    boot, _, predictions = found()
    records = {
        one.metric: one for one in partial_agreements(boot.sample, predictions, ["hears", "knows the name"], PLAN)
    }
    assert records["hears"].partial.low > 0.5
    assert records["hears"].given == ("system", "loudness")
    known = records["knows the name"].partial
    assert known.low < 0.1


def test_a_repeated_sentinel_takes_nothing_more_out_and_a_repeated_score_is_undefined() -> None:
    boot, _, predictions = found()
    given = predictions.sample
    repeated = replace(given, metrics=("system", "again"), scores=given.scores[[0, 0]])
    once = replace(given, metrics=("system",), scores=given.scores[[0]])
    twice = partial_agreements(boot.sample, replace(predictions, sample=repeated), ["hears"], PLAN)
    assert twice[0].partial.estimate == pytest.approx(
        partial_agreements(boot.sample, replace(predictions, sample=once), ["hears"], PLAN)[0].partial.estimate
    )
    as_metric = replace(boot.sample, metrics=("copy",), scores=given.scores[[0]])
    [copy] = partial_agreements(as_metric, predictions, ["copy"], PLAN)
    assert np.isnan(copy.partial.estimate)
    assert copy.note == "the sentinels know all of its scores, or of the ratings"


@pytest.mark.parametrize("method", ["bca", "percentile"])
def test_intervals_are_made_as_asked_for(method: IntervalMethod) -> None:
    boot, facts, captions = data(20)
    plan = replace(PLAN, ci_method=method)
    everything = {"all": np.ones(boot.sample.n_pairs, bool)}
    scores = dict(zip(boot.sample.metrics, boot.sample.scores, strict=True))
    [boot] = bootstrap_strata(boot.sample.human, scores, everything, boot.sample.clusters, plan)
    records, predictions = sentinels_of(facts, boot.sample, captions, plan)
    [beyond, *_] = beyond_sentinels(boot, predictions, ["hears"], plan)
    assert {one.ci_method for one in records} == {beyond.ci_method} == {method}
    assert beyond.difference.low < beyond.difference.estimate


def test_too_few_captions_cannot_be_cross_fitted() -> None:
    boot, facts, captions = data(4)
    records, predictions = sentinels_of(facts, boot.sample, captions, PLAN)
    assert {one.note for one in records} == {"4 captions, fewer than 6: nothing can be cross-fitted"}
    assert beyond_sentinels(boot, predictions, ["hears"], PLAN) == []
    assert partial_agreements(boot.sample, predictions, ["hears"], PLAN) == []


@relate.needs_relate
def test_relate_as_an_independent_audit_found_it() -> None:
    """The system's name alone: accuracy .650; SRCC .39 (the audit: .386, with means of each fold's own)."""
    ratings = relate.load()
    everything = {"all": np.ones(len(ratings.mean), bool)}
    scores = {"noise": np.random.default_rng(0).random(len(ratings.mean))}
    [boot] = bootstrap_strata(ratings.mean / 10, scores, everything, ratings.captions, ResamplingPlan(1))
    systems = Fact("system", ratings.systems.astype(object))
    [srcc, _], _ = sentinels_of([systems], boot.sample, ratings.captions, ResamplingPlan(19))
    assert srcc.statistic == SRCC.id
    assert srcc.agreement.estimate == pytest.approx(0.388, abs=0.003)
    assert srcc.preference.estimate == pytest.approx(0.650, abs=0.001)
