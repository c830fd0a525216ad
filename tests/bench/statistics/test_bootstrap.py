"""Estimates and intervals: against scipy, for any number of threads, and where there is nothing to estimate."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from scipy import stats

from bench.statistics.bootstrap import bootstrap_strata, estimate_correlations
from bench.statistics.intervals import (
    analytic_interval,
    bca_interval,
    bootstrap_interval,
    expanded_interval,
    measured,
    percentile_interval,
)
from bench.statistics.resampling import (
    BLOCK,
    SCRATCH_BYTES,
    available_cores,
    bootstrap_sums,
    bootstrap_weights,
    layout,
    leave_out_statistics,
    run_blocks,
)
from bench.statistics.types import STATISTICS, ResamplingPlan
from bench.statistics.weighted import prepare
from metrics.errors import DataError
from tests.bench.statistics import oracle
from tests.bench.statistics.simulate import rated_pairs

PLAN = ResamplingPlan(n_resamples=150)
EVERYTHING = {"all": np.ones(120, bool)}


def some_pairs():
    data = rated_pairs(120, n_metrics=2, seed=3)
    return data.human, data.scores, data.clusters


def all_weights(plan, stratum, n_clusters):
    blocks = range(-(-plan.n_resamples // BLOCK))
    rows = [min(BLOCK, plan.n_resamples - block * BLOCK) for block in blocks]
    drawn = [
        w
        for block, n in zip(blocks, rows, strict=True)
        for w in bootstrap_weights(plan.seed, stratum, n_clusters, block, n)
    ]
    return np.concatenate(drawn, axis=1)


@pytest.mark.parametrize("unit", ["caption", "pair"])
@pytest.mark.parametrize("n_threads", [1, 2])
def test_equals_the_scipy_loop_resample_by_resample(unit, n_threads):
    human, scores, captions = some_pairs()
    plan = ResamplingPlan(n_resamples=150, unit=unit, seed=5)
    mask = np.arange(120) % 4 != 0
    [found] = bootstrap_strata(human, scores, {"part": mask}, captions, plan, n_threads)
    unit_of = np.unique(captions[mask] if unit == "caption" else np.arange(mask.sum()), return_inverse=True)[1]
    weights = all_weights(plan, "part", int(unit_of.max()) + 1)
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
    alone = estimate_correlations(human, one, {"half": strata["half"]}, captions, plan, ["ktau"])
    assert alone == [e for e in both if (e.metric, e.stratum, e.statistic) == ("metric1", "half", "ktau")]


def test_narrow_blocks_draw_the_same_resamples(monkeypatch):
    human, scores, captions = some_pairs()
    [wide] = bootstrap_strata(human, scores, EVERYTHING, captions, PLAN)
    monkeypatch.setattr("bench.statistics.resampling.SCRATCH_BYTES", 60_000)
    monkeypatch.setattr("bench.statistics.resampling.MAX_DRAWS", 100)
    [narrow] = bootstrap_strata(human, scores, EVERYTHING, captions, PLAN)
    np.testing.assert_array_equal(wide.resampled, narrow.resampled)


def test_seed_and_stratum_key_the_draws():
    first, again, other_seed, other_stratum = (
        np.concatenate(list(bootstrap_weights(seed, stratum, 50, 0, 8)))
        for seed, stratum in [(0, "all"), (0, "all"), (1, "all"), (0, "band=low")]
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other_seed).any()
    assert (first != other_stratum).any()


def test_resamples_draw_every_cluster_equally_often():
    weights = all_weights(ResamplingPlan(n_resamples=4000), "all", 20)
    assert (weights.sum(axis=0) == 20).all()
    # A count is binomial(20, 1/20); the mean over 4000 resamples has standard error 0.0154.
    np.testing.assert_allclose(weights.mean(axis=1), 1, atol=5 * 0.0154)
    assert weights.var() == pytest.approx(0.95, abs=0.02)


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


def test_jackknife_leaves_out_one_cluster_at_a_time():
    human, scores, captions = some_pairs()
    found = leave_out_statistics(prepare(human, np.stack(list(scores.values())), captions), np.arange(40))
    for m, row in enumerate(scores.values()):
        kept = [captions != c for c in range(40)]
        expected = [oracle.statistics(human[k], row[k]) for k in kept]
        np.testing.assert_allclose(found[:, m], expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("method", ["percentile", "BCa"])
@pytest.mark.parametrize("statistic", ["srcc", "mse"])
def test_intervals_equal_scipys_on_the_same_resamples(method, statistic):
    """scipy's own bootstrap, given our distribution through `bootstrap_result`, adds no resamples of its own."""
    rng = np.random.default_rng(8)
    human, scores = rng.random(40), rng.random(40)
    s = STATISTICS.index(statistic)

    def value(index):
        return oracle.statistics(human[index.astype(int)], scores[index.astype(int)])[s]

    options = {"vectorized": False, "confidence_level": 0.9, "method": method}
    theirs = stats.bootstrap((np.arange(40),), value, n_resamples=200, rng=np.random.default_rng(0), **options)
    again = stats.bootstrap((np.arange(40),), value, n_resamples=0, bootstrap_result=theirs, **options)
    jackknife = leave_out_statistics(prepare(human, scores[None], np.arange(40)), np.arange(40))[:, 0, s]
    estimate = float(value(np.arange(40)))
    ours = (
        percentile_interval(theirs.bootstrap_distribution, 0.9)
        if method == "percentile"
        else bca_interval(estimate, theirs.bootstrap_distribution, jackknife, 0.9)[:2]
    )
    np.testing.assert_allclose(ours, again.confidence_interval, rtol=0, atol=1e-10)


