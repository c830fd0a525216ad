"""The kernels' life on disk: cached, but working without a cache, and not loaded before they are needed."""

from __future__ import annotations

import subprocess
import sys


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def test_kernels_compile_where_nothing_can_be_cached():
    """Without a writable folder numba has no cache locator: emulated, as a superuser can write anywhere."""
    code = (
        "from numba.core import caching\n"
        "caching.CacheImpl._locator_classes = []\n"
        "caching.CompileResultCacheImpl._locator_classes = []\n"
        "from bench.statistics import kernels\n"
        "print(type(kernels.rank_sums._cache).__name__)"
    )
    assert run(code) == "NullCache"


def test_kernels_are_cached():
    assert run("from bench.statistics import kernels; print(bool(kernels.rank_sums._cache.cache_path))") == "True"


def test_numba_and_torch_stay_unloaded_until_a_resample():
    code = (
        "import sys, bench.statistics.types, bench.statistics.bootstrap, bench.statistics.comparison\n"
        "print(sorted({'numba', 'torch', 'pandas', 'rich', 'typer', 'matplotlib'} & set(sys.modules)))"
    )
    assert run(code) == "[]"
