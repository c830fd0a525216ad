"""Pairwise accuracy with tie calibration: by brute force and against mt-metrics-eval."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.statistics.folds import TrainingData, cluster_folds
from bench.statistics.pairwise import best_epsilon, compare_clips, pairwise_accuracies
from bench.statistics.resampling import bootstrap_weights
from bench.statistics.sample import StratumSample
from bench.statistics.types import ResamplingPlan
from tests.bench.statistics.simulate import rated_pairs

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "statistics" / "parity.json").read_text())
PLAN = ResamplingPlan(n_resamples=99)


def brute_accuracy(human, scores, captions, epsilon):
    """Deutsch et al.'s acc by the book: every pair of clips of a caption, averaged within and then over captions."""
    per_caption = []
    for caption in np.unique(captions):
        clips = np.flatnonzero(captions == caption)
        right = []
        for i, j in itertools.combinations(clips, 2):
            metric = 0 if abs(scores[i] - scores[j]) <= epsilon else np.sign(scores[i] - scores[j])
            right.append(metric == np.sign(human[i] - human[j]))
        if right:
            per_caption.append(np.mean(right))
    return np.mean(per_caption)


def brute_search(human, scores, captions):
    distances = {abs(a - b) for a, b in itertools.product(scores, scores)}
    return max(brute_accuracy(human, scores, captions, epsilon) for epsilon in distances | {0.0})


def accuracy(comparisons, epsilon):
    return np.average(comparisons.correct(np.full(1, epsilon)), weights=comparisons.weight)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 5), st.integers(1, 8), st.sampled_from([2, 5, 100]))
def test_the_best_threshold_equals_a_brute_force_search(seed, levels, n_captions, fineness):
    rng = np.random.default_rng(seed)
    n = 4 * n_captions
    human, scores = rng.integers(0, levels, n).astype(float), rng.integers(0, fineness, n) / fineness
    captions = rng.integers(0, n_captions, n)
    captions = np.unique(captions, return_inverse=True)[1]
    if len(captions) == len(np.unique(captions)):
        return
    compared = compare_clips(human, scores, captions)
    epsilon = best_epsilon(compared)
    assert accuracy(compared, epsilon) == pytest.approx(brute_accuracy(human, scores, captions, epsilon), abs=1e-12)
    assert accuracy(compared, epsilon) == pytest.approx(brute_search(human, scores, captions), abs=1e-12)


@pytest.mark.parametrize("metric", ["a", "b"])
def test_calibration_equals_mt_metrics_eval(metric):
    human, scores = (np.array(GOLDEN["data"][name]) for name in ("human", metric))
    captions = np.broadcast_to(np.arange(human.shape[1]), human.shape).ravel().copy()
    compared = compare_clips(human.ravel(), scores.ravel(), captions)
    theirs = GOLDEN["mt_metrics_eval_tie_calibration"][metric]
    assert theirs["epsilon"] > 0
    # Several thresholds may be equally good: theirs is judged by our accuracy, and ours must reach it.
    assert accuracy(compared, theirs["epsilon"]) == pytest.approx(theirs["accuracy"], abs=1e-9)
    assert accuracy(compared, best_epsilon(compared)) == pytest.approx(theirs["accuracy"], abs=1e-9)


def coarse(seed=0):
    data = rated_pairs(180, seed=seed)
    return np.round(data.human * 4) / 4, data.scores, data.clusters


def test_threshold_from_training_data():
    human, scores, captions = coarse()
    other = coarse(seed=1)
    training = TrainingData(other[0], other[1], other[2])
    found = pairwise_accuracies(human, scores, {"all": np.ones(180, bool)}, captions, PLAN, training)
    for record in found:
        epsilon = best_epsilon(compare_clips(other[0], other[1][record.metric], other[2]))
        assert record.epsilon == pytest.approx(epsilon)
        assert epsilon > 0
        assert record.calibration == "training data"
        expected = brute_accuracy(human, scores[record.metric], captions, epsilon)
        assert record.accuracy.estimate == pytest.approx(expected)
        exact = brute_accuracy(human, scores[record.metric], captions, 0)
        assert record.accuracy_uncalibrated.estimate == pytest.approx(exact)
        assert record.accuracy.low < record.accuracy.estimate < record.accuracy.high
        assert (record.n_captions, record.n_comparisons) == (60, 180)


def test_cross_validation_never_uses_the_caption_itself():
    human, scores, captions = coarse()
    [first, _] = pairwise_accuracies(human, scores, {"all": np.ones(180, bool)}, captions, PLAN)
    assert first.calibration == "cross-validated by caption"
    row = scores["metric0"]
    fold = cluster_folds(StratumSample("all", ("metric0",), human, row[None], captions), 0)[captions]
    parts = []
    for k in range(10):
        rest = fold != k
        index = np.unique(captions[rest], return_inverse=True)[1]
        epsilon = best_epsilon(compare_clips(human[rest], row[rest], index))
        parts.append(brute_accuracy(human[~rest], row[~rest], captions[~rest], epsilon))
    assert first.accuracy.estimate == pytest.approx(np.mean(parts), abs=1e-12)


