"""Differences, permutation p-values, Holm and rank clusters: against brute force and other software."""

from __future__ import annotations

import itertools
import json
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from bench.statistics.agreement import KTAU, LCC, MSE, SRCC, STATISTICS
from bench.statistics.bootstrap import bootstrap_strata
from bench.statistics.comparison import compare_metrics, differences_of, holm, rank_clusters
from bench.statistics.intervals import bca_interval, percentile_interval
from bench.statistics.permutation import permutation_p_value, swap_bits, swapped_differences
from bench.statistics.resampling import BLOCK
from bench.statistics.sample import StratumSample
from bench.statistics.types import ResamplingPlan
from tests.bench.statistics import oracle
from tests.bench.statistics.estimates import estimate_correlations
from tests.bench.statistics.simulate import rated_pairs

GOLDEN = json.loads((Path(__file__).parents[2] / "golden" / "statistics" / "parity.json").read_text())


def brute_force(human, a, b, swapped):
    """The four differences for one swap, each on its own scale, by scipy."""
    both = [
        (stats.rankdata(a), stats.rankdata(b)),
        (stats.zscore(a), stats.zscore(b)),
        (stats.rankdata(a), stats.rankdata(b)),
        (a, b),
    ]
    return [
        oracle.statistics(human, np.where(swapped, y, x))[s] - oracle.statistics(human, np.where(swapped, x, y))[s]
        for s, (x, y) in enumerate(both)
    ]


def sample_of(data, metrics=("metric0", "metric1"), decimals=12, stratum="all"):
    scores = np.stack([data.scores[m].round(decimals) for m in metrics])
    return StratumSample(stratum, tuple(metrics), data.human, scores, data.clusters)


def golden_sample(unit):
    human, a, b = (np.array(GOLDEN["data"][name]) for name in ("human", "a", "b"))
    captions = np.broadcast_to(np.arange(human.shape[1]), human.shape).ravel()
    clusters = captions.copy() if unit == "caption" else np.arange(human.size)
    return StratumSample("all", ("a", "b"), human.ravel(), np.stack([a.ravel(), b.ravel()]), clusters)


@pytest.mark.parametrize("decimals", [12, 1])
@pytest.mark.parametrize("n_threads", [1, 2])
def test_permutations_equal_brute_force(decimals, n_threads):
    sample = sample_of(rated_pairs(60, seed=2), decimals=decimals)
    permuted = swapped_differences(sample, [(0, 1)], 7, 100, n_threads)[:, 0]
    swaps = np.concatenate([swap_bits(7, "all", 20, block) for block in (0, 1)], axis=1)
    for r in (0, 1, 63, 64, 99):
        swapped = swaps[sample.clusters, r] == 1
        expected = brute_force(sample.human, *sample.scores, swapped)
        np.testing.assert_allclose(permuted[r], expected, rtol=0, atol=1e-10)


@pytest.mark.slow
def test_p_value_approaches_the_exact_one():
    """Eight captions have 256 possible swaps: all of them, against 20,000 drawn ones."""
    sample = sample_of(rated_pairs(24, seed=11))
    observed = np.array(brute_force(sample.human, *sample.scores, np.zeros(24, bool)))
    exact = np.array(
        [
            brute_force(sample.human, *sample.scores, np.array(swaps)[sample.clusters])
            for swaps in itertools.product([False, True], repeat=8)
        ]
    )
    permuted = swapped_differences(sample, [(0, 1)], 0, 20_000)[:, 0]
    for s in range(4):
        p_exact = np.mean(np.abs(exact[:, s]) >= abs(observed[s]) - 1e-12)
        p = permutation_p_value(float(observed[s]), permuted[:, s])
        assert p == pytest.approx(p_exact, abs=5 * np.sqrt(p_exact * (1 - p_exact) / 20_000) + 1e-4)


def test_p_value_counts_the_observed_arrangement_and_what_is_undefined():
    assert permutation_p_value(0.3, np.array([0.1, -0.3, 0.2])) == 2 / 4
    assert permutation_p_value(0.3, np.array([0.1, np.nan, 0.2])) == 2 / 4
    assert permutation_p_value(5.0, np.zeros(9999)) == 1e-4


@pytest.mark.parametrize("statistic", [SRCC, LCC, KTAU], ids=lambda statistic: statistic.id)
def test_caption_swaps_agree_with_nlpstats(statistic):
    sample, s = golden_sample("caption"), STATISTICS.index(statistic)
    theirs = GOLDEN["nlpstats_caption_swaps"][statistic.id]
    permuted = swapped_differences(sample, [(0, 1)], 0, 20_000)[:, 0, s]
    observed = [oracle.statistics(sample.human, row)[s] for row in sample.scores]
    ours = permutation_p_value(float(observed[0] - observed[1]), permuted)
    assert 0.01 < theirs < 0.5
    assert ours == pytest.approx(theirs, abs=4 * np.sqrt(2 * theirs * (1 - theirs) / 20_000))


