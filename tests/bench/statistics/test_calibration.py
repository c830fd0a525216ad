"""MSE after affine and isotonic maps: against scipy and scikit-learn's definition, never fitted on what is judged."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.isotonic import IsotonicRegression

from bench.statistics.calibration import calibrated_errors, fit_affine, fit_isotonic
from bench.statistics.folds import TrainingData, cluster_folds
from bench.statistics.resampling import bootstrap_weights
from bench.statistics.sample import StratumSample
from bench.statistics.types import ResamplingPlan
from tests.bench.statistics.simulate import rated_pairs

PLAN = ResamplingPlan(n_resamples=99)
EVERYTHING = {"all": np.ones(150, bool)}


def test_affine_is_least_squares():
    data = rated_pairs(150)
    line = stats.linregress(data.scores["metric0"], data.human)
    new = np.linspace(-1, 2, 7)
    np.testing.assert_allclose(
        fit_affine(data.scores["metric0"], data.human)(new), line.intercept + line.slope * new, atol=1e-12
    )
    np.testing.assert_allclose(fit_affine(np.full(150, 3.0), data.human)(new), data.human.mean())
    small = fit_affine(1e-3 * data.scores["metric0"], data.human)
    np.testing.assert_allclose(small(1e-3 * new), line.intercept + line.slope * new, atol=1e-9)


def test_isotonic_equals_scikit_learn():
    data = rated_pairs(150)
    scores = data.scores["metric0"].round(2)
    theirs = IsotonicRegression(out_of_bounds="clip").fit(scores, data.human)
    new = np.linspace(-1, 2, 301)
    np.testing.assert_allclose(fit_isotonic(scores, data.human)(new), theirs.predict(new), atol=1e-10)


def test_a_metric_on_another_scale_recovers():
    data = rated_pairs(150)
    scores = {"shifted": 5 + 3 * data.human, "bent": data.human**5}
    shifted, bent = calibrated_errors(data.human, scores, EVERYTHING, data.clusters, PLAN)
    assert shifted.raw.estimate > 20
    assert shifted.affine.estimate == pytest.approx(0, abs=1e-20)
    assert bent.isotonic.estimate < 0.1 * bent.affine.estimate
    assert bent.raw.low < bent.raw.estimate < bent.raw.high


def test_training_data_alone_fit_the_map():
    data, other = rated_pairs(150, seed=1), rated_pairs(90, seed=2)
    training = TrainingData(other.human, other.scores, other.clusters)
    found = calibrated_errors(data.human, data.scores, EVERYTHING, data.clusters, PLAN, training)
    for record in found:
        line = fit_affine(other.scores[record.metric], other.human)
        assert record.calibration == "training data"
        expected = np.mean((line(data.scores[record.metric]) - data.human) ** 2)
        assert record.affine.estimate == pytest.approx(expected)
        assert record.raw.estimate == pytest.approx(np.mean((data.scores[record.metric] - data.human) ** 2))


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
    row = data.scores["metric0"].round(2)
    everything = {"all": np.ones(60, bool)}
    [found] = calibrated_errors(data.human, {"metric0": row}, everything, data.clusters, plan)
    sample = StratumSample("all", ("metric0",), data.human, row[None], data.clusters)
    fold = cluster_folds(sample, 1)[data.clusters]
    [weights] = bootstrap_weights(1, "all", 20, 0, 40)
    for measured, fit in ((found.raw, None), (found.affine, fit_affine), (found.isotonic, fit_isotonic)):
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