@pytest.mark.parametrize("n_clusters", [5, 40, 2000])
def test_expanded_interval_of_a_mean_is_students(n_clusters):
    """On a bootstrap distribution of known normal shape, the interval is the mean -/+ t s / sqrt(n)."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=n_clusters)
    spread = values.std() / np.sqrt(n_clusters)
    resampled = values.mean() + spread * stats.norm.ppf((np.arange(200_000) + 0.5) / 200_000)
    expected = stats.t.interval(0.95, n_clusters - 1, values.mean(), values.std(ddof=1) / np.sqrt(n_clusters))
    np.testing.assert_allclose(expanded_interval(resampled, 0.95, n_clusters), expected, rtol=1e-3)


def test_the_analytic_interval_of_lcc_is_scipys():
    rng = np.random.default_rng(0)
    human, scores = rng.random((2, 30))
    result = stats.pearsonr(human, scores)
    low, high, _ = analytic_interval("lcc", float(result.statistic), 30, 0.9)
    assert (low, high) == pytest.approx(tuple(result.confidence_interval(0.9)), abs=1e-12)


@pytest.mark.parametrize(("statistic", "variance"), [("srcc", 1.125 / 47), ("ktau", 0.437 / 46)])
def test_analytic_intervals_have_the_published_standard_error(statistic, variance):
    """Bonett & Wright 2000, for r = .5 and n = 50."""
    low, high, _ = analytic_interval(statistic, 0.5, 50, 0.95)
    for end, sign in ((low, -1), (high, 1)):
        assert np.arctanh(end) - np.arctanh(0.5) == pytest.approx(sign * 1.959964 * np.sqrt(variance), abs=1e-6)


@pytest.mark.parametrize(("statistic", "estimate", "n"), [("mse", 0.5, 50), ("srcc", 1.0, 50), ("ktau", 0.5, 4)])
def test_there_is_not_always_an_analytic_interval(statistic, estimate, n):
    assert np.isnan(analytic_interval(statistic, estimate, n, 0.95)[0])


def test_many_clusters_are_left_out_in_groups(monkeypatch):
    human, scores, captions = some_pairs()
    monkeypatch.setattr("bench.statistics.bootstrap.MAX_JACKKNIFE", 20)
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
    estimate = estimate_correlations(human, scores, {"two": captions < 2}, captions, PLAN)[0]
    assert np.isfinite(estimate.estimate)
    assert np.isnan(estimate.low)
    assert "2 clusters, fewer than 3" in estimate.note


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
    human = np.array([0.1, 0.2, 0.3, 0.4, 0.5])
    scores = {"m": np.array([0.0, 0.0, 0.0, 0.0, 1.0])}
    estimate = estimate_correlations(human, scores, {"all": np.ones(5, bool)}, np.arange(5), PLAN, ["srcc"])[0]
    n_without_the_last = (all_weights(PLAN, "all", 5)[4] % 5 == 0).sum()
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
        estimate = estimate_correlations(human, {"m": human}, everything, np.arange(30), plan, ["srcc"])[0]
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
    estimate = estimate_correlations(human, scores, EVERYTHING, captions, PLAN, ["lcc"])[0]
    assert "almost constant" in estimate.note


def test_draws_are_those_of_pcg64():
    """Spelt out with numpy: the same seed gives the same resamples wherever numpy is."""
    for block, n in ((0, BLOCK), (1, 5)):
        key = (zlib.crc32(b"bootstrap|band=low"), block)
        draws = np.random.Generator(np.random.PCG64(np.random.SeedSequence(11, spawn_key=key)))
        expected = [np.bincount(row, minlength=30) for row in draws.integers(0, 30, (n, 30), dtype=np.uint32)]
        [weights] = bootstrap_weights(11, "band=low", 30, block, n)
        np.testing.assert_array_equal(weights, np.transpose(expected))


@pytest.mark.parametrize("ci_method", ["percentile", "expanded", "bca"])
def test_records_hold_the_interval_of_their_own_cell(ci_method):
    human, scores, captions = some_pairs()
    plan = ResamplingPlan(n_resamples=400, ci_method=ci_method, confidence_level=0.8, seed=9)
    [one] = bootstrap_strata(human, scores, EVERYTHING, captions, plan)
    assert one.resampled.shape == (400, 2, 4)
    estimates = estimate_correlations(human, scores, EVERYTHING, captions, plan)
    keys = [(e.metric, e.statistic) for e in estimates]
    assert keys == [(metric, statistic) for metric in scores for statistic in STATISTICS]
    for e in estimates:
        m, s = list(scores).index(e.metric), STATISTICS.index(e.statistic)
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


def test_bca_counts_resamples_equal_to_the_estimate_half():
    """Symmetric around the estimate with many equal to it: no bias; a symmetric jackknife: no acceleration."""
    resampled = np.r_[np.full(30, 0.5), np.linspace(0, 0.4, 50), np.linspace(0.6, 1, 50)]
    low, high, reason = bca_interval(0.5, resampled, np.array([0.4, 0.5, 0.6]), 0.9)
    assert (low, high) == pytest.approx(percentile_interval(resampled, 0.9), abs=1e-12)
    assert reason == ""
    shifted = bca_interval(0.5 + 1e-13, resampled, np.array([0.4, 0.5, 0.6]), 0.9)
    assert shifted[:2] == pytest.approx((low, high), abs=1e-12)


def test_a_jackknife_of_equal_values_has_no_acceleration():
    low, _, reason = bca_interval(0.5, np.linspace(0, 1, 101), np.full(10, 0.5), 0.9)
    assert np.isnan(low)
    assert "BCa undefined" in reason


def test_half_of_the_resamples_may_be_undefined_and_no_more():
    for n_undefined, defined in ((50, True), (51, False)):
        values = np.r_[np.full(n_undefined, np.nan), np.linspace(0, 1, 100 - n_undefined)]
        low, high, remark = bootstrap_interval("percentile", 0.5, values, 0.9, n_clusters=5)
        assert np.isfinite([low, high]).all() == defined
        assert remark.startswith("50 of 100 resamples undefined" if defined else "undefined on 51 of 100")
    assert np.isnan(measured(0.5, values, 0.9).low)
    assert measured(0.5, values, 0.9).estimate == 0.5


@pytest.mark.parametrize("statistic", ["srcc", "lcc", "ktau"])
def test_five_pairs_have_an_analytic_interval_and_four_have_none(statistic):
    low, high, reason = analytic_interval(statistic, -0.3, 5, 0.9)
    assert low < -0.3 < high
    assert reason == ""
    assert analytic_interval(statistic, -0.3, 4, 0.9)[2] == "no analytic interval"
    assert analytic_interval(statistic, -1.0, 9, 0.9)[2] == "no analytic interval"


@pytest.mark.parametrize("bytes_per_lane", [1, 1000, 10**6, 2 * 10**7, 10**8, 10**9])
@pytest.mark.parametrize("n_threads", [1, 2, 16])
def test_the_layout_keeps_to_the_memory_and_works_with_little(bytes_per_lane, n_threads):
    threads, width = layout(bytes_per_lane, n_threads)
    assert 1 <= threads <= n_threads
    assert 1 <= width <= BLOCK
    assert BLOCK % width == 0
    in_use = threads * width * bytes_per_lane
    assert in_use <= SCRATCH_BYTES or (threads, width) == (1, 1)
    wider = 2 * in_use > SCRATCH_BYTES or width == BLOCK
    assert wider, "memory is left for lanes twice as wide"


def test_small_samples_use_every_core_that_is_given():
    assert layout(1000, 16) == (16, BLOCK)
    assert layout(1000, None) == (available_cores(), BLOCK)


@pytest.mark.parametrize("n_threads", [1, 3])
def test_every_block_is_computed_once_and_errors_come_through(n_threads):
    done = []
    run_blocks(done.append, 7, n_threads)
    assert sorted(done) == list(range(7))
    with pytest.raises(ZeroDivisionError):
        run_blocks(lambda block: 1 // (block - 2), 4, n_threads)


def test_every_group_is_left_out_in_turn_also_in_narrow_blocks(monkeypatch):
    human, scores, captions = some_pairs()
    sample = prepare(human, np.stack(list(scores.values())), captions)
    group = np.arange(40) % 13
    wide = leave_out_statistics(sample, group)
    assert wide.shape == (13, 2, 4)
    for k in (0, 5, 12):
        kept = group[captions] != k
        expected = oracle.statistics(human[kept], scores["metric1"][kept])
        np.testing.assert_allclose(wide[k, 1], expected, rtol=0, atol=1e-10)
    monkeypatch.setattr("bench.statistics.resampling.SCRATCH_BYTES", 5 * sample.bytes_per_lane())
    np.testing.assert_array_equal(leave_out_statistics(sample, group), wide)


def test_sums_are_of_the_drawn_clusters():
    totals = np.random.default_rng(0).normal(size=(40, 3))
    weights = all_weights(ResamplingPlan(BLOCK + 9, seed=2), "all", 40)
    found = bootstrap_sums(totals, 2, "all", BLOCK + 9)
    np.testing.assert_allclose(found, weights.T @ totals, rtol=0, atol=1e-12)


def test_groups_of_clusters_are_drawn_by_chance_and_of_equal_size(monkeypatch):
    human, scores, captions = some_pairs()
    monkeypatch.setattr("bench.statistics.bootstrap.MAX_JACKKNIFE", 20)
    groups = []
    monkeypatch.setattr(
        "bench.statistics.bootstrap.leave_out_statistics",
        lambda sample, group, n_threads: groups.append(group) or leave_out_statistics(sample, group, n_threads),
    )
    bootstrap_strata(human, scores, EVERYTHING, captions, ResamplingPlan(5, ci_method="bca"))
    bootstrap_strata(human, scores, {"half": captions < 20}, captions, ResamplingPlan(5, ci_method="bca"))
    assert (np.bincount(groups[0]) == 2).all()
    assert (groups[0] != np.arange(40) % 20).any()
    np.testing.assert_array_equal(groups[1], np.arange(20))


def test_three_pairs_and_three_captions_are_enough():
    human, scores = np.array([0.1, 0.5, 0.9]), {"m": np.array([0.3, 0.2, 0.9])}
    [found] = estimate_correlations(human, scores, {"all": np.ones(3, bool)}, np.arange(3), PLAN, ["lcc"])
    assert found.estimate == pytest.approx(stats.pearsonr(human, scores["m"]).statistic)
    assert found.low < found.high


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
