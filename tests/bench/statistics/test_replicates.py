"""Every quantity is resampled alike: the same draws, and leave-one-out values wherever BCa was asked for."""

from __future__ import annotations

import numpy as np
import pytest

from bench.statistics.replicates import jackknife_groups, replicate, replicate_sums
from bench.statistics.resampling import bootstrap_weights
from bench.statistics.types import ResamplingPlan

TOTALS = np.random.default_rng(0).random((9, 3))


def weighted_sums(weights):
    return weights.T.astype(float) @ TOTALS


@pytest.mark.parametrize("ci_method", ["percentile", "expanded", "bca"])
def test_sums_and_any_function_of_the_weights_are_resampled_alike(ci_method):
    plan = ResamplingPlan(300, ci_method=ci_method, seed=2)
    sums = replicate_sums(TOTALS, plan, "part")
    general = replicate(weighted_sums, (3,), plan, "part", 9, bytes_per_lane=100)
    [weights] = bootstrap_weights(2, "part", 9, 0, 256)
    np.testing.assert_allclose(sums.resampled[:256], weighted_sums(weights), rtol=0, atol=1e-12)
    np.testing.assert_allclose(general.resampled, sums.resampled, rtol=0, atol=1e-12)
    if ci_method != "bca":
        assert sums.jackknife is None
        assert general.jackknife is None
        return
    left_out = np.array([np.delete(TOTALS, c, axis=0).sum(axis=0) for c in range(9)])
    np.testing.assert_allclose(sums.jackknife, left_out, rtol=0, atol=1e-12)
    np.testing.assert_allclose(general.jackknife, left_out, rtol=0, atol=1e-12)


def test_mapping_indexing_and_dividing_treat_both_alike():
    found = replicate_sums(TOTALS, ResamplingPlan(20, ci_method="bca"), "part")
    ratio = found[1].divided_by(found[0])
    mapped = found.map(lambda sums: sums[:, 1] / sums[:, 0])
    np.testing.assert_array_equal(ratio.resampled, mapped.resampled)
    np.testing.assert_array_equal(ratio.jackknife, mapped.jackknife)


def test_many_clusters_are_left_out_in_groups_of_equal_size(monkeypatch):
    assert (jackknife_groups(0, "part", 40) == np.arange(40)).all()
    monkeypatch.setattr("bench.statistics.replicates.MAX_JACKKNIFE", 20)
    group = jackknife_groups(0, "part", 40)
    assert (np.bincount(group) == 2).all()
    assert (group != np.arange(40) % 20).any()
    assert (group != jackknife_groups(0, "other", 40)).any()


def test_values_that_rest_on_too_few_clusters_have_no_interval_and_say_why():
    plan = ResamplingPlan(50)
    one = replicate_sums(TOTALS, plan, "part")[0]
    found = one.measured(1.0, plan, n_clusters=5)
    assert np.isnan([found.low, found.high]).all()
    assert found.note == "no interval: 5 captions, fewer than 6"
    assert one.measured(1.0, plan, n_clusters=6).note == ""
    assert np.isnan(one.measured(np.nan, plan, n_clusters=9).low)
