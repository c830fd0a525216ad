"""Which clusters a resample draws, sums over them, and the memory and threads that this takes."""

from __future__ import annotations

import threading
import zlib

import numpy as np
import pytest

from bench.statistics import resampling
from bench.statistics.resampling import (
    BLOCK,
    SCRATCH_BYTES,
    available_cores,
    bootstrap_sums,
    bootstrap_weights,
    layout,
    run_blocks,
)
from bench.statistics.types import ResamplingPlan
from bench.statistics.weighted import prepare
from tests.bench.statistics import oracle
from tests.bench.statistics.estimates import leave_out_statistics
from tests.bench.statistics.simulate import some_pairs


def test_seed_and_stratum_key_the_draws():
    first, again, other_seed, other_stratum = (
        np.concatenate(list(bootstrap_weights(seed, stratum, 50, 0, 8)))
        for seed, stratum in [(0, "all"), (0, "all"), (1, "all"), (0, "band=low")]
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other_seed).any()
    assert (first != other_stratum).any()


def test_draws_are_those_of_pcg64():
    """Spelt out with numpy: the same seed gives the same resamples wherever numpy is."""
    for block, n in ((0, BLOCK), (1, 5)):
        key = (zlib.crc32(b"bootstrap|band=low"), block)
        draws = np.random.Generator(np.random.PCG64(np.random.SeedSequence(11, spawn_key=key)))
        expected = [np.bincount(row, minlength=30) for row in draws.integers(0, 30, (n, 30), dtype=np.uint32)]
        [weights] = bootstrap_weights(11, "band=low", 30, block, n)
        np.testing.assert_array_equal(weights, np.transpose(expected))


def test_resamples_draw_every_cluster_equally_often():
    weights = oracle.all_weights(ResamplingPlan(n_resamples=4000), "all", 20)
    assert (weights.sum(axis=0) == 20).all()
    # A count is binomial(20, 1/20); the mean over 4000 resamples has standard error 0.0154.
    np.testing.assert_allclose(weights.mean(axis=1), 1, atol=5 * 0.0154)
    assert weights.var() == pytest.approx(0.95, abs=0.02)


def test_sums_are_of_the_drawn_clusters():
    totals = np.random.default_rng(0).normal(size=(40, 3))
    weights = oracle.all_weights(ResamplingPlan(BLOCK + 9, seed=2), "all", 40)
    found = bootstrap_sums(totals, 2, "all", BLOCK + 9)
    np.testing.assert_allclose(found, weights.T @ totals, rtol=0, atol=1e-12)


@pytest.mark.parametrize("most", [1, 100, 2**30])
def test_draws_do_not_depend_on_how_many_are_made_at_once(monkeypatch, most):
    expected = oracle.all_weights(ResamplingPlan(20, seed=2), "all", 40)
    monkeypatch.setattr("bench.statistics.resampling.MAX_DRAWS", most)
    [weights] = bootstrap_weights(2, "all", 40, 0, 20)
    np.testing.assert_array_equal(weights, expected)


def test_jackknife_leaves_out_one_cluster_at_a_time():
    human, scores, captions = some_pairs()
    found = leave_out_statistics(prepare(human, np.stack(list(scores.values())), captions), np.arange(40))
    for m, row in enumerate(scores.values()):
        kept = [captions != c for c in range(40)]
        expected = [oracle.statistics(human[k], row[k]) for k in kept]
        np.testing.assert_allclose(found[:, m], expected, rtol=0, atol=1e-10)


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


def test_kept_draws_are_those_that_are_made_anew_and_the_oldest_go_first(monkeypatch):
    kept = resampling._Kept()
    monkeypatch.setattr(resampling, "KEPT_BYTES", 2 * 40 * BLOCK)
    first = kept.weights(2, "all", 40, 0, BLOCK)
    [anew] = bootstrap_weights(2, "all", 40, 0, BLOCK)
    np.testing.assert_array_equal(first, anew)
    kept.weights(2, "all", 40, 1, BLOCK)
    assert kept.weights(2, "all", 40, 0, BLOCK) is first
    kept.weights(2, "all", 40, 2, BLOCK)
    assert kept.weights(2, "all", 40, 0, BLOCK) is first, "used last but one"
    assert len(kept._weights) == 2
    for other in ((3, "all", 40, 0, BLOCK), (2, "part", 40, 0, BLOCK), (2, "all", 39, 0, BLOCK), (2, "all", 40, 0, 7)):
        assert kept.weights(*other).shape == (other[2], other[4])
        np.testing.assert_array_equal(kept.weights(*other), next(bootstrap_weights(*other)))


def test_sums_do_not_depend_on_what_is_kept(monkeypatch):
    totals = np.random.default_rng(0).normal(size=(40, 3))
    kept = bootstrap_sums(totals, 2, "all", BLOCK + 9)
    np.testing.assert_array_equal(bootstrap_sums(totals, 2, "all", BLOCK + 9), kept)
    monkeypatch.setattr(resampling, "KEPT_BYTES", 0)
    np.testing.assert_array_equal(bootstrap_sums(totals, 2, "all", BLOCK + 9), kept)


def test_little_work_stays_in_the_callers_thread(monkeypatch):
    threads = set()

    def compute(*_):
        threads.add(threading.get_ident())

    resampling.for_each_resample(compute, 0, "all", 12, 9999, 100, 2)
    assert threads == {threading.get_ident()}
    monkeypatch.setattr(resampling, "WORTH_THREADS", 0)
    resampling.for_each_resample(compute, 0, "all", 12, 9999, 100, 2)
    assert len(threads) > 1
