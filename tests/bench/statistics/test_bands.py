"""Score bands: the prediction from theory, cross-fitting without selection, and the fall on the real ratings."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bench.statistics import bands
from bench.statistics.bands import _random_half, restricted_correlation
from bench.statistics.reliability import Ratings
from bench.statistics.resampling import bootstrap_weights
from bench.statistics.types import ResamplingPlan
from metrics.errors import DataError
from tests.bench.statistics import relate
from tests.bench.statistics.simulate import planted_metric

PLAN = ResamplingPlan(n_resamples=60)


def simulated(n_pairs=3000, n_ratings=4, noise=1.0, seed=0):
    """Ratings of normal relevance, and relevance; no rounding, no bounds: what the prediction assumes."""
    rng = np.random.default_rng(seed)
    pair = np.repeat(np.arange(n_pairs), n_ratings)
    truth = rng.normal(size=n_pairs)
    return Ratings(truth[pair] + noise * rng.normal(size=len(pair)), pair, np.arange(len(pair))), truth


def band_estimates(ratings, scores, strata, clusters, edge, *rest, **options):
    """Low and high band, called as a run calls them."""
    ids = {s: [f"band={name}" + ("" if s == "all" else f",{s}") for name in ("low", "high")] for s in strata}
    return bands.band_estimates(ratings, scores, strata, clusters, [edge], ids, *rest, **options)


def means(ratings):
    return np.bincount(ratings.pair, ratings.score) / np.bincount(ratings.pair)


def by_key(records):
    return {(r.metric, r.stratum, r.method, r.statistic): r for r in records}


def test_restriction_of_the_rating_itself_is_thorndikes_case_two():
    """r u / sqrt(1 - r^2 + r^2 u^2): the form of case II in the textbooks."""
    r, u = np.array([0.2, 0.48, 0.8]), np.array([0.5, 0.6, 1.3])
    expected = r * u / np.sqrt(1 - r**2 + r**2 * u**2)
    np.testing.assert_allclose(restricted_correlation(r, r, np.ones(3), u), expected, atol=1e-12)


def test_an_even_metric_falls_as_predicted_and_no_further():
    ratings, truth = simulated()
    scores = {"even": truth + 1.5 * np.random.default_rng(9).normal(size=3000)}
    everything = {"all": np.ones(3000, bool)}
    records = by_key(band_estimates(ratings, scores, everything, np.arange(3000), 0.3, PLAN, n_splits=10))
    assert len(records) == 2 * 2 * 2
    for record in records.values():
        assert record.predicted < record.overall - 0.08
        assert record.excess.estimate == pytest.approx(0, abs=0.045)
        assert record.excess.low < record.excess.estimate < record.excess.high
        assert record.excess.estimate == pytest.approx(record.estimate.estimate - record.predicted)


def test_a_metric_that_fails_on_bad_sounds_is_found_out():
    ratings, truth = simulated()
    noise = np.random.default_rng(9).normal(size=3000)
    scores = {"uneven": np.where(truth > 0, 2 * truth, 0) + 0.5 * noise}
    everything = {"all": np.ones(3000, bool)}
    records = by_key(band_estimates(ratings, scores, everything, np.arange(3000), 0.0, PLAN, n_splits=5))
    assert records["uneven", "band=low", "cross-fitted", "srcc"].excess.high < 0
    assert records["uneven", "band=high", "cross-fitted", "srcc"].excess.estimate > 0


def test_observed_bands_are_plain_subsets():
    ratings, truth = simulated(200)
    scores = {"a": truth, "b": -truth}
    natural = np.arange(200) % 2 == 0
    strata = {"all": np.ones(200, bool), "source=natural": natural}
    records = by_key(band_estimates(ratings, scores, strata, np.arange(200) // 2, 0.2, PLAN, n_splits=2))
    mean = means(ratings)
    for stratum, mask in (("band=high", mean > 0.2), ("band=low,source=natural", (mean <= 0.2) & natural)):
        found = records["b", stratum, "observed", "srcc"]
        assert found.estimate.estimate == pytest.approx(stats.spearmanr(-truth[mask], mean[mask]).statistic, abs=1e-12)
        assert found.n_pairs == mask.sum()
        assert found.band_sd == pytest.approx(mean[mask].std())
        assert found.n_splits == 0


def test_cross_fitting_uses_disjoint_listeners():
    """With pure noise ratings the halves are unrelated: no band structure is left, whatever was selected."""
    rng = np.random.default_rng(3)
    pair = np.repeat(np.arange(800), 3)
    ratings = Ratings(rng.normal(size=2400), pair, np.arange(2400))
    scores = {"follows the mean": means(ratings)}
    records = by_key(
        band_estimates(ratings, scores, {"all": np.ones(800, bool)}, np.arange(800), 0.0, PLAN, n_splits=10)
    )
    for band in ("band=low", "band=high"):
        record = records["follows the mean", band, "cross-fitted", "lcc"]
        assert record.overall == pytest.approx(1 / np.sqrt(3), abs=0.12)
        assert record.excess.estimate == pytest.approx(0, abs=0.06)


def test_pairs_with_one_rating_drop_out_of_cross_fitting():
    pair = np.r_[np.arange(60), np.arange(30)]
    score = np.random.default_rng(0).normal(size=90)
    scores = {"m": np.random.default_rng(1).normal(size=60)}
    everything = {"all": np.ones(60, bool)}
    records = band_estimates(Ratings(score, pair, pair), scores, everything, np.arange(60), 0.0, PLAN, n_splits=3)
    n_pairs = {method: sum(r.n_pairs for r in records if r.method == method) for method in ("observed", "cross-fitted")}
    assert n_pairs == {"observed": 2 * 60, "cross-fitted": 2 * 30}


def test_too_few_pairs_in_a_band_are_left_out():
    ratings, truth = simulated(50)
    above_all = float(means(ratings).max()) - 1e-9
    assert not band_estimates(
        ratings, {"m": truth}, {"all": np.ones(50, bool)}, np.arange(50), above_all, PLAN, n_splits=1
    )


def test_threads_change_nothing():
    ratings, truth = simulated(300)
    arguments = (ratings, {"m": truth}, {"all": np.ones(300, bool)}, np.arange(300) // 3, 0.0, PLAN, 3)
    assert band_estimates(*arguments, n_threads=1) == band_estimates(*arguments, n_threads=2)


@relate.needs_relate
@pytest.mark.relate
def test_a_planted_metric_falls_on_relate_as_range_restriction_predicts():
    data = relate.load()
    scores = {f"planted{seed}": planted_metric(data.mean, 0.48, seed) for seed in range(8)}
    ratings = Ratings(data.score, data.pair, data.listener)
    everything = {"all": np.ones(2598, bool)}
    plan = ResamplingPlan(n_resamples=50)
    records = [
        r for r in band_estimates(ratings, scores, everything, data.captions, 5.0, plan) if r.statistic == "srcc"
    ]
    for stratum, n_pairs in (("band=low", 757), ("band=high", 1841)):
        observed, crossed = (
            [r for r in records if (r.stratum, r.method) == (stratum, method)]
            for method in ("observed", "cross-fitted")
        )
        assert all(r.overall == pytest.approx(0.48, abs=1e-3) for r in observed)
        assert {r.n_pairs for r in observed} == {n_pairs}
        assert np.mean([r.estimate.estimate for r in observed]) == pytest.approx(0.29, abs=0.02)
        assert np.mean([r.excess.estimate for r in observed]) == pytest.approx(0, abs=0.02)
        assert np.mean([r.excess.estimate for r in crossed]) == pytest.approx(0, abs=0.04)
        assert np.mean([r.estimate.estimate for r in crossed]) > 0.25


def test_pairs_without_ratings_are_refused():
    ratings, truth = simulated(50)
    with pytest.raises(DataError, match="ratings hold 1 NaN"):
        band_estimates(ratings, {"m": np.append(truth, 0.0)}, {"all": np.ones(51, bool)}, np.arange(51), 0.0, PLAN)


def quantiles(values):
    values = np.array(values)
    return tuple(np.quantile(values[~np.isnan(values)], [0.025, 0.975]))


def test_observed_bands_and_their_intervals_equal_a_plain_loop():
    """Whole captions drawn, pairs written out, correlations by scipy, spreads by numpy."""
    rng = np.random.default_rng(12)
    ratings, truth = simulated(90, seed=4)
    captions = rng.integers(0, 30, 90)
    natural = rng.random(90) < 0.6
    x, y, plan = (
        truth + rng.normal(size=90),
        means(ratings),
        ResamplingPlan(n_resamples=40, seed=5, ci_method="percentile"),
    )
    found = band_estimates(ratings, {"x": x}, {"source=natural": natural}, captions, 0.1, plan, n_splits=1)
    records = by_key(r for r in found if r.method == "observed")
    x, y, unit = x[natural], y[natural], np.unique(captions[natural], return_inverse=True)[1]
    [weights] = bootstrap_weights(5, "source=natural", int(unit.max()) + 1, 0, 40)
    for band, inside in (("band=low", y <= 0.1), ("band=high", y > 0.1)):
        for statistic, correlate in (("srcc", stats.spearmanr), ("lcc", stats.pearsonr)):

            def one(drawn, inside=inside, correlate=correlate):
                kept = drawn[inside[drawn]]
                r, ratio = correlate(x[drawn], y[drawn]).statistic, y[kept].std() / y[drawn].std()
                predicted = r * ratio / np.sqrt(1 - r**2 + r**2 * ratio**2)
                return r, predicted, correlate(x[kept], y[kept]).statistic

            record = records["x", f"{band},source=natural", "observed", statistic]
            overall, predicted, estimate = one(np.arange(len(x)))
            assert (record.overall, record.predicted) == pytest.approx((overall, predicted), abs=1e-10)
            assert record.estimate.estimate == pytest.approx(estimate, abs=1e-10)
            resampled = np.array([one(np.repeat(np.arange(len(x)), column[unit])) for column in weights.T])
            ends = (record.estimate.low, record.estimate.high, record.excess.low, record.excess.high)
            expected = (*quantiles(resampled[:, 2]), *quantiles(resampled[:, 2] - resampled[:, 1]))
            assert ends == pytest.approx(expected, abs=1e-10)
            assert (record.n_pairs, record.n_resamples) == (inside.sum(), 40)


def test_restriction_by_a_third_variable_is_the_correlation_of_a_selected_normal():
    """Case III, by simulation: select on z, correlate x and y."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=400_000)
    x, y = 0.6 * z + 0.8 * rng.normal(size=z.size), 0.5 * z + np.sqrt(0.75) * rng.normal(size=z.size)
    whole, kept = np.corrcoef([x, y, z]), z < -0.3
    one = [np.array([value]) for value in (whole[0, 1], whole[0, 2], whole[1, 2], z[kept].std() / z.std())]
    assert restricted_correlation(*one)[0] == pytest.approx(np.corrcoef(x[kept], y[kept])[0, 1], abs=0.01)


