"""Captions and listeners resampled together."""

from __future__ import annotations

import numpy as np
import pytest

from bench.statistics.bootstrap import bootstrap_strata
from bench.statistics.crossed import crossed_spreads, mean_ratings
from bench.statistics.reliability import Ratings
from bench.statistics.resampling import BLOCK, bootstrap_weights, generator
from bench.statistics.types import ResamplingPlan
from tests.bench.statistics import oracle, relate
from tests.bench.statistics.simulate import planted_metric

PLAN = ResamplingPlan(n_resamples=300)


def rated(n_pairs=240, per_pair=3, n_listeners=80, seed=0, listener_sd=0.0):
    rng = np.random.default_rng(seed)
    pair = np.repeat(np.arange(n_pairs), per_pair)
    listener = np.concatenate([rng.permutation(n_listeners)[:per_pair] for _ in range(n_pairs)])
    truth = rng.normal(size=n_pairs)
    bias = listener_sd * rng.normal(size=n_listeners)
    score = truth[pair] + bias[listener] + rng.normal(size=len(pair))
    scores = {"m": truth + rng.normal(size=n_pairs)}
    return Ratings(score, pair, listener), scores, np.arange(n_pairs) // 3


def spreads(ratings, scores, captions, mask, plan=PLAN, **options):
    human = mean_ratings(ratings, np.ones(int(ratings.listener.max()) + 1, int), len(captions))
    [bootstrap] = bootstrap_strata(human, scores, {"part": mask}, captions, plan)
    return bootstrap, crossed_spreads(bootstrap, ratings, np.flatnonzero(mask), plan, **options)


def test_mean_ratings_weigh_listeners_and_lose_pairs_without_any():
    ratings = Ratings(np.array([1.0, 3.0, 5.0, 7.0]), np.array([0, 0, 1, 2]), np.array([0, 1, 2, 0]))
    np.testing.assert_array_equal(mean_ratings(ratings, np.array([1, 3, 0]), 3), [2.5, np.nan, 7.0])


def test_drawing_listeners_adds_noise_and_bias():
    ratings, scores, captions = rated(listener_sd=1.0)
    bootstrap, found = spreads(ratings, scores, captions, np.ones(240, bool))
    srcc = found[0]
    assert (srcc.metric, srcc.stratum, srcc.statistic, srcc.n_listeners) == ("m", "part", "srcc", 80)
    assert srcc.caption_spread == pytest.approx(bootstrap.resampled[:, 0, 0].std(ddof=1))
    assert srcc.spread > srcc.caption_spread
    assert srcc.bias < -0.03
    assert srcc.recentred.low < srcc.recentred.estimate < srcc.recentred.high
    middle = (srcc.recentred.low + srcc.recentred.high) / 2
    assert middle == pytest.approx(srcc.recentred.estimate, abs=srcc.spread / 2)


def test_identical_listeners_leave_only_captions():
    """If all listeners of a pair say the same, drawing them changes the pairs that are left, not the ratings."""
    ratings, scores, captions = rated(per_pair=20, n_listeners=40)
    truth = np.random.default_rng(1).normal(size=240)
    same = Ratings(truth[ratings.pair], ratings.pair, ratings.listener)
    _, found = spreads(same, scores, captions, np.ones(240, bool))
    for record in found:
        assert record.bias == pytest.approx(0, abs=0.1 * record.caption_spread + 2 * record.spread / np.sqrt(300))
        assert record.spread == pytest.approx(record.caption_spread, rel=0.12)


def test_a_stratum_uses_its_own_ratings_and_threads_change_nothing():
    ratings, scores, captions = rated()
    mask = np.arange(240) % 3 != 1
    plan = ResamplingPlan(n_resamples=70)
    _, one = spreads(ratings, scores, captions, mask, plan, n_threads=1)
    _, two = spreads(ratings, scores, captions, mask, plan, n_threads=2)
    assert one == two
    wild = Ratings(np.where(mask[ratings.pair], ratings.score, 1e9), ratings.pair, ratings.listener)
    assert spreads(wild, scores, captions, mask, plan)[1] == one


def test_nothing_to_resample_gives_nothing():
    ratings, scores, captions = rated()
    assert spreads(ratings, scores, captions, captions == 0)[1] == []


