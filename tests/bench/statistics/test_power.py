"""The detectable difference, and that a test at that difference has the power that it says."""

from __future__ import annotations

import numpy as np
import pytest

from bench.statistics.agreement import LCC
from bench.statistics.bootstrap import bootstrap_strata
from bench.statistics.power import detectable_differences
from bench.statistics.types import ResamplingPlan
from tests.bench.statistics.simulate import rated_pairs

PLAN = ResamplingPlan(n_resamples=400)


def test_the_detectable_difference_is_2_8_standard_errors():
    data = rated_pairs(150, n_metrics=3)
    [bootstrap] = bootstrap_strata(data.human, data.scores, {"all": np.ones(150, bool)}, data.clusters, PLAN)
    found = detectable_differences(bootstrap, [LCC])
    assert [(d.metric_a, d.metric_b) for d in found] == [
        ("metric0", "metric1"),
        ("metric0", "metric2"),
        ("metric1", "metric2"),
    ]
    expected = (bootstrap.resampled[:, 0, 1] - bootstrap.resampled[:, 2, 1]).std(ddof=1)
    assert found[1].standard_error == pytest.approx(expected)
    assert found[1].detectable == pytest.approx(2.8016 * expected, rel=1e-4)


def test_more_pairs_detect_less():
    detectable = []
    for n in (120, 480):
        data = rated_pairs(n)
        [bootstrap] = bootstrap_strata(data.human, data.scores, {"all": np.ones(n, bool)}, data.clusters, PLAN)
        detectable.append(detectable_differences(bootstrap)[0].detectable)
    assert detectable[0] / detectable[1] == pytest.approx(2, rel=0.3)


def test_nothing_where_nothing_was_resampled():
    data = rated_pairs(150)
    [bootstrap] = bootstrap_strata(data.human, data.scores, {"few": data.clusters < 2}, data.clusters, PLAN)
    assert detectable_differences(bootstrap) == []


def test_one_resample_has_no_spread():
    data = rated_pairs(30)
    for n_resamples, defined in ((1, False), (2, True)):
        plan = ResamplingPlan(n_resamples)
        [bootstrap] = bootstrap_strata(data.human, data.scores, {"all": np.ones(30, bool)}, data.clusters, plan)
        [found] = detectable_differences(bootstrap)
        assert np.isfinite(found.standard_error) == defined
        assert (found.power, found.level, found.n_clusters) == (0.8, 0.05, 10)
