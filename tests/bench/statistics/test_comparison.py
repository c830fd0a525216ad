"""Differences, their intervals and their p-values: against brute force and other software."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.statistics.agreement import KTAU, LCC, SRCC, STATISTICS
from bench.statistics.bootstrap import bootstrap_strata
from bench.statistics.comparison import compare_metrics, differences_of
from bench.statistics.contributions import contributions
from bench.statistics.intervals import bca_interval, percentile_interval
from bench.statistics.max_t import paired_spreads
from bench.statistics.permutation import permutation_tests
from bench.statistics.sample import StratumSample
from bench.statistics.types import ResamplingPlan
from tests.bench.statistics import oracle
from tests.bench.statistics.simulate import Simulated, rated_pairs

_BCA = ResamplingPlan(60, n_permutations=30, seed=3, ci_method="bca", confidence_level=0.9)
GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "statistics" / "parity.json").read_text())


def sample_of(data, metrics=("metric0", "metric1"), decimals=12, stratum="all"):
    scores = np.stack([data.scores[m].round(decimals) for m in metrics])
    return StratumSample(stratum, tuple(metrics), data.human, scores, data.clusters)


def golden_sample(unit):
    human, a, b = (np.array(GOLDEN["data"][name]) for name in ("human", "a", "b"))
    captions = np.broadcast_to(np.arange(human.shape[1]), human.shape).ravel()
    clusters = captions.copy() if unit == "caption" else np.arange(human.size)
    return StratumSample("all", ("a", "b"), human.ravel(), np.stack([a.ravel(), b.ravel()]), clusters)


def permuted(statistic, sample, n_permutations):
    """The test of the first two metrics by one statistic."""
    terms = contributions(statistic, sample, [(0, 1)])
    return permutation_tests(terms, [np.array([0])], 0, "all", n_permutations)


@pytest.mark.parametrize("statistic", [SRCC, LCC, KTAU], ids=lambda statistic: statistic.id)
def test_caption_swaps_agree_with_nlpstats(statistic):
    sample = golden_sample("caption")
    theirs = GOLDEN["nlpstats_caption_swaps"][statistic.id]
    ours = permuted(statistic, sample, 20_000).p_value[0]
    assert 0.01 < theirs < 0.5
    assert ours == pytest.approx(theirs, abs=4 * np.sqrt(2 * theirs * (1 - theirs) / 20_000))


def test_pair_swaps_are_close_to_mt_metrics_evals():
    """It swaps z-scores; ours changes the signs of pseudo-values, which asks less of the two metrics' distributions."""
    sample = golden_sample("pair")
    theirs = 2 * GOLDEN["mt_metrics_eval_pair_swaps_one_sided"]
    everything = {"all": np.ones(sample.n_pairs, bool)}
    scores = dict(zip(sample.metrics, sample.scores, strict=True))
    plan = ResamplingPlan(99, unit="pair", n_permutations=20_000)
    [difference] = compare_metrics(sample.human, scores, everything, sample.clusters, plan, [LCC])
    assert difference.p_value == pytest.approx(theirs, abs=0.02)


def test_differences_are_paired():
    data = rated_pairs(90, n_metrics=3, seed=4)
    strata = {"all": np.ones(90, bool), "part": np.arange(90) < 45}
    plan = ResamplingPlan(200, ci_method="percentile", n_permutations=99)
    bootstraps = bootstrap_strata(data.human, data.scores, strata, data.clusters, plan)
    found = compare_metrics(data.human, data.scores, strata, data.clusters, plan)
    assert found == [d for one in bootstraps for d in differences_of(one, plan, paired_spreads(one))]
    assert len(found) == 2 * 3 * 4
    by_key = {(d.stratum, d.metric_a, d.metric_b, d.statistic): d for d in found}
    difference = by_key["part", "metric0", "metric2", "ktau"]
    values = bootstraps[1].resampled[:, 0, 2] - bootstraps[1].resampled[:, 2, 2]
    assert (difference.low, difference.high) == percentile_interval(values, 0.95)
    tau = [oracle.statistics(data.human[:45], data.scores[m][:45])[2] for m in ("metric0", "metric2")]
    assert difference.delta == pytest.approx(tau[0] - tau[1], abs=1e-12)


