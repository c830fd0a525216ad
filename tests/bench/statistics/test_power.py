"""The detectable difference, and that a test at that difference has the power that it says."""

from __future__ import annotations

import numpy as np
import pytest

from bench.statistics.agreement import LCC
from bench.statistics.bootstrap import bootstrap_strata
from bench.statistics.max_t import critical_value, paired_spread, paired_spreads
from bench.statistics.power import detectable_differences
from bench.statistics.types import ResamplingPlan
from tests.bench.statistics.simulate import rated_pairs

PLAN = ResamplingPlan(n_resamples=400)


def found_in(data, plan=PLAN, baselines=(), statistics=(LCC,)):
    n = len(data.human)
    [bootstrap] = bootstrap_strata(data.human, data.scores, {"all": np.ones(n, bool)}, data.clusters, plan)
    spreads = paired_spreads(bootstrap, baselines)
    return bootstrap, detectable_differences(bootstrap, plan, spreads, statistics, baselines)


def test_the_detectable_difference_is_adjusted_for_its_family():
    bootstrap, found = found_in(rated_pairs(150, n_metrics=3))
    assert [(d.metric_a, d.metric_b) for d in found] == [
        ("metric0", "metric1"),
        ("metric0", "metric2"),
        ("metric1", "metric2"),
    ]
    expected = (bootstrap.resampled[:, 0, 1] - bootstrap.resampled[:, 2, 1]).std(ddof=1)
    maxima = paired_spread(bootstrap, LCC).maxima(with_baseline=False)
    c = critical_value(maxima, 0.95, "expanded", 50)
    assert 2.2 < c < 2.7
    assert found[1].standard_error == pytest.approx(expected)
    assert found[1].critical_value == c
    assert found[1].detectable == pytest.approx((c + 0.8416) * expected, rel=1e-4)


def test_two_metrics_need_about_2_8_standard_errors():
    _, [found] = found_in(rated_pairs(900), ResamplingPlan(4000))
    assert found.detectable / found.standard_error == pytest.approx(2.80, abs=0.1)


def test_a_baseline_costs_the_others_nothing():
    data = rated_pairs(150, n_metrics=3)
    _, found = found_in(data, baselines=("metric2",))
    del data.scores["metric2"]
    _, [alone] = found_in(data)
    assert found[0] == alone
    assert found[1].critical_value == found[2].critical_value != alone.critical_value


def test_more_pairs_detect_less():
    detectable = [found_in(rated_pairs(n))[1][0].detectable for n in (120, 480)]
    assert detectable[0] / detectable[1] == pytest.approx(2, rel=0.3)


def test_nothing_where_nothing_was_resampled():
    data = rated_pairs(150)
    [bootstrap] = bootstrap_strata(data.human, data.scores, {"few": data.clusters < 2}, data.clusters, PLAN)
    assert detectable_differences(bootstrap, PLAN, paired_spreads(bootstrap)) == []


def test_one_resample_has_no_spread_and_few_have_no_quantile():
    data = rated_pairs(30)
    for n_resamples, has_error, has_quantile in ((1, False, False), (2, True, False), (19, True, True)):
        [found] = found_in(data, ResamplingPlan(n_resamples))[1]
        assert np.isfinite(found.standard_error) == has_error
        assert np.isfinite(found.detectable) == has_quantile
        assert (found.power, found.level, found.n_clusters) == (0.8, 0.05, 10)
