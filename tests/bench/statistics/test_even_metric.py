"""What evenly good metrics show, computed from the ordinal model: against data drawn from it, and at its edges."""

import numpy as np
import pytest
from scipy import stats
from scipy.special import ndtr

from bench.statistics.even_metric import MIN_GROUP, Part, RatedScale, _groups, even_metrics, fit_even_metrics
from bench.statistics.ordinal import OrdinalModel
from bench.statistics.reliability import Ratings
from tests.bench.statistics import relate

MODEL = OrdinalModel(np.array([-1.2, -0.3, 0.2, 1.0]), np.array([0.0, 0.8]), np.array([1.1, 0.6]))


def design(n_pairs, seed=0):
    """Return group and number of ratings (1, 2 or 3) of each pair."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, 2, n_pairs), rng.integers(1, 4, n_pairs)


def drawn(group, n_ratings, seed):
    """Return true relevance and single ratings, on a scale of 1, 3, 5, 7, 9."""
    rng = np.random.default_rng(seed)
    relevance = MODEL.mean[group] + MODEL.sd[group] * rng.normal(size=len(group))
    pair = np.repeat(np.arange(len(group)), n_ratings)
    level = np.searchsorted(MODEL.thresholds, relevance[pair] + rng.normal(size=len(pair)))
    return relevance, Ratings(1.0 + 2 * level, pair, pair)


def parts_of(group):
    everything, second = np.ones(len(group), bool), group == 1
    return [
        Part("second", second),
        Part("low", everything, high=5.0),
        Part("middle", everything, 5.0, 7.0),
        Part("high", second, low=7.0),
    ]


@pytest.mark.parametrize("on_ratings", [False, True], ids=["latent", "ratings"])
@pytest.mark.parametrize("error", [0.0, 0.7, 3.0])
def test_equals_the_srcc_of_data_drawn_from_the_model(error, on_ratings):
    group, n_ratings = design(400_000)
    relevance, ratings = drawn(group, n_ratings, seed=1)
    heard = ndtr(relevance[:, None] - MODEL.thresholds).sum(axis=1) if on_ratings else relevance
    scores = heard + error * np.random.default_rng(2).normal(size=len(group))
    mean = np.bincount(ratings.pair, ratings.score) / n_ratings
    parts = parts_of(group)
    found = even_metrics(MODEL, RatedScale.of(ratings, len(group)), group, parts)[on_ratings]
    overall = stats.spearmanr(scores, mean).statistic
    for p, part in enumerate(parts):
        chosen = part.pairs(mean)
        shown = stats.spearmanr(scores[chosen], mean[chosen]).statistic
        noise = 3.5 / np.sqrt(len(chosen))
        assert float(found.predicted(p, np.array(overall))) == pytest.approx(shown, abs=noise), part.stratum
    if error == 0:
        assert found.highest == pytest.approx(overall, abs=0.003)


def test_a_metric_of_no_use_shows_nothing_and_one_the_wrong_way_round_the_negative():
    group, n_ratings = design(3000)
    found = even_metrics(MODEL, RatedScale.of(drawn(group, n_ratings, 1)[1], 3000), group, parts_of(group))[0]
    for p in range(4):
        assert found.predicted(p, np.array(0.0)) == 0
        assert found.predicted(p, np.array(-0.4)) == -found.predicted(p, np.array(0.4))
    assert (np.diff(found.overall) > 0).all()


def test_the_fit_is_used():
    group, n_ratings = design(20_000)
    ratings, parts = drawn(group, n_ratings, 3)[1], parts_of(group)
    fitted = fit_even_metrics(ratings, parts, len(group))
    true = even_metrics(MODEL, RatedScale.of(ratings, len(group)), group, parts)
    for one, other in zip(fitted, true, strict=True):
        np.testing.assert_allclose(one.parts[:, -1], other.parts[:, -1], atol=0.025)


def test_a_band_that_the_model_leaves_empty_is_nan_and_warns_of_nothing():
    group, n_ratings = design(300)
    ratings = drawn(group, n_ratings, 1)[1]
    parts = [Part("beyond", np.ones(300, bool), low=9.0), Part("one mean", np.ones(300, bool), low=8.9)]
    found = even_metrics(MODEL, RatedScale.of(ratings, 300), group, parts)[0]
    assert np.isnan(found.parts[:, 1:]).all()


def test_more_ratings_than_counted_and_fine_scales_change_little():
    rng = np.random.default_rng(5)
    pair = np.repeat(np.arange(60), 80)
    truth = rng.normal(size=60)
    score = truth[pair] + rng.normal(size=len(pair))
    fine = Ratings(score, pair, pair)
    coarse = Ratings(np.round(score), pair, pair)
    everything = [Part("all", np.ones(60, bool))]
    for ratings in (fine, coarse):
        assert fit_even_metrics(ratings, everything, 60)[0].highest == pytest.approx(0.99, abs=0.02)


@pytest.mark.parametrize(
    ("scores", "step", "levels"),
    [
        ([0, 2, 10], 2, [0, 1, 5]),
        ([1.5, 2.0, 4.5], 0.5, [0, 1, 6]),
        ([3, 3, 3], 1, [0]),
        ([0, 1, 2.4], 2.4 / 20, [0, 8, 20]),
        ([0, 0.001, 100], 5, [0, 20]),
    ],
    ids=["gaps", "halves", "constant", "uneven", "hardly apart"],
)
def test_scales_in_equal_steps(scores, step, levels):
    found = RatedScale.of(Ratings(np.array(scores, float), np.array([0, 1, 1]), np.arange(3)), 2)
    assert found.step == pytest.approx(step)
    np.testing.assert_array_equal(found.levels, levels)
    np.testing.assert_array_equal(found.counts.sum(axis=1), [1, 2])


def test_small_groups_are_taken_together_and_never_stay_small():
    sizes = (100, 50, MIN_GROUP - 1, 3)
    cell = np.repeat(np.arange(4), sizes)
    masks = [cell == c for c in range(4)]
    group = _groups([np.ones(len(cell), bool), *masks])
    assert sorted(np.bincount(group)) == [MIN_GROUP + 2, 50, 100]
    alone = _groups([cell[: 150 + 5] == c for c in range(3)])
    assert sorted(np.bincount(alone)) == [50, 105]
    assert set(_groups([np.ones(5, bool)])) == {0}


@relate.needs_relate
@pytest.mark.relate
def test_relate_reaches_the_ceiling_that_its_reliability_gives():
    """√reliability is .787 overall, .713 for recordings and .644 for Tango 2; SRCC lies about .01 below LCC."""
    data = relate.load()
    parts = [Part("natural", data.systems == "audiocaps")]
    parts += [Part(name, data.systems == name) for name in np.unique(data.systems)[1:]]
    for even in fit_even_metrics(Ratings(data.score, data.pair, data.listener), parts, len(data.mean)):
        assert even.highest == pytest.approx(0.777, abs=0.003)
        assert even.parts[[0, 4], -1] == pytest.approx([0.73, 0.64], abs=0.02)
