"""The kernels' life on disk: cached, but working without a cache, and not loaded before they are needed."""

from __future__ import annotations

import subprocess
import sys

import numba
import numpy as np
import pytest
from numba.core import caching

from bench.statistics import kernels

needs_compiler = pytest.mark.skipif(numba.config.DISABLE_JIT, reason="NUMBA_DISABLE_JIT is set")


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.slow
@needs_compiler
def test_kernels_compile_where_nothing_can_be_cached():
    """Without a writable folder numba has no cache locator: emulated, as a superuser can write anywhere."""
    code = (
        "from numba.core import caching\n"
        "caching.CacheImpl._locator_classes = []\n"
        "caching.CompileResultCacheImpl._locator_classes = []\n"
        "from bench.statistics import kernels\n"
        "print(type(kernels.rank_products._cache).__name__)"
    )
    assert run(code) == "NullCache"


@needs_compiler
def test_kernels_are_cached():
    assert run("from bench.statistics import kernels; print(bool(kernels.rank_products._cache.cache_path))") == "True"


def test_numba_and_torch_stay_unloaded_until_a_resample():
    code = (
        "import sys, bench.statistics.types, bench.statistics.bootstrap, bench.statistics.comparison\n"
        "print(sorted({'numba', 'torch', 'pandas', 'rich', 'typer', 'matplotlib'} & set(sys.modules)))"
    )
    assert run(code) == "[]"


def plus_one(x):
    return x + 1


@needs_compiler
def test_a_folder_that_cannot_be_written_costs_the_cache_alone(monkeypatch):
    monkeypatch.setattr(caching.CompileResultCacheImpl, "_locator_classes", [])
    assert kernels._compiled("int64(int64)")(plus_one)(2) == 3


def test_other_failures_to_compile_are_not_passed_over(monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("missing Environment")

    monkeypatch.setattr(kernels.numba, "njit", fail)
    with pytest.raises(RuntimeError, match="missing Environment"):
        kernels._compiled("int64(int64)")(plus_one)


def counts_of(draws, n_clusters):
    counts = np.full((len(draws), n_clusters), 77, np.uint8)
    kernels.count_draws(np.array(draws, np.uint32), counts)
    return counts


def test_draws_are_counted_over_whatever_the_memory_held():
    np.testing.assert_array_equal(counts_of([[0, 2, 2], [1, 1, 1]], 4), [[1, 0, 2, 0], [0, 3, 0, 0]])


@pytest.mark.parametrize("n_clusters", [1, 63, 64, 65, 130])
def test_a_transpose_is_numpys_also_where_tiles_do_not_fit(n_clusters):
    counts = np.random.default_rng(0).integers(0, 256, (5, n_clusters)).astype(np.uint8)
    weights = np.full((n_clusters, 5), 77, np.uint8)
    kernels.transpose(counts, weights)
    np.testing.assert_array_equal(weights, counts.T)


def test_powers_of_many_tied_pairs_keep_to_their_bits():
    """The largest weight that a byte holds, in groups across the 64 pairs after which cubes are put away."""
    rng = np.random.default_rng(0)
    weights = rng.choice([0, 1, 255], (20, 3)).astype(np.uint8)
    cluster, ends = rng.integers(0, 20, 300).astype(np.uint32), np.array([2, 70, 71, 199, 300])
    weight = weights[cluster].astype(np.int64)
    powers = np.stack([(weight * weight).sum(axis=0), (weight**3).sum(axis=0)]).astype(float) + 5.0
    kernels.join_powers(weights, cluster, ends, powers)
    groups = np.add.reduceat(weight, [0, *ends[:-1]], axis=0)
    np.testing.assert_array_equal(powers, np.stack([(groups**2).sum(axis=0), (groups**3).sum(axis=0)]) + 5.0)


@pytest.mark.parametrize("n_clusters", [1, 3, 4, 6])
@pytest.mark.parametrize("n_columns", [1, 4, 7])
@pytest.mark.parametrize("power", [1, 2, 3])
def test_moment_sums_are_matrix_products_whatever_remains_of_four(n_clusters, n_columns, power):
    rng = np.random.default_rng(0)
    weights, moments = rng.integers(0, 256, (n_clusters, 5)).astype(np.uint8), rng.normal(size=(n_clusters, n_columns))
    sums = np.full((n_columns, 5), np.nan)
    kernels.moment_sums(weights, moments, power, sums)
    np.testing.assert_allclose(sums, moments.T @ weights.astype(float) ** power, rtol=1e-12, atol=1e-6)
