"""Captions and listeners resampled side by side, as rated and as if listeners were alike."""

from __future__ import annotations

import numpy as np
import pytest

from bench.statistics.bootstrap import bootstrap_strata
from bench.statistics.crossed import MAX_RESAMPLES, crossed_spreads, mean_ratings, shuffled_within_pairs
from bench.statistics.reliability import Ratings
from bench.statistics.resampling import BLOCK, bootstrap_weights, generator
from bench.statistics.types import ResamplingPlan
from tests.bench.statistics import oracle

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


def spreads(ratings, scores, captions, plan=PLAN, **options):
    human = mean_ratings(ratings, np.ones(int(ratings.listener.max()) + 1, int), len(captions))
    [bootstrap] = bootstrap_strata(human, scores, {"part": np.ones(len(captions), bool)}, captions, plan)
    return bootstrap, crossed_spreads(bootstrap, ratings, plan, **options)


def test_mean_ratings_weigh_listeners_and_lose_pairs_without_any():
    ratings = Ratings(np.array([1.0, 3.0, 5.0, 7.0]), np.array([0, 0, 1, 2]), np.array([0, 1, 2, 0]))
    np.testing.assert_array_equal(mean_ratings(ratings, np.array([1, 3, 0]), 3), [2.5, np.nan, 7.0])


def test_shuffling_keeps_each_pair_s_scores_and_tears_them_from_listeners():
    ratings, _, _ = rated(n_pairs=60)
    order = np.random.default_rng(3).permutation(len(ratings.pair))
    mixed = Ratings(ratings.score[order], ratings.pair[order], ratings.listener[order])
    found = shuffled_within_pairs(mixed, np.random.default_rng(4))
    for p in range(60):
        assert sorted(found.score[found.pair == p]) == sorted(mixed.score[mixed.pair == p])
    assert 0.2 < np.mean(found.score == mixed.score) < 0.5
    np.testing.assert_array_equal(found.listener, mixed.listener)


def test_alike_listeners_seem_to_widen_intervals_and_are_seen_through():
    """The ratio to captions alone is far above 1 although listeners do not differ; beside the shuffled one it is 1."""
    _, [one] = spreads(*rated())
    assert (one.metric, one.stratum, one.statistic, one.n_listeners, one.n_resamples) == ("m", "part", "srcc", 80, 300)
    assert one.spread > 1.1 * one.caption_spread
    assert one.spread == pytest.approx(one.spread_if_alike, rel=0.15)


def test_listeners_who_differ_are_told_from_alike_ones():
    """All pairs have the same few listeners, with scales of their own: who is drawn decides what is measured."""
    rng = np.random.default_rng(2)
    pair, listener = np.repeat(np.arange(240), 4), np.tile(np.arange(4), 240)
    hears = rng.normal(size=(240, 2))
    score = np.where(listener == 0, 6 * hears[pair, 0], hears[pair, 1]) + 0.3 * rng.normal(size=960)
    _, [one] = spreads(Ratings(score, pair, listener), {"m": hears[:, 0]}, np.arange(240) // 3)
    assert one.spread > 1.5 * one.spread_if_alike


def test_threads_change_nothing_and_there_is_a_cap():
    data = rated(n_pairs=24)
    plan = ResamplingPlan(n_resamples=MAX_RESAMPLES + 100)
    _, found = spreads(*data, plan, n_threads=1)
    assert found == spreads(*data, plan, n_threads=2)[1]
    assert {record.n_resamples for record in found} == {MAX_RESAMPLES}


def test_nothing_to_resample_gives_nothing():
    assert spreads(*rated(n_pairs=6))[1] == []


def by_hand(ratings, row, captions, plan, n_listeners):
    """Draw captions and listeners as documented, write the drawn pairs out, and let scipy compute."""
    values = []
    for r in range(plan.n_resamples):
        block, lane = divmod(r, BLOCK)
        if lane == 0:
            draw = generator(plan.seed, "listeners", "part", block)
            n_lanes = min(BLOCK, plan.n_resamples - r)
            [weights] = bootstrap_weights(plan.seed, "part", int(captions.max()) + 1, block, n_lanes)
        drawn = np.bincount(draw.integers(0, n_listeners, n_listeners), minlength=n_listeners)
        both = []
        for version in (ratings, shuffled_within_pairs(ratings, draw)):
            kept, human = [], []
            for p in range(len(captions)):
                of_pair = version.pair == p
                copies = np.repeat(version.score[of_pair], drawn[version.listener[of_pair]])
                if len(copies):
                    kept += [p] * int(weights[captions[p], lane])
                    human += [copies.mean()] * int(weights[captions[p], lane])
            both.append(oracle.statistics(np.array(human), row[kept])[0] if human else np.nan)
        values.append(both)
    return np.array(values)


def test_equals_a_plain_loop_also_where_no_drawn_pair_was_rated():
    rng = np.random.default_rng(6)
    pair = np.repeat(np.arange(12), [1, 2, 1, 2, 1, 1, 2, 1, 1, 1, 1, 1])
    ratings = Ratings(rng.integers(0, 4, 15).astype(float), pair, rng.integers(0, 4, 15))
    captions, row = np.arange(12) // 2, rng.integers(0, 5, 12).astype(float)
    plan = ResamplingPlan(n_resamples=BLOCK + 14, seed=3)
    bootstrap, [found] = spreads(ratings, {"m": row}, captions, plan)
    expected = by_hand(ratings, row, captions, plan, 4)
    assert np.isnan(expected).any()
    spread = [values[~np.isnan(values)].std(ddof=1) for values in (*expected.T, bootstrap.resampled[:, 0, 0])]
    assert (found.spread, found.spread_if_alike, found.caption_spread) == pytest.approx(tuple(spread), abs=1e-10)


def test_a_single_resample_has_no_spread():
    data = rated(n_pairs=30)
    for n_resamples, defined in ((1, False), (2, True)):
        _, [found] = spreads(*data, ResamplingPlan(n_resamples=n_resamples))
        assert np.isfinite(found.spread) == defined


def test_constant_scores_have_no_spread_and_say_why():
    ratings, _, captions = rated(n_pairs=30)
    _, [found] = spreads(ratings, {"flat": np.zeros(30)}, captions, ResamplingPlan(n_resamples=5))
    assert np.isnan([found.spread, found.spread_if_alike, found.caption_spread]).all()
    assert found.note == "the scores are constant"
