"""Estimates and intervals: against scipy, for any number of threads, and where there is nothing to estimate."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bench.statistics.agreement import BY_ID, KTAU, LCC, SRCC, STATISTICS
from bench.statistics.bootstrap import bootstrap_strata
from bench.statistics.intervals import bca_interval, bootstrap_interval, expanded_interval, percentile_interval
from bench.statistics.resampling import for_each_left_out
from bench.statistics.types import ResamplingPlan
from metrics.errors import DataError
from tests.bench.statistics import oracle
from tests.bench.statistics.estimates import estimate_correlations
from tests.bench.statistics.simulate import some_pairs

PLAN = ResamplingPlan(n_resamples=150)
EVERYTHING = {"all": np.ones(120, bool)}


@pytest.mark.parametrize("unit", ["caption", "pair"])
@pytest.mark.parametrize("n_threads", [1, 2])
def test_equals_the_scipy_loop_resample_by_resample(unit, n_threads):
    human, scores, captions = some_pairs()
    plan = ResamplingPlan(n_resamples=150, unit=unit, seed=5)
    mask = np.arange(120) % 4 != 0
    [found] = bootstrap_strata(human, scores, {"part": mask}, captions, plan, n_threads)
    unit_of = np.unique(captions[mask] if unit == "caption" else np.arange(mask.sum()), return_inverse=True)[1]
    weights = oracle.all_weights(plan, "part", int(unit_of.max()) + 1)
    for m, row in enumerate(scores.values()):
        expected = oracle.bootstrap(human[mask], row[mask], unit_of, weights)
        np.testing.assert_allclose(found.resampled[:, m], expected, rtol=0, atol=1e-10)


def test_threads_other_metrics_and_other_strata_change_nothing():
    human, scores, captions = some_pairs()
    strata = {"all": np.ones(120, bool), "half": np.arange(120) < 60}
    plan = ResamplingPlan(n_resamples=200, ci_method="bca")
    both = estimate_correlations(human, scores, strata, captions, plan, n_threads=1)
    assert estimate_correlations(human, scores, strata, captions, plan, n_threads=2) == both
    one = {"metric1": scores["metric1"]}
    alone = estimate_correlations(human, one, {"half": strata["half"]}, captions, plan, [KTAU])
    assert alone == [e for e in both if (e.metric, e.stratum, e.statistic) == ("metric1", "half", "ktau")]


def test_narrow_blocks_draw_the_same_resamples(monkeypatch):
    human, scores, captions = some_pairs()
    [wide] = bootstrap_strata(human, scores, EVERYTHING, captions, PLAN)
    monkeypatch.setattr("bench.statistics.resampling.SCRATCH_BYTES", 60_000)
    monkeypatch.setattr("bench.statistics.resampling.MAX_DRAWS", 100)
    [narrow] = bootstrap_strata(human, scores, EVERYTHING, captions, PLAN)
    np.testing.assert_array_equal(wide.resampled, narrow.resampled)


def test_one_pair_a_caption_makes_the_units_agree():
    human, scores, _ = some_pairs()
    by_caption, by_pair = (
        bootstrap_strata(human, scores, EVERYTHING, np.arange(120) * 7, ResamplingPlan(n_resamples=99, unit=unit))
        for unit in ("caption", "pair")
    )
    np.testing.assert_array_equal(by_caption[0].resampled, by_pair[0].resampled)


def test_point_estimates_are_scipys():
    human, scores, captions = some_pairs()
    estimates = estimate_correlations(human, scores, EVERYTHING, captions, PLAN)
    for metric in scores:
        found = [e.estimate for e in estimates if e.metric == metric]
        np.testing.assert_allclose(found, oracle.statistics(human, scores[metric]), rtol=0, atol=1e-12)


def test_many_clusters_are_left_out_in_groups(monkeypatch):
    human, scores, captions = some_pairs()
    monkeypatch.setattr("bench.statistics.replicates.MAX_JACKKNIFE", 20)
    [found] = bootstrap_strata(human, scores, EVERYTHING, captions, ResamplingPlan(50, ci_method="bca"))
    assert found.jackknife.shape == (20, 2, 4)
    assert np.isfinite(found.jackknife).all()


@pytest.mark.parametrize(("n_pairs", "reason"), [(1, "1 pairs"), (2, "2 pairs, fewer than 3")])
def test_too_few_pairs_are_nan_with_the_reason(n_pairs, reason):
    human, scores, captions = some_pairs()
    for estimate in estimate_correlations(human, scores, {"few": np.arange(120) < n_pairs}, captions, PLAN):
        assert np.isnan([estimate.estimate, estimate.low, estimate.high]).all()
        assert reason in estimate.note


def test_too_few_captions_give_an_estimate_without_interval():
    human, scores, captions = some_pairs()
    estimate = estimate_correlations(human, scores, {"five": captions < 5}, captions, PLAN)[0]
    assert np.isfinite(estimate.estimate)
    assert np.isnan(estimate.low)
    assert estimate.note == "no interval: 5 captions, fewer than 6"


@pytest.mark.parametrize("which", ["ratings", "scores"])
def test_constants_are_nan_with_the_reason(which):
    human, scores, captions = some_pairs()
    constant = np.full(120, 0.25)
    human = constant if which == "ratings" else human
    one = {"m": constant if which == "scores" else scores["metric0"]}
    by_statistic = {e.statistic: e for e in estimate_correlations(human, one, EVERYTHING, captions, PLAN)}
    for statistic in ("srcc", "lcc", "ktau"):
        assert np.isnan(by_statistic[statistic].estimate)
        assert by_statistic[statistic].note == f"the {which} are constant"
    assert by_statistic["mse"].low <= by_statistic["mse"].estimate <= by_statistic["mse"].high


def test_undefined_resamples_are_counted():
    human = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    scores = {"m": np.array([0.0, 0.0, 0.0, 0.0, 0.0, 1.0])}
    estimate = estimate_correlations(human, scores, {"all": np.ones(6, bool)}, np.arange(6), PLAN, [SRCC])[0]
    n_without_the_last = (oracle.all_weights(PLAN, "all", 6)[5] % 6 == 0).sum()
    assert estimate.note == f"{n_without_the_last} of 150 resamples undefined and left out"
    mostly_undefined = np.r_[np.full(80, np.nan), np.linspace(0, 1, 70)]
    low, _, reason = bootstrap_interval("percentile", 0.5, mostly_undefined, 0.95, n_clusters=5)
    assert np.isnan(low)
    assert reason == "undefined on 80 of 150 resamples"


def test_perfect_agreement_has_no_bca_interval_but_a_percentile_one():
    human = np.linspace(0, 1, 30)
    everything = {"all": np.ones(30, bool)}
    for method, low in (("percentile", 1.0), ("bca", np.nan)):
        plan = ResamplingPlan(n_resamples=99, ci_method=method)
        estimate = estimate_correlations(human, {"m": human}, everything, np.arange(30), plan, [SRCC])[0]
        np.testing.assert_allclose(estimate.low, low, atol=1e-12)
    assert "BCa undefined" in estimate.note


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_bad_scores_are_refused(bad):
    human, scores, captions = some_pairs()
    scores["metric1"][7] = bad
    with pytest.raises(DataError, match="'metric1' hold 1 NaN or infinite values among 120"):
        estimate_correlations(human, scores, EVERYTHING, captions, PLAN)


def test_almost_constant_scores_are_remarked_upon():
    human, _, captions = some_pairs()
    scores = {"m": 1 + 2.0**-52 * (np.arange(120) % 2)}
    estimate = estimate_correlations(human, scores, EVERYTHING, captions, PLAN, [LCC])[0]
    assert "almost constant" in estimate.note


@pytest.mark.parametrize("ci_method", ["percentile", "expanded", "bca"])
def test_records_hold_the_interval_of_their_own_cell(ci_method):
    human, scores, captions = some_pairs()
    plan = ResamplingPlan(n_resamples=400, ci_method=ci_method, confidence_level=0.8, seed=9)
    [one] = bootstrap_strata(human, scores, EVERYTHING, captions, plan)
    assert one.resampled.shape == (400, 2, 4)
    estimates = estimate_correlations(human, scores, EVERYTHING, captions, plan)
    keys = [(e.metric, e.statistic) for e in estimates]
    assert keys == [(metric, statistic.id) for metric in scores for statistic in STATISTICS]
    for e in estimates:
        m, s = list(scores).index(e.metric), STATISTICS.index(BY_ID[e.statistic])
        values = one.resampled[:, m, s]
        expected = {
            "percentile": lambda values=values: percentile_interval(values, 0.8),
            "expanded": lambda values=values: expanded_interval(values, 0.8, 40),
            "bca": lambda e=e, values=values, m=m, s=s: bca_interval(e.estimate, values, one.jackknife[:, m, s], 0.8)[
                :2
            ],
        }[ci_method]()
        assert (e.low, e.high) == expected
        assert (e.n_pairs, e.n_clusters, e.confidence_level, e.seed, e.note) == (120, 40, 0.8, 9, "")


def test_groups_of_clusters_are_drawn_by_chance_and_of_equal_size(monkeypatch):
    human, scores, captions = some_pairs()
    monkeypatch.setattr("bench.statistics.replicates.MAX_JACKKNIFE", 20)
    groups = []
    monkeypatch.setattr(
        "bench.statistics.replicates.for_each_left_out",
        lambda compute, group, size, n_threads: (
            groups.append(group) or for_each_left_out(compute, group, size, n_threads)
        ),
    )
    bootstrap_strata(human, scores, EVERYTHING, captions, ResamplingPlan(5, ci_method="bca"))
    bootstrap_strata(human, scores, {"half": captions < 20}, captions, ResamplingPlan(5, ci_method="bca"))
    assert (np.bincount(groups[0]) == 2).all()
    assert (groups[0] != np.arange(40) % 20).any()
    np.testing.assert_array_equal(groups[1], np.arange(20))


@pytest.mark.parametrize("n", [3, 5, 6])
def test_three_pairs_are_enough_for_an_estimate_and_six_captions_for_an_interval(n):
    human, scores = np.linspace(0.1, 0.9, n), {"m": np.array([0.3, 0.2, 0.9, 0.5, 0.4, 0.8])[:n]}
    [found] = estimate_correlations(human, scores, {"all": np.ones(n, bool)}, np.arange(n), PLAN, [LCC])
    assert found.estimate == pytest.approx(stats.pearsonr(human, scores["m"]).statistic)
    assert (found.low < found.high) == (n == 6)


def test_a_stratum_without_pairs_is_an_estimate_of_nothing():
    human, scores, captions = some_pairs()
    for found in estimate_correlations(human, scores, {"none": np.zeros(120, bool)}, captions, PLAN):
        assert np.isnan(found.estimate)
        assert (found.n_pairs, found.n_clusters, found.note.split(";")[0]) == (0, 0, "0 pairs, fewer than 3")


def test_bad_ratings_are_refused():
    human, scores, captions = some_pairs()
    human[[3, 4]] = np.nan
    with pytest.raises(DataError, match="the ratings hold 2 NaN or infinite values among 120"):
        estimate_correlations(human, scores, EVERYTHING, captions, PLAN)


def test_without_metrics_there_is_nothing_to_resample():
    human, _, captions = some_pairs()
    [found] = bootstrap_strata(human, {}, EVERYTHING, captions, PLAN)
    assert found.resampled is None
    assert found.estimates.shape == (0, 4)