def test_pair_swaps_agree_with_mt_metrics_eval():
    sample = golden_sample("pair")
    theirs = 2 * GOLDEN["mt_metrics_eval_pair_swaps_one_sided"]
    everything = {"all": np.ones(sample.n_pairs, bool)}
    scores = dict(zip(sample.metrics, sample.scores, strict=True))
    plan = ResamplingPlan(99, unit="pair")
    [difference] = compare_metrics(sample.human, scores, everything, sample.clusters, plan, [LCC], 20_000)
    assert difference.p_value == pytest.approx(theirs, abs=4 * np.sqrt(3 * theirs * (1 - theirs) / 20_000))


def test_differences_are_paired():
    data = rated_pairs(90, n_metrics=3, seed=4)
    strata = {"all": np.ones(90, bool), "part": np.arange(90) < 45}
    plan = ResamplingPlan(200, ci_method="percentile")
    bootstraps = bootstrap_strata(data.human, data.scores, strata, data.clusters, plan)
    found = compare_metrics(data.human, data.scores, strata, data.clusters, plan, n_permutations=99)
    assert found == [d for one in bootstraps for d in differences_of(one, plan, n_permutations=99)]
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
        plan = ResamplingPlan(99, ci_method=method)
        for difference in compare_metrics(data.human, twins, everything, data.clusters, plan, n_permutations=99):
            assert difference.delta == 0
            assert difference.p_value == 1
            if method == "percentile":
                assert (difference.low, difference.high) == (0, 0)
            else:
                assert "BCa undefined" in difference.note


def test_metrics_without_an_estimate_have_no_difference():
    data = rated_pairs(60)
    scores = data.scores | {"flat": np.zeros(60)}
    everything = {"all": np.ones(60, bool)}
    found = compare_metrics(data.human, scores, everything, data.clusters, ResamplingPlan(50), [SRCC], 50)
    by_pair = {(d.metric_a, d.metric_b): d for d in found}
    missing = by_pair["metric0", "flat"]
    assert np.isnan([missing.delta, missing.low, missing.p_value, missing.p_holm]).all()
    assert missing.note == "no estimate for flat"
    only = by_pair["metric0", "metric1"]
    assert only.p_holm == only.p_value


def test_too_few_captions_are_not_tested():
    data = rated_pairs(60)
    two = {"two": data.clusters < 2}
    found = compare_metrics(data.human, data.scores, two, data.clusters, ResamplingPlan(50), [SRCC], 50)[0]
    assert np.isfinite(found.delta)
    assert np.isnan(found.p_value)
    assert "2 clusters" in found.note


def test_holm_equals_the_textbook():
    # Holm 1979 by hand: sorted p .01 .02 .03 .04 times 4, 3, 2, 1, then never falling.
    np.testing.assert_allclose(holm(np.array([0.03, 0.01, np.nan, 0.04, 0.02])), [0.06, 0.04, np.nan, 0.06, 0.06])
    np.testing.assert_allclose(holm(np.array([0.6, 0.7])), [1, 1])


def test_rank_clusters_open_where_a_difference_is_shown():
    data = rated_pairs(60, n_metrics=4)
    everything = {"all": np.ones(60, bool)}
    plan = ResamplingPlan(20)
    estimates = estimate_correlations(data.human, data.scores, everything, data.clusters, plan, [SRCC, MSE])
    differences = compare_metrics(data.human, data.scores, everything, data.clusters, plan, [SRCC, MSE], 20)
    values = {("srcc", m): v for m, v in zip(data.scores, [0.5, 0.6, 0.4, np.nan], strict=True)}
    values |= {("mse", m): v for m, v in zip(data.scores, [0.5, 0.6, 0.4, 0.7], strict=True)}
    estimates = [replace(e, estimate=values[e.statistic, e.metric]) for e in estimates]
    shown = {("srcc", "metric1", "metric2"), ("mse", "metric0", "metric2"), ("mse", "metric1", "metric3")}
    differences = [
        replace(d, p_holm=0.04 if (d.statistic, d.metric_a, d.metric_b) in shown else 1.0) for d in differences
    ]
    found = [(c.statistic, c.metric, c.cluster) for c in rank_clusters(estimates, differences)]
    assert found == [
        ("srcc", "metric1", 1),
        ("srcc", "metric0", 1),
        ("srcc", "metric2", 2),
        ("mse", "metric2", 1),
        ("mse", "metric0", 2),
        ("mse", "metric1", 2),
        ("mse", "metric3", 3),
    ]


