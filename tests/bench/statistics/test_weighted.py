"""The kernels against the plain scipy loop, resample by resample."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.statistics.weighted import MAX_FEW, MAX_TREE_LEVELS, prepare, weighted_statistics
from tests.bench.statistics import oracle


@st.composite
def samples(draw):
    """2 to 50 pairs on a coarse or a fine grid (heavy, light or no ties, constants included), in random clusters."""
    n = draw(st.integers(2, 50))
    grids = st.sampled_from([1, 2, 3, 10, 1000])
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    human = rng.integers(0, draw(grids), n) / 10
    scores = np.stack([rng.integers(0, draw(grids), n) / 7 - 3.0 for _ in range(2)])
    clusters = np.unique(rng.integers(0, draw(st.integers(1, n)), n), return_inverse=True)[1]
    weights = rng.integers(0, draw(st.integers(2, 6)), (clusters.max() + 1, 3)).astype(np.uint8)
    weights[0] = np.maximum(weights[0], 1)
    return human, scores, clusters, weights


@settings(max_examples=400, deadline=None)
@given(samples())
def test_equals_scipy_on_the_pairs_written_out(sample):
    human, scores, clusters, weights = sample
    found = weighted_statistics(prepare(human, scores, clusters), weights)
    expected = np.stack([oracle.bootstrap(human, row, clusters, weights) for row in scores], axis=1)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)


def test_a_constant_is_undefined_and_keeps_its_mse():
    human, scores = np.array([0.1, 0.5, 0.9, 0.3]), np.full((1, 4), 0.3)
    found = weighted_statistics(prepare(human, scores, np.arange(4)), np.ones((4, 1), np.uint8))[0, 0]
    assert np.isnan(found[:3]).all()
    assert found[3] == pytest.approx(np.mean((human - 0.3) ** 2))


def test_a_lane_does_not_depend_on_its_neighbours():
    rng = np.random.default_rng(0)
    sample = prepare(rng.integers(0, 30, 500) / 30, rng.normal(size=(2, 500)), rng.permutation(500) % 170)
    weights = rng.poisson(1, (170, 64)).astype(np.uint8)
    together = weighted_statistics(sample, weights)
    alone = [weighted_statistics(sample, np.ascontiguousarray(weights[:, [b]])) for b in range(64)]
    np.testing.assert_array_equal(together, np.concatenate(alone))


@pytest.mark.parametrize(("offset", "scale"), [(0.0, 1.0), (1e6, 1.0), (0.0, 1e-160)])
def test_lcc_keeps_its_digits_far_from_zero_and_close_to_it(offset, scale):
    rng = np.random.default_rng(1)
    human, scores = rng.random(300), offset + scale * rng.random(300)
    found = weighted_statistics(prepare(human, scores[None], np.arange(300)), np.ones((300, 1), np.uint8))
    assert found[0, 0, 1] == pytest.approx(oracle.statistics(human, scores)[1], abs=1e-10)


def test_many_levels_are_counted_block_by_block(monkeypatch):
    rng = np.random.default_rng(2)
    human, scores = rng.integers(0, 300, 400) / 300, rng.integers(0, 150, (1, 400)) / 7
    weights = rng.integers(0, 4, (400, 5)).astype(np.uint8)
    one_tree = weighted_statistics(prepare(human, scores, np.arange(400)), weights)
    monkeypatch.setattr("bench.statistics.weighted.MAX_TREE_LEVELS", 50)
    split = prepare(human, scores, np.arange(400))
    assert len(split.orders[0].runs) > 10
    np.testing.assert_array_equal(weighted_statistics(split, weights), one_tree)


def test_large_samples_are_counted_in_more_bits(monkeypatch):
    rng = np.random.default_rng(4)
    human, scores = rng.integers(0, 30, 400) / 30, rng.integers(0, 150, (1, 400)) / 7
    sample, weights = prepare(human, scores, np.arange(400) // 2), rng.integers(0, 150, (200, 5)).astype(np.uint8)
    assert 2**14 < 2 * weights.sum(axis=0).max() < MAX_FEW <= 2**15
    few = weighted_statistics(sample, weights)
    monkeypatch.setattr("bench.statistics.weighted.MAX_FEW", 0)
    np.testing.assert_array_equal(weighted_statistics(sample, weights), few)


def test_the_memory_of_a_lane_is_what_the_kernels_work_on():
    rng = np.random.default_rng(0)
    sample = prepare(rng.integers(0, 30, 500) / 30, rng.normal(size=(2, 500)), rng.permutation(500) % 170)
    lane = [
        np.empty(sample.n_clusters, np.uint8),  # counts of draws
        np.empty(sample.n_clusters, np.uint8),  # the same, transposed
        np.empty(sample.n_levels, np.int32),  # ranks
        np.empty(MAX_TREE_LEVELS, np.int32),  # tree
    ]
    assert sample.bytes_per_lane() == sum(array.nbytes for array in lane)


def test_clusters_without_pairs_may_carry_weight():
    """A stratum's band leaves captions empty: what they are drawn changes nothing."""
    rng = np.random.default_rng(3)
    human, scores, clusters = rng.random(30), rng.random((1, 30)), np.arange(30) % 7
    weights = rng.integers(1, 4, (9, 5)).astype(np.uint8)
    found = weighted_statistics(prepare(human, scores, clusters, 9), weights)
    expected = weighted_statistics(prepare(human, scores, clusters), np.ascontiguousarray(weights[:7]))
    np.testing.assert_array_equal(found, expected)
