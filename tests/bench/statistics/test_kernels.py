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