def test_captions_with_one_clip_have_nothing_to_compare():
    human, scores, captions = coarse()
    one_each = np.arange(180) % 3 == 0
    assert pairwise_accuracies(human, scores, {"single": one_each}, captions, PLAN) == []


def test_the_resampling_unit_of_the_plan_does_not_matter():
    human, scores, captions = coarse()
    everything = {"all": np.ones(180, bool)}
    plans = [ResamplingPlan(n_resamples=50, unit=unit) for unit in ("caption", "pair")]
    by_caption, by_pair = (pairwise_accuracies(human, scores, everything, captions, plan) for plan in plans)
    assert by_caption == by_pair


def test_intervals_draw_captions():
    human, scores, captions = coarse()
    part = np.arange(180) % 5 != 0
    plan = ResamplingPlan(n_resamples=50, seed=4, ci_method="percentile")
    found = pairwise_accuracies(human, scores, {"part": part}, captions, plan)[1]
    row, unit = scores["metric1"][part], np.unique(captions[part], return_inverse=True)[1]
    per_caption = np.array(
        [brute_accuracy(human[part][unit == c], row[unit == c], unit[unit == c], 0) for c in range(60)]
    )
    [weights] = bootstrap_weights(4, "part|comparisons", 60, 0, 50)
    expected = np.quantile([np.repeat(per_caption, column).mean() for column in weights.T], [0.025, 0.975])
    assert found.accuracy_uncalibrated.estimate == pytest.approx(per_caption.mean())
    assert (found.accuracy_uncalibrated.low, found.accuracy_uncalibrated.high) == pytest.approx(tuple(expected))
    assert (found.metric, found.stratum, found.n_resamples, found.seed) == ("metric1", "part", 50, 4)


def test_six_captions_with_two_clips_are_enough():
    human, scores, captions = coarse()
    for n_captions, n_records in ((5, 0), (6, 2)):
        found = pairwise_accuracies(human, scores, {"few": captions < n_captions}, captions, PLAN)
        assert len(found) == n_records


def test_blocks_of_captions_are_drawn_if_the_plan_says_so():
    human, scores, captions = coarse()
    strata, blocks = {"all": np.ones(len(human), bool)}, captions // 2
    by_block = ResamplingPlan(n_resamples=50, unit="block", ci_method="percentile")
    [found, *_] = pairwise_accuracies(human, scores, strata, captions, by_block, blocks=blocks)
    [usual, *_] = pairwise_accuracies(human, scores, strata, captions, replace(by_block, unit="pair"), blocks=blocks)
    assert (found.resample_unit, usual.resample_unit) == ("block", "caption")
    assert found.accuracy_uncalibrated.estimate == pytest.approx(usual.accuracy_uncalibrated.estimate)
    assert found.n_captions == usual.n_captions == usual.accuracy.n_clusters
    assert found.accuracy.n_clusters == len(np.unique(blocks))
    per_caption = [
        compare_clips(
            *(values[captions == c] for values in (human, scores[found.metric])), np.zeros(sum(captions == c), int)
        )
        for c in np.unique(captions)
    ]
    shares = np.array([np.mean(one.agrees | (one.human_tie & (one.distance == 0))) for one in per_caption])
    [weights] = bootstrap_weights(0, "all|comparisons", len(np.unique(blocks)), 0, 50)
    block = np.unique(blocks[np.unique(captions, return_index=True)[1]], return_inverse=True)[1]
    expected = [np.average(shares, weights=column[block]) for column in weights.T]
    ends = (found.accuracy_uncalibrated.low, found.accuracy_uncalibrated.high)
    assert ends == pytest.approx(tuple(np.quantile(expected, [0.025, 0.975])))


def test_the_smallest_of_equally_good_thresholds_is_taken():
    """One comparison tied by listeners at distance 1, one ordered rightly at 3: any threshold from 1 to 3 is best."""
    compared = compare_clips(np.array([0.5, 0.5, 0.2, 0.8]), np.array([1.0, 2.0, 0.0, 3.0]), np.array([0, 0, 1, 1]))
    assert best_epsilon(compared) == 1.0
    indifferent = compare_clips(np.array([0.5, 0.5, 0.2, 0.8]), np.array([1.0, 2.0, 2.0, 0.0]), np.array([0, 0, 1, 1]))
    assert best_epsilon(indifferent) == 1.0  # so is 2, which ties what is wrong either way
    apart = compare_clips(np.array([0.1, 0.9]), np.array([0.0, 1.0]), np.array([0, 0]))
    assert best_epsilon(apart) == 0.0