@relate.needs_relate
@pytest.mark.relate
def test_listeners_bias_srcc_downwards_on_relate():
    data = relate.load()
    scores = {"planted": planted_metric(data.mean, 0.48)}
    plan = ResamplingPlan(n_resamples=300)
    [bootstrap] = bootstrap_strata(data.mean / 10, scores, {"all": np.ones(2598, bool)}, data.captions, plan)
    ratings = Ratings(data.score / 10, data.pair, data.listener)
    srcc = crossed_spreads(bootstrap, ratings, np.arange(2598), plan)[0]
    assert srcc.n_listeners == 873
    assert srcc.bias == pytest.approx(-0.04, abs=0.008)
    assert srcc.caption_spread < srcc.spread < 2 * srcc.caption_spread


def by_hand(ratings, row, captions, plan, n_listeners):
    """Draw captions and listeners as documented, write the drawn pairs out, and let scipy compute."""
    values = []
    for r in range(plan.n_resamples):
        block, lane = divmod(r, BLOCK)
        if lane == 0:
            listeners = generator(plan.seed, "listeners", "part", block)
            n_lanes = min(BLOCK, plan.n_resamples - r)
            [weights] = bootstrap_weights(plan.seed, "part", int(captions.max()) + 1, block, n_lanes)
        drawn = np.bincount(listeners.integers(0, n_listeners, n_listeners), minlength=n_listeners)
        kept, human = [], []
        for p in range(len(captions)):
            of_pair = ratings.pair == p
            copies = np.repeat(ratings.score[of_pair], drawn[ratings.listener[of_pair]])
            if len(copies):
                kept += [p] * int(weights[captions[p], lane])
                human += [copies.mean()] * int(weights[captions[p], lane])
        values.append(oracle.statistics(np.array(human), row[kept]) if human else np.full(4, np.nan))
    return np.array(values)


def test_equals_a_plain_loop_also_where_no_drawn_pair_was_rated():
    rng = np.random.default_rng(6)
    pair = np.repeat(np.arange(8), [1, 2, 1, 2, 1, 1, 2, 1])
    ratings = Ratings(rng.normal(size=11), pair, rng.integers(0, 4, 11))
    captions, row = np.arange(8) // 2, rng.normal(size=8)
    plan = ResamplingPlan(n_resamples=BLOCK + 14, seed=3, ci_method="percentile")
    bootstrap, found = spreads(ratings, {"m": row}, captions, np.ones(8, bool), plan)
    expected = by_hand(ratings, row, captions, plan, 4)
    assert np.isnan(expected[:, 3]).any()
    for s, record in enumerate(found):
        values = expected[~np.isnan(expected[:, s]), s]
        assert record.spread == pytest.approx(values.std(ddof=1), abs=1e-10)
        assert record.bias == pytest.approx(values.mean() - bootstrap.estimates[0, s], abs=1e-10)
        recentred = (record.recentred.estimate, record.recentred.low, record.recentred.high)
        quantiles = np.quantile(values, [0.025, 0.975]) - record.bias
        assert recentred == pytest.approx((bootstrap.estimates[0, s], *quantiles), abs=1e-10)
        assert (record.n_listeners, record.n_resamples, record.seed) == (4, BLOCK + 14, 3)


def test_no_more_than_999_resamples_are_made():
    ratings, scores, captions = rated(n_pairs=12)
    _, found = spreads(ratings, scores, captions, np.ones(12, bool), ResamplingPlan(n_resamples=1200))
    assert {record.n_resamples for record in found} == {999}


def test_a_single_resample_has_no_spread():
    ratings, scores, captions = rated(n_pairs=12)
    for n_resamples, defined in ((1, False), (2, True)):
        _, found = spreads(ratings, scores, captions, np.ones(12, bool), ResamplingPlan(n_resamples=n_resamples))
        assert np.isfinite(found[3].spread) == defined


def test_constant_scores_have_no_bias_and_say_why():
    ratings, _, captions = rated(n_pairs=12)
    _, found = spreads(ratings, {"flat": np.zeros(12)}, captions, np.ones(12, bool), ResamplingPlan(n_resamples=5))
    assert np.isnan([found[0].bias, found[0].spread, found[0].recentred.low]).all()
    assert found[0].note == "the scores are constant"
