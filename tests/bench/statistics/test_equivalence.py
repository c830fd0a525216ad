"""Two one-sided tests: the interval at 1 - 2 alpha, their level at the edge of the margin, and what has no answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from bench.statistics.agreement import SRCC
from bench.statistics.bootstrap import bootstrap_strata
from bench.statistics.comparison import differences_of
from bench.statistics.equivalence import equivalences_of
from bench.statistics.max_t import paired_spreads
from bench.statistics.types import ResamplingPlan
from tests.bench.statistics.simulate import rated_pairs

PLAN = ResamplingPlan(399)


def bootstrapped(n_pairs: int = 150, n_metrics: int = 3, seed: int = 0, plan: ResamplingPlan = PLAN):
    data = rated_pairs(n_pairs, n_metrics, seed)
    [found] = bootstrap_strata(data.human, data.scores, {"all": np.ones(n_pairs, bool)}, data.clusters, plan, 1)
    return found


@pytest.mark.parametrize("method", ["expanded", "percentile", "bca"])
def test_intervals_are_those_of_differences_at_90_per_cent(method: str) -> None:
    plan = replace(PLAN, ci_method=method)
    bootstrap = bootstrapped(plan=plan)
    narrow = replace(plan, confidence_level=0.9, n_permutations=0)
    wanted = differences_of(bootstrap, narrow, paired_spreads(bootstrap), [SRCC])
    found = equivalences_of(bootstrap, plan, 0.1, [])
    assert [(e.metric_a, e.metric_b, e.delta, e.low, e.high) for e in found] == [
        (d.metric_a, d.metric_b, d.delta, d.low, d.high) for d in wanted
    ]
    assert {(e.confidence_level, e.ci_method, e.margin, e.statistic) for e in found} == {(0.9, method, 0.1, "srcc")}


def test_a_quantised_copy_is_equivalent_and_a_worse_metric_is_different() -> None:
    data = rated_pairs(600, 2)
    data.scores["copy"] = data.scores["metric0"].round(2)
    everything = {"all": np.ones(600, bool)}
    [bootstrap] = bootstrap_strata(data.human, data.scores, everything, data.clusters, PLAN)
    shown = [("metric1", "metric0"), ("metric1", "copy")]
    found = {(e.metric_a, e.metric_b): e for e in equivalences_of(bootstrap, PLAN, 0.03, shown)}
    assert found["metric0", "copy"].equivalent
    assert not found["metric0", "copy"].different
    assert not found["metric0", "metric1"].equivalent
    assert found["metric0", "metric1"].different
    assert found["metric0", "metric1"].low > 0.03
    wide = equivalences_of(bootstrap, PLAN, 1.0, shown)
    assert all(e.equivalent for e in wide)
    assert len(equivalences_of(bootstrap, PLAN, 0.03, shown, left_out=["copy"])) == 1


def test_at_the_edge_of_the_margin_one_of_twenty_is_called_equivalent() -> None:
    large = rated_pairs(300_000, 2, 99)
    srcc = [stats.spearmanr(large.human, row).statistic for row in large.scores.values()]
    margin, wrong, plan = srcc[0] - srcc[1], 0, ResamplingPlan(199)
    for seed in range(200):
        [found] = equivalences_of(bootstrapped(180, 2, 1 + seed, plan), plan, margin, [])
        wrong += found.equivalent
    assert 0.01 <= wrong / 200 <= 0.1


def test_no_interval_no_equivalence() -> None:
    data = rated_pairs(30, 2)
    data.scores["flat"] = np.full(30, 0.5)
    masks = {"all": np.ones(30, bool), "few": data.clusters < 2}
    for bootstrap in bootstrap_strata(data.human, data.scores, masks, data.clusters, PLAN):
        for one in equivalences_of(bootstrap, PLAN, 2.0, []):
            defined = bootstrap.sample.stratum == "all" and one.metric_b != "flat"
            assert one.equivalent == defined
            assert bool(one.note) != defined
    assert equivalences_of(bootstrapped(n_metrics=1), PLAN, 0.1, []) == []
