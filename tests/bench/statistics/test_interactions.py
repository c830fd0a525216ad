"""Differences of differences: against a plain loop, planted, simultaneous coverage, and what cannot be computed."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bench.statistics.interactions import interactions
from bench.statistics.resampling import bootstrap_weights
from bench.statistics.types import ResamplingPlan
from tests.bench.statistics.simulate import rated_pairs

PLAN = ResamplingPlan(299)


def two_sources(n_pairs: int = 240, n_metrics: int = 3, seed: int = 0, blind: bool = False):
    """Every caption has a natural clip and two generated ones; ``blind``: the first metric hears nothing in these."""
    data = rated_pairs(n_pairs, n_metrics, seed)
    natural = np.arange(n_pairs) % 3 == 0
    if blind:
        noise = np.random.default_rng(seed).normal(0, 0.1, n_pairs)
        data.scores["metric0"][~natural] = 0.4 + noise[~natural]
    return data, {"natural": natural, "generated": ~natural}


def test_every_resample_equals_scipy_on_one_draw_of_captions() -> None:
    data, strata = two_sources(60)
    plan = ResamplingPlan(50, ci_method="percentile", seed=4)
    found = interactions(data.human, data.scores, strata, data.clusters, plan)
    [weights] = bootstrap_weights(4, "natural|generated", 20, 0, 50)
    rows = list(data.scores.values())

    def lead(i: np.ndarray, a: int, b: int) -> float:
        return (
            stats.spearmanr(rows[a][i], data.human[i]).statistic - stats.spearmanr(rows[b][i], data.human[i]).statistic
        )

    assert [(f.metric_a, f.metric_b) for f in found] == [
        ("metric0", "metric1"), ("metric0", "metric2"), ("metric1", "metric2"),
    ]  # fmt: skip
    for record, (a, b) in zip(found, ((0, 1), (0, 2), (1, 2)), strict=True):
        values = []
        for column in (np.ones(20, int), *weights.T):
            drawn = np.repeat(np.arange(60), column[data.clusters])
            parts = [drawn[mask[drawn]] for mask in strata.values()]
            values.append(lead(parts[0], a, b) - lead(parts[1], a, b))
        assert record.difference.estimate == pytest.approx(values[0], abs=1e-12)
        expected = tuple(np.quantile(values[1:], [0.025, 0.975]))
        assert (record.difference.low, record.difference.high) == pytest.approx(expected, abs=1e-10)
        assert (record.stratum_a, record.stratum_b, record.statistic) == ("natural", "generated", "srcc")


def test_a_metric_that_is_blind_to_generated_clips_is_found_and_others_are_not() -> None:
    data, strata = two_sources(720, blind=True)
    blind, also, even = interactions(data.human, data.scores, strata, data.clusters, PLAN)
    assert blind.p_adjusted <= also.p_adjusted <= 0.01
    assert blind.sim_low > 0.1
    assert blind.sim_low < blind.difference.low < blind.difference.estimate < blind.difference.high < blind.sim_high
    assert even.p_adjusted > 0.05
    assert even.sim_low < 0 < even.sim_high


def test_fewer_than_nineteen_resamples_have_p_and_no_interval() -> None:
    data, strata = two_sources(60)
    found = interactions(data.human, data.scores, strata, data.clusters, ResamplingPlan(18))
    assert all(np.isnan(f.sim_low) and np.isnan(f.sim_high) and f.p_adjusted > 0.05 for f in found)


@pytest.mark.slow
def test_even_metrics_are_called_uneven_in_one_of_twenty_data_sets() -> None:
    """Three exchangeable sources and four metrics; captions in common. 200 data sets: 5 ± 4 %."""
    wrong = 0
    for seed in range(200):
        data = rated_pairs(120, 4, 1000 + seed)
        source = np.random.default_rng(seed).permuted(np.tile(np.arange(3), (40, 1)), axis=1).ravel()
        strata = {f"s{k}": source == k for k in range(3)}
        found = interactions(data.human, data.scores, strata, data.clusters, ResamplingPlan(119), n_threads=1)
        assert len(found) == 18
        wrong += min(f.p_adjusted for f in found) <= 0.05
    assert 0.01 <= wrong / 200 <= 0.09


def test_what_cannot_be_computed_says_why_and_takes_no_part() -> None:
    data, strata = two_sources(60)
    data.scores["metric1"][strata["natural"]] = 0.5
    found = {(f.metric_a, f.metric_b): f for f in interactions(data.human, data.scores, strata, data.clusters, PLAN)}
    lost = found["metric0", "metric1"]
    assert lost.note == "no estimate for metric1 in natural"
    assert np.isnan([lost.difference.estimate, lost.difference.low, lost.sim_low, lost.p_adjusted]).all()
    alone = {name: row for name, row in data.scores.items() if name != "metric1"}
    [kept] = interactions(data.human, alone, strata, data.clusters, PLAN)
    assert kept == found["metric0", "metric2"]


def test_nothing_to_compare() -> None:
    data, strata = two_sources(60)
    rest = (data.clusters, PLAN)
    assert interactions(data.human, {"metric0": data.scores["metric0"]}, strata, *rest) == []
    assert interactions(data.human, data.scores, {"natural": strata["natural"]}, *rest) == []
    empty = {**strata, "none": np.zeros(60, bool)}
    assert len(interactions(data.human, data.scores, empty, *rest)) == 3
    few = {"natural": strata["natural"] & (data.clusters < 2), "generated": strata["generated"]}
    for record in interactions(data.human, data.scores, few, *rest):
        assert np.isnan(record.difference.low)
        assert np.isnan(record.p_adjusted)


def test_threads_and_pairs_as_units_change_what_they_should() -> None:
    data, strata = two_sources(120)
    by_thread = [interactions(data.human, data.scores, strata, data.clusters, PLAN, n) for n in (1, 2)]
    assert by_thread[0] == by_thread[1]
    pairs = ResamplingPlan(299, unit="pair")
    [first, *_] = interactions(data.human, data.scores, strata, data.clusters, pairs)
    assert first.difference.estimate == by_thread[0][0].difference.estimate
    assert first.difference.low != by_thread[0][0].difference.low