def test_a_metric_compared_with_itself_differs_by_nothing():
    data = rated_pairs(60, n_metrics=1)
    twins = {"one": data.scores["metric0"], "two": data.scores["metric0"]}
    everything = {"all": np.ones(60, bool)}
    for method in ("percentile", "bca"):
        plan = ResamplingPlan(99, ci_method=method, n_permutations=99)
        for difference in compare_metrics(data.human, twins, everything, data.clusters, plan):
            assert (difference.sim_low, difference.sim_high, difference.p_adjusted) == (0, 0, 1)
            assert difference.delta == 0
            assert difference.p_value == 1
            if method == "percentile":
                assert (difference.low, difference.high) == (0, 0)
            else:
                assert "BCa undefined" in difference.note


def test_metrics_without_an_estimate_have_no_difference():
    data = rated_pairs(60)
    scores = data.scores | {"flat": np.zeros(60)}
    everything, plan = {"all": np.ones(60, bool)}, ResamplingPlan(50, n_permutations=50)
    found = compare_metrics(data.human, scores, everything, data.clusters, plan, [SRCC])
    by_pair = {(d.metric_a, d.metric_b): d for d in found}
    missing = by_pair["metric0", "flat"]
    assert np.isnan([missing.delta, missing.low, missing.sim_low, missing.p_value, missing.p_adjusted]).all()
    assert missing.note == missing.sim_note == "no estimate for flat"
    only = by_pair["metric0", "metric1"]
    assert only.p_adjusted == only.p_value


def test_too_few_captions_are_not_tested():
    data = rated_pairs(60)
    two = {"two": data.clusters < 2}
    found = compare_metrics(data.human, data.scores, two, data.clusters, ResamplingPlan(50), [SRCC])[0]
    assert np.isfinite(found.delta)
    assert np.isnan([found.p_value, found.p_adjusted, found.sim_low, found.sim_high]).all()
    assert "2 clusters" in found.note
    assert "2 clusters" in found.sim_note


def test_differences_are_a_minus_b_with_the_plan_that_made_them():
    data = rated_pairs(60, n_metrics=2, seed=4)
    everything, plan = {"all": np.ones(60, bool)}, _BCA
    [bootstrap] = bootstrap_strata(data.human, data.scores, everything, data.clusters, plan)
    found = compare_metrics(data.human, data.scores, everything, data.clusters, plan, [LCC])[0]
    a, b = (oracle.statistics(data.human, row)[1] for row in data.scores.values())
    values, left_out = (block[:, 0, 1] - block[:, 1, 1] for block in (bootstrap.resampled, bootstrap.jackknife))
    assert found.delta == pytest.approx(a - b, abs=1e-12)
    assert (found.low, found.high) == bca_interval(found.delta, values, left_out, 0.9)[:2]
    assert (found.n_resamples, found.n_permutations, found.seed, found.confidence_level) == (60, 30, 3, 0.9)
    assert (found.n_pairs, found.n_clusters, found.ci_method, found.resample_unit) == (60, 20, "bca", "caption")


def test_without_permutations_there_are_intervals_and_no_p_values():
    data = rated_pairs(60)
    everything, plan = {"all": np.ones(60, bool)}, ResamplingPlan(20, n_permutations=0)
    found = compare_metrics(data.human, data.scores, everything, data.clusters, plan)
    assert np.isnan([[d.p_value, d.p_adjusted] for d in found]).all()
    assert not any(d.is_shown or d.at_resolution for d in found)
    assert np.isfinite([[d.low, d.high] for d in found]).all()


def test_a_single_metric_is_compared_with_nothing():
    data = rated_pairs(60, n_metrics=1)
    everything = {"all": np.ones(60, bool)}
    assert compare_metrics(data.human, data.scores, everything, data.clusters, ResamplingPlan(20)) == []


def compared(data, plan, baselines=(), n_tables=1):
    [bootstrap] = bootstrap_strata(
        data.human, data.scores, {"all": np.ones(len(data.human), bool)}, data.clusters, plan
    )
    spreads = paired_spreads(bootstrap, baselines)
    return bootstrap, differences_of(bootstrap, plan, spreads, baselines=baselines, n_tables=n_tables)


def test_baselines_enlarge_no_family_but_their_own():
    """Three metrics, alone and with two baselines: nothing about the three changes."""
    plan = ResamplingPlan(99, n_permutations=199)
    data = rated_pairs(90, n_metrics=5, seed=3)
    alone = Simulated(data.human, {name: data.scores[name] for name in list(data.scores)[:3]}, data.clusters)
    _, with_baselines = compared(data, plan, baselines=("metric3", "metric4"))
    _, without = compared(alone, plan)
    assert [d for d in with_baselines if not d.with_baseline] == without
    beside = [d for d in with_baselines if d.with_baseline]
    assert len(beside) == 7 * 4
    assert all({d.metric_a, d.metric_b} & {"metric3", "metric4"} for d in beside)
    assert all(d.p_adjusted >= d.p_value for d in beside)
    assert any(d.p_adjusted > d.p_value for d in beside)