def test_listeners_are_halved_evenly_and_an_odd_one_goes_either_way():
    count = np.array([1, 2, 3, 4, 7])
    pair = np.random.default_rng(0).permutation(np.repeat(np.arange(5), count))
    draws = np.array([_random_half(pair, count, np.random.default_rng(seed)) for seed in range(2000)])
    sizes = np.array([np.bincount(pair, draw, 5) for draw in draws])
    for p, n in enumerate(count):
        assert set(sizes[:, p]) == {n // 2, (n + 1) // 2}
    # The share of a coin thrown 2000 times has standard error 0.011.
    np.testing.assert_allclose(draws.mean(axis=0), 0.5, atol=5 * 0.0112)


def test_cross_fitted_halves_are_means_of_disjoint_ratings():
    """Ratings 0 and 4 of every pair: the half that bands is the other one than the half that is correlated with."""
    pair = np.tile(np.arange(40), 2)
    score = np.r_[np.zeros(40), np.full(40, 4.0)] + np.tile(np.arange(40) / 1000, 2)
    x, everything = np.arange(40) / 40, {"all": np.ones(40, bool)}
    found = band_estimates(Ratings(score, pair, pair), {"x": x}, everything, np.arange(40), 2.0, PLAN, n_splits=1)
    crossed = by_key(r for r in found if r.method == "cross-fitted")
    for band in ("band=low", "band=high"):
        record = crossed["x", band, "cross-fitted", "srcc"]
        assert record.estimate.estimate == pytest.approx(1)
        assert record.band_sd < 0.02
        assert (record.n_splits, record.n_resamples) == (1, 60)
    assert sum(crossed["x", band, "cross-fitted", "srcc"].n_pairs for band in ("band=low", "band=high")) == 40


def test_splits_are_averaged():
    """A record over several splits lies between those of its single splits, which other seeds cannot replace."""
    ratings, truth = simulated(60)
    everything, captions = {"all": np.ones(60, bool)}, np.arange(60)
    one, three = (
        by_key(band_estimates(ratings, {"m": truth}, everything, captions, 0.0, PLAN, n_splits=n)) for n in (1, 3)
    )
    key = ("m", "band=low", "cross-fitted", "lcc")
    assert (one[key].n_splits, three[key].n_splits) == (1, 3)
    for name in ("overall", "predicted", "band_sd", "n_pairs"):
        assert getattr(one[key], name) != getattr(three[key], name)
    observed = ("m", "band=low", "observed", "lcc")
    assert one[observed] == three[observed]


def test_three_pairs_in_a_band_are_enough():
    ratings, truth = simulated(30)
    mean = np.sort(means(ratings))
    everything = {"all": np.ones(30, bool)}
    for n_low, n_records in ((2, 0), (3, 4), (27, 4), (28, 0)):
        edge = float(mean[n_low - 1])
        found = band_estimates(ratings, {"m": truth}, everything, np.arange(30), edge, PLAN, n_splits=1)
        assert len([r for r in found if r.method == "observed"]) == n_records


def test_no_more_than_999_resamples_are_made():
    ratings, truth = simulated(12)
    everything, plan = {"all": np.ones(12, bool)}, ResamplingPlan(n_resamples=1200)
    found = band_estimates(ratings, {"m": truth}, everything, np.arange(12), 0.0, plan, n_splits=1)
    assert {record.n_resamples for record in found} == {999}


def test_a_stratum_is_split_by_its_own_ratings_alone():
    ratings, truth = simulated(90)
    inside = np.arange(90) % 3 != 0
    wild = Ratings(np.where(inside[ratings.pair], ratings.score, 1e6), ratings.pair, ratings.listener)
    tame, found = (
        band_estimates(one, {"m": truth}, {"source=natural": inside}, np.arange(90), 0.0, PLAN, n_splits=2)
        for one in (ratings, wild)
    )
    assert {record.method for record in found} == {"observed", "cross-fitted"}
    assert found == tame


def test_three_bands_are_each_restricted_on_their_own():
    ratings, truth = simulated(400, seed=8)
    x, y, everything = truth + np.random.default_rng(2).normal(size=400), means(ratings), {"all": np.ones(400, bool)}
    edges, names = [-0.5, 0.7], ["band=low", "band=middle", "band=high"]
    records = by_key(
        bands.band_estimates(ratings, {"x": x}, everything, np.arange(400), edges, {"all": names}, PLAN, n_splits=3)
    )
    assert len(records) == 3 * 2 * 2
    r = stats.pearsonr(x, y).statistic
    for name, inside in zip(names, (y <= -0.5, (y > -0.5) & (y <= 0.7), y > 0.7), strict=True):
        found, ratio = records["x", name, "observed", "lcc"], y[inside].std() / y.std()
        assert found.n_pairs == inside.sum()
        assert found.band_sd == pytest.approx(y[inside].std())
        assert found.estimate.estimate == pytest.approx(stats.pearsonr(x[inside], y[inside]).statistic, abs=1e-12)
        assert found.predicted == pytest.approx(r * ratio / np.sqrt(1 - r**2 + r**2 * ratio**2), abs=1e-12)
    assert sum(records["x", name, "cross-fitted", "lcc"].n_pairs for name in names) == pytest.approx(400)
