"""One listener and metrics against the same others: scipy on written-out points; worth as many as were asked."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bench.statistics import yardsticks
from bench.statistics.held_out import HeldOutAgreement, hold_out
from bench.statistics.reliability import Ratings
from bench.statistics.types import ResamplingPlan
from bench.statistics.yardsticks import beside_one_listener, listeners_worth
from tests.bench.statistics import relate

PLAN = ResamplingPlan(n_resamples=199)


def rated(n_captions: int = 20, seed: int = 0, n_listeners: tuple[int, ...] = (1, 2, 3, 6)) -> tuple:
    """Three pairs a caption, with one to six ratings each; a metric, and a constant one."""
    rng = np.random.default_rng(seed)
    captions = np.repeat(np.arange(n_captions), 3)
    relevance = rng.normal(size=len(captions))
    pair = np.repeat(np.arange(len(captions)), rng.choice(n_listeners, len(captions)))
    score = np.clip(np.round(5 + 2 * relevance[pair] + 2 * rng.normal(size=len(pair))), 0, 10)
    ratings = Ratings(score, pair, rng.integers(0, 9, len(pair)))
    scores = {"m": np.round(relevance + rng.normal(size=len(captions)), 1), "constant": np.ones(len(captions))}
    return ratings, scores, captions


def written_out(ratings: Ratings, scores: np.ndarray, n_copies: np.ndarray) -> tuple[np.ndarray, ...]:
    """Hold out every rating the obvious way; each of n ratings is written 6 / n times for every draw."""
    own, others, metric = [], [], []
    for i in range(len(n_copies)):
        mine = ratings.score[ratings.pair == i]
        if len(mine) > 1:
            for j in range(len(mine)):
                times = int(n_copies[i]) * 6 // len(mine)
                own += [mine[j]] * times
                others += [np.delete(mine, j).mean().round(10)] * times
                metric += [scores[i]] * times
    return np.array(own), np.array(others), np.array(metric)


def test_values_on_any_weights_are_scipys_on_the_points_written_out() -> None:
    ratings, scores, captions = rated()
    held = hold_out(ratings, np.ones(len(captions), bool), captions, "caption")
    agreement = HeldOutAgreement(held, np.array([scores["m"][held.pairs]]))
    kept = np.unique(captions[held.pairs])
    weights = np.random.default_rng(1).integers(0, 4, (len(kept), 5), dtype=np.uint8)
    weights[:, 0] = 1
    found = agreement(weights)
    for lane, drawn in enumerate(weights.T):
        of_caption = np.zeros(len(captions), int)
        of_caption[kept] = drawn
        own, others, metric = written_out(ratings, scores["m"], of_caption[captions])
        for row, values in enumerate((own, metric)):
            expected = [stats.spearmanr(values, others).statistic, stats.pearsonr(values, others).statistic]
            assert found[lane, row] == pytest.approx(expected, abs=1e-9)


def test_a_resample_without_spread_is_undefined() -> None:
    ratings, scores, captions = rated()
    held = hold_out(ratings, np.ones(len(captions), bool), captions, "caption")
    agreement = HeldOutAgreement(held, np.array([scores["constant"][held.pairs]]))
    weights = np.ones((held.n_clusters, 2), np.uint8)
    weights[1:, 1] = 0
    found = agreement(weights)
    assert np.isnan(found[:, 1]).all()
    assert not np.isnan(found[0, 0]).any()


def test_records_count_pairs_with_two_ratings_and_say_why_a_value_is_missing() -> None:
    ratings, scores, captions = rated()
    everything, few = np.ones(len(captions), bool), np.arange(len(captions)) < 3
    listeners, metrics = beside_one_listener(ratings, scores, {"all": everything, "few": few}, captions, PLAN)
    n = np.bincount(ratings.pair)
    assert [(one.n_pairs, one.n_ratings) for one in listeners[:2]] == [((n > 1).sum(), n[n > 1].sum())] * 2
    by_place = {(one.metric, one.stratum, one.statistic): one for one in metrics}
    assert by_place["constant", "all", "srcc"].note == "the scores are constant"
    assert np.isnan(by_place["constant", "all", "srcc"].excess.estimate)
    one, listener = by_place["m", "all", "srcc"], listeners[0]
    assert one.excess.estimate == pytest.approx(one.agreement.estimate - listener.agreement.estimate)
    assert one.excess.low < one.excess.estimate < one.excess.high
    assert np.isnan(by_place["m", "few", "srcc"].agreement.low)


def test_pairs_that_one_listener_rated_have_no_others() -> None:
    ratings, scores, captions = rated(n_listeners=(1,))
    listeners, metrics = beside_one_listener(ratings, scores, {"all": np.ones(60, bool)}, captions, PLAN)
    assert [one.note for one in listeners] == [yardsticks.NO_OTHERS] * 2
    assert metrics == []


def test_threads_and_other_metrics_change_nothing() -> None:
    ratings, scores, captions = rated()
    everything = {"all": np.ones(len(captions), bool)}
    one = beside_one_listener(ratings, scores, everything, captions, PLAN, n_threads=1)
    two = beside_one_listener(ratings, scores, everything, captions, PLAN, n_threads=2)
    alone = beside_one_listener(ratings, {"m": scores["m"]}, everything, captions, PLAN)
    assert repr(one) == repr(two)
    assert repr(one[1][:2]) == repr(alone[1])


def test_worth_by_hand() -> None:
    """Half the reliability: the mean of two is 2/3 reliable, so that it agrees sqrt(4/3) times as well as one."""
    ratio = np.array([1.0, np.sqrt(4 / 3), np.sqrt(2), 1.5, 0.0, -0.2])
    assert listeners_worth(ratio, np.array(0.5)) == pytest.approx([1, 2, np.inf, np.inf, 0, 0])
    assert np.isnan(listeners_worth(np.array(1.0), np.array(-0.1)))


@pytest.mark.parametrize("n_asked", [1, 2, 3])
def test_the_mean_of_other_listeners_is_worth_as_many(n_asked: int) -> None:
    """As a metric serves the mean of listeners who are not among those that it is held against."""
    rng = np.random.default_rng(n_asked)
    n = 12_000
    relevance = rng.normal(size=n)
    asked = np.clip(np.round(5 + 2 * relevance[:, None] + 2.3 * rng.normal(size=(n, 4 + n_asked))), 0, 10)
    pair, listener = np.repeat(np.arange(n), 4), np.tile(np.arange(4), n)
    ratings = Ratings(asked[:, :4].ravel(), pair, listener)
    scores = {"others": asked[:, 4:].mean(axis=1)}
    _, found = beside_one_listener(ratings, scores, {"all": np.ones(n, bool)}, np.arange(n), ResamplingPlan(9))
    srcc, lcc = (one.worth.estimate for one in found)
    assert lcc == pytest.approx(n_asked, rel=0.1)
    assert srcc == pytest.approx(n_asked, rel=0.15)


@relate.needs_relate
def test_relate_as_an_independent_audit_found_it() -> None:
    """SRCC .516 of one listener, by another program."""
    data = relate.load()
    ratings = Ratings(data.score, data.pair, data.listener)
    everything = {"all": np.ones(len(data.mean), bool)}
    listeners, _ = beside_one_listener(ratings, {}, everything, data.captions, PLAN)
    assert listeners[0].agreement.estimate == pytest.approx(0.516, abs=0.001)
