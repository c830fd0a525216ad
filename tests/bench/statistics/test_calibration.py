"""MSE after the isotonic map: against scipy and scikit-learn's definition, never fitted on what is judged."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression

from bench.statistics.calibration import calibrated_errors, fit_isotonic, unit_mismatch
from bench.statistics.folds import TrainingData, cluster_folds
from bench.statistics.resampling import bootstrap_weights
from bench.statistics.sample import StratumSample
from bench.statistics.types import ResamplingPlan
from tests.bench.statistics.simulate import rated_pairs

PLAN = ResamplingPlan(n_resamples=99)
EVERYTHING = {"all": np.ones(150, bool)}


def test_isotonic_equals_scikit_learn():
    data = rated_pairs(150)
    scores = data.scores["metric0"].round(2)
    theirs = IsotonicRegression(out_of_bounds="clip").fit(scores, data.human)
    new = np.linspace(-1, 2, 301)
    np.testing.assert_allclose(fit_isotonic(scores, data.human)(new), theirs.predict(new), atol=1e-10)


def test_a_metric_on_another_scale_recovers_and_has_no_raw_error():
    data = rated_pairs(150)
    scores = {"shifted": 5 + 3 * data.human, "bent": data.human**5}
    shifted, bent = calibrated_errors(data.human, scores, EVERYTHING, data.clusters, PLAN)
    assert np.isnan([shifted.raw.estimate, shifted.raw.low, shifted.raw.high]).all()
    assert shifted.raw.note == "scores leave [0, 1], so the MSE depends on their unit"
    assert max(shifted.isotonic.estimate, bent.isotonic.estimate) < 0.01 * bent.raw.estimate
    assert bent.raw.low < bent.raw.estimate < bent.raw.high


@pytest.mark.parametrize(("scores", "leave"), [([0, 1], False), ([-1e-9, 1], True), ([0, 1.001], True), ([], False)])
def test_ratings_and_scores_share_a_scale_from_0_to_1(scores, leave):
    assert bool(unit_mismatch(np.array(scores, float))) == leave


def test_training_data_alone_fit_the_map():
    data, other = rated_pairs(150, seed=1), rated_pairs(90, seed=2)
    data.scores.update({metric: np.clip(row, 0, 1) for metric, row in data.scores.items()})
    training = TrainingData(other.human, other.scores, other.clusters)
    found = calibrated_errors(data.human, data.scores, EVERYTHING, data.clusters, PLAN, training)
    for record in found:
        mapped = fit_isotonic(other.scores[record.metric], other.human)(data.scores[record.metric])
        assert record.calibration == "training data"
        assert record.isotonic.estimate == pytest.approx(np.mean((mapped - data.human) ** 2))
        assert record.raw.estimate == pytest.approx(np.mean((data.scores[record.metric] - data.human) ** 2))


def test_maps_never_see_a_caption_that_they_are_judged_on_whatever_is_resampled():
    """A score that tells captions apart, and nothing else: with folds of single pairs it would be of use."""
    rng = np.random.default_rng(3)
    captions = np.repeat(np.arange(50), 6)
    human = np.clip(0.5 + 0.2 * rng.normal(size=50)[captions] + 0.05 * rng.normal(size=300), 0, 1)
    scores, everything = {"names": (captions * 0.618) % 1}, {"all": np.ones(300, bool)}
    by_unit = [
        calibrated_errors(human, scores, everything, captions, ResamplingPlan(99, unit=unit))[0]
        for unit in ("caption", "pair")
    ]
    assert by_unit[0].isotonic.estimate == by_unit[1].isotonic.estimate
    assert by_unit[1].isotonic.estimate > 0.98 * human.var()
    assert by_unit[0].isotonic.low != by_unit[1].isotonic.low
    [leaking] = calibrated_errors(human, scores, everything, np.arange(300), ResamplingPlan(99, unit="pair"))
    assert leaking.isotonic.estimate < 0.96 * human.var()


def test_one_caption_leaves_none_to_fit_on():
    data = rated_pairs(30)
    everything, one = {"all": np.ones(30, bool)}, np.zeros(30, np.int64)
    [found, _] = calibrated_errors(data.human, data.scores, everything, one, ResamplingPlan(19, unit="pair"))
    assert np.isnan(found.isotonic.estimate)
    assert found.isotonic.note == "a single caption: no other to fit the map on"
    assert found.raw.estimate > 0


def test_cross_fitting_does_not_reward_noise():
    """A useless metric cannot beat the mean: fitted and judged on the same pairs, an isotonic map would."""
    rng = np.random.default_rng(77)
    data = rated_pairs(150, pairs_per_caption=1)
    noise = {"noise": rng.normal(size=150)}
    [record] = calibrated_errors(data.human, noise, EVERYTHING, data.clusters, PLAN)
    overfitted = np.mean((fit_isotonic(noise["noise"], data.human)(noise["noise"]) - data.human) ** 2)
    assert record.calibration == "cross-fitted by caption"
    assert overfitted < data.human.var()
    assert record.isotonic.estimate > 0.98 * data.human.var()


def test_strata_too_small_are_left_out():
    data = rated_pairs(150)
    assert calibrated_errors(data.human, data.scores, {"few": data.clusters < 2}, data.clusters, PLAN) == []


def test_cross_fitted_maps_and_intervals_equal_a_plain_loop():
    data, plan = rated_pairs(60, n_metrics=1, seed=5), ResamplingPlan(n_resamples=40, seed=1, ci_method="percentile")
    row = np.clip(data.scores["metric0"].round(2), 0, 1)
    everything = {"all": np.ones(60, bool)}
    [found] = calibrated_errors(data.human, {"metric0": row}, everything, data.clusters, plan)
    sample = StratumSample("all", ("metric0",), data.human, row[None], data.clusters)
    fold = cluster_folds(sample, 1)[data.clusters]
    [weights] = bootstrap_weights(1, "all", 20, 0, 40)
    for measured, fit in ((found.raw, None), (found.isotonic, fit_isotonic)):
        squared = (row - data.human) ** 2
        for k in range(10) if fit else ():
            judged = fold == k
            squared[judged] = (fit(row[~judged], data.human[~judged])(row[judged]) - data.human[judged]) ** 2
        drawn = [np.repeat(squared, column[data.clusters]).mean() for column in weights.T]
        assert measured.estimate == pytest.approx(squared.mean(), abs=1e-12)
        assert (measured.low, measured.high) == pytest.approx(tuple(np.quantile(drawn, [0.025, 0.975])), abs=1e-12)
    assert (found.n_resamples, found.seed) == (40, 1)


def test_ten_folds_of_captions_have_equal_sizes():
    for n_clusters in (7, 60, 65):
        sample = StratumSample("all", ("m",), np.zeros(n_clusters), np.zeros((1, n_clusters)), np.arange(n_clusters))
        fold = cluster_folds(sample, 0)
        sizes = np.bincount(fold)
        assert len(sizes) == min(10, n_clusters)
        assert sizes.max() - sizes.min() <= 1
        assert (fold != np.arange(n_clusters) % 10).any()
        assert (fold != cluster_folds(sample, 1)).any()