def test_p_is_adjusted_within_one_statistic():
    data, plan = rated_pairs(60, n_metrics=3), ResamplingPlan(20, n_permutations=200)
    bootstrap, found = compared(data, plan)
    for statistic in STATISTICS:
        terms = contributions(statistic, bootstrap.sample, [(0, 1), (0, 2), (1, 2)])
        alone = permutation_tests(terms, [np.arange(3)], 0, "all", 200)
        assert [d.p_adjusted for d in found if d.statistic == statistic.id] == list(alone.p_adjusted)


def test_simultaneous_intervals_are_the_quantile_of_the_largest_t():
    data, plan = rated_pairs(60, n_metrics=3, seed=8), ResamplingPlan(199, ci_method="percentile", n_permutations=0)
    bootstrap, found = compared(data, plan)
    pairs = [(0, 1), (0, 2), (1, 2)]
    for s, statistic in enumerate(STATISTICS):
        differences = np.array([bootstrap.resampled[:, a, s] - bootstrap.resampled[:, b, s] for a, b in pairs])
        delta = np.array([bootstrap.estimates[a, s] - bootstrap.estimates[b, s] for a, b in pairs])
        error = differences.std(axis=1, ddof=1)
        largest = np.sort(np.max(np.abs(differences - delta[:, None]) / error[:, None], axis=0))
        ends = [(d.sim_low, d.sim_high) for d in found if d.statistic == statistic.id]
        expected = np.stack([delta - largest[189] * error, delta + largest[189] * error], axis=1)
        np.testing.assert_allclose(ends, expected, rtol=0, atol=1e-12)


def test_simultaneous_intervals_of_several_tables_share_the_level():
    """Three tables at 94 % together are one at 98 % each."""
    data = rated_pairs(60, n_metrics=3, seed=8)
    _, together = compared(data, ResamplingPlan(199, confidence_level=0.94, n_permutations=0), n_tables=3)
    _, alone = compared(data, ResamplingPlan(199, confidence_level=0.98, n_permutations=0))
    assert [(d.sim_low, d.sim_high) for d in together] == [(d.sim_low, d.sim_high) for d in alone]
    assert together[0].low > alone[0].low


def test_few_resamples_give_no_simultaneous_interval():
    data = rated_pairs(60)
    for n_resamples, has_interval in ((18, False), (19, True)):
        _, found = compared(data, ResamplingPlan(n_resamples, n_permutations=0))
        assert np.isfinite([d.sim_low for d in found]).all() == has_interval
        notes = {d.sim_note for d in found}
        assert notes == ({""} if has_interval else {"no simultaneous interval from 18 resamples"})


def test_a_p_value_at_the_level_is_shown_and_one_above_is_not():
    data = rated_pairs(60)
    one = compared(data, ResamplingPlan(20, n_permutations=9))[1][0]
    shown = [replace(one, p_adjusted=p).is_shown for p in (0.05, 0.0501, np.nan)]
    assert shown == [True, False, False]


def test_p_is_at_its_resolution_where_no_permutation_came_as_far():
    one = compared(rated_pairs(60), ResamplingPlan(20, n_permutations=99))[1][0]
    assert [replace(one, p_adjusted=p).at_resolution for p in (0.01, 0.02, np.nan)] == [True, False, False]


def test_eleven_metrics_at_999_resamples_are_told_apart():
    """Holm's first step would multiply 1 / 1,000 by 55, so that no p could be below .05."""
    data = rated_pairs(900, n_metrics=9, seed=6)
    rng = np.random.default_rng(1)
    scores = {**data.scores, "random": rng.random(900), "length": 1 - data.human + rng.normal(size=900)}
    plan = ResamplingPlan(999, n_permutations=999)
    _, found = compared(Simulated(data.human, scores, data.clusters), plan)
    from_best = {d.metric_b: d for d in found if (d.statistic, d.metric_a) == ("srcc", "metric0")}
    assert from_best["random"].p_adjusted == from_best["length"].p_adjusted == 0.001
    assert from_best["random"].at_resolution
    assert from_best["random"].sim_low > 0
    assert sum(d.is_shown for d in found if d.statistic == "srcc") > 30