def test_permutations_do_not_depend_on_blocks(monkeypatch):
    sample = sample_of(rated_pairs(60, n_metrics=3, seed=2), metrics=("metric0", "metric1", "metric2"))
    pairs, n = [(0, 1), (2, 0)], BLOCK + 20
    wide = swapped_differences(sample, pairs, 7, n, 1)
    assert wide.shape == (n, 2, 4)
    monkeypatch.setattr("bench.statistics.resampling.SCRATCH_BYTES", 200_000)
    np.testing.assert_array_equal(swapped_differences(sample, pairs, 7, n, 2), wide)
    np.testing.assert_array_equal(swapped_differences(sample, pairs[1:], 7, n, 2), wide[:, 1:])
    swapped = swap_bits(7, "all", 20, 1)[sample.clusters, 15] == 1
    expected = brute_force(sample.human, sample.scores[2], sample.scores[0], swapped)
    np.testing.assert_allclose(wide[BLOCK + 15, 1], expected, rtol=0, atol=1e-10)


def test_half_of_the_clusters_are_swapped_by_numpys_pcg64():
    key = (zlib.crc32(b"permutation|all"), 3)
    draw = np.random.Generator(np.random.PCG64(np.random.SeedSequence(5, spawn_key=key)))
    expected = draw.integers(0, 2, (BLOCK, 10), dtype=np.uint8).T
    np.testing.assert_array_equal(swap_bits(5, "all", 10, 3), expected)


def test_p_values_of_a_difference_equal_up_to_rounding_count_as_reached():
    assert permutation_p_value(0.3, np.array([0.3 - 1e-14, 0.3 - 1e-9])) == 2 / 3
    assert permutation_p_value(-0.3, np.array([0.31, 0.2])) == 2 / 3


def test_differences_are_a_minus_b_with_the_plan_that_made_them():
    data = rated_pairs(60, n_metrics=2, seed=4)
    everything, plan = {"all": np.ones(60, bool)}, ResamplingPlan(60, seed=3, ci_method="bca", confidence_level=0.9)
    [bootstrap] = bootstrap_strata(data.human, data.scores, everything, data.clusters, plan)
    found = compare_metrics(data.human, data.scores, everything, data.clusters, plan, [LCC], 30)[0]
    a, b = (oracle.statistics(data.human, row)[1] for row in data.scores.values())
    values, left_out = (block[:, 0, 1] - block[:, 1, 1] for block in (bootstrap.resampled, bootstrap.jackknife))
    assert found.delta == pytest.approx(a - b, abs=1e-12)
    assert (found.low, found.high) == bca_interval(found.delta, values, left_out, 0.9)[:2]
    assert (found.n_resamples, found.n_permutations, found.seed, found.confidence_level) == (60, 30, 3, 0.9)
    assert (found.n_pairs, found.n_clusters, found.ci_method, found.resample_unit) == (60, 20, "bca", "caption")


def test_without_permutations_there_are_intervals_and_no_p_values():
    data = rated_pairs(60)
    everything = {"all": np.ones(60, bool)}
    found = compare_metrics(data.human, data.scores, everything, data.clusters, ResamplingPlan(20), n_permutations=0)
    assert np.isnan([[d.p_value, d.p_holm] for d in found]).all()
    assert np.isfinite([[d.low, d.high] for d in found]).all()


def test_a_single_metric_is_compared_with_nothing():
    data = rated_pairs(60, n_metrics=1)
    everything = {"all": np.ones(60, bool)}
    assert compare_metrics(data.human, data.scores, everything, data.clusters, ResamplingPlan(20)) == []


def test_holm_adjusts_within_one_statistic():
    data = rated_pairs(60, n_metrics=3)
    everything = {"all": np.ones(60, bool)}
    found = compare_metrics(data.human, data.scores, everything, data.clusters, ResamplingPlan(20), n_permutations=200)
    for statistic in STATISTICS:
        table = [d for d in found if d.statistic == statistic.id]
        assert [d.p_holm for d in table] == list(holm(np.array([d.p_value for d in table])))


def test_a_p_value_at_the_level_opens_a_cluster_and_one_above_does_not():
    data = rated_pairs(60)
    everything = {"all": np.ones(60, bool)}
    estimates = estimate_correlations(data.human, data.scores, everything, data.clusters, ResamplingPlan(20), [LCC])
    [one] = compare_metrics(data.human, data.scores, everything, data.clusters, ResamplingPlan(20), [LCC], 9)
    for p, n_clusters in ((0.05, 2), (0.0501, 1), (np.nan, 1)):
        assert len({c.cluster for c in rank_clusters(estimates, [replace(one, p_holm=p)])}) == n_clusters


def test_9999_permutations_are_made_unless_told_otherwise():
    data = rated_pairs(24)
    everything, plan = {"all": np.ones(24, bool)}, ResamplingPlan(20)
    [bootstrap] = bootstrap_strata(data.human, data.scores, everything, data.clusters, plan)
    found = [
        *compare_metrics(data.human, data.scores, everything, data.clusters, plan),
        *differences_of(bootstrap, plan),
    ]
    assert {difference.n_permutations for difference in found} == {9999}
