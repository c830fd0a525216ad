"""Which clusters each resample draws, and the loop over blocks of resamples.

Resamples come in blocks of `BLOCK`; each block has its own generator, keyed by seed, purpose, stratum and block
number. So resample r of a stratum is the same whatever else is computed, in whatever order and on however many
threads. The draws are those of numpy's PCG64 and `Generator.integers`.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from jaxtyping import Float, Int, Int32

from bench.statistics.weighted import WeightedSample, weighted_statistics

BLOCK = 64
SCRATCH_BYTES = 384 * 2**20
"""Bound on the working memory of all threads together."""


def generator(seed: int, purpose: str, stratum: str, block: int) -> np.random.Generator:
    """Return the generator of one block of one stratum's resamples."""
    key = (zlib.crc32(f"{purpose}|{stratum}".encode()), block)
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))


def bootstrap_weights(
    seed: int, stratum: str, n_clusters: int, block: int, n_resamples: int, width: int = BLOCK
) -> Iterator[Int32[np.ndarray, "clusters lanes"]]:
    """Yield, ``width`` resamples at a time, how often each cluster is drawn in the first resamples of a block.

    A resample draws ``n_clusters`` clusters with replacement. The weights do not depend on ``width``.
    """
    from bench.statistics import kernels

    draw = generator(seed, "bootstrap", stratum, block)
    for first in range(0, n_resamples, width):
        rows = min(width, n_resamples - first)
        weights = np.empty((n_clusters, rows), np.int32)
        kernels.count_draws(draw.integers(0, n_clusters, size=(rows, n_clusters), dtype=np.uint32), weights)
        yield weights


def bootstrap_statistics(
    sample: WeightedSample, seed: int, stratum: str, n_resamples: int, n_threads: int | None = None
) -> Float[np.ndarray, "resamples metrics 4"]:
    """Return the statistics of every resample; the same numbers for any ``n_threads`` (None: all cores)."""
    result = np.empty((n_resamples, len(sample.orders), 4))
    threads, width = layout(sample, n_threads)

    def compute(block: int) -> None:
        first = block * BLOCK
        rows = min(BLOCK, n_resamples - first)
        for weights in bootstrap_weights(seed, stratum, sample.n_clusters, block, rows, width):
            last = first + weights.shape[1]
            result[first:last] = weighted_statistics(sample, weights)
            first = last

    run_blocks(compute, -(-n_resamples // BLOCK), threads)
    return result


def leave_out_statistics(
    sample: WeightedSample, group: Int[np.ndarray, " clusters"], n_threads: int | None = None
) -> Float[np.ndarray, "groups metrics 4"]:
    """Return the statistics without the clusters of group 0, 1, …: the jackknife, if every cluster is a group."""
    n_groups = int(group.max()) + 1
    result = np.empty((n_groups, len(sample.orders), 4))
    threads, width = layout(sample, n_threads)

    def compute(block: int) -> None:
        left_out = np.arange(block * width, min((block + 1) * width, n_groups))
        weights = (group[:, None] != left_out[None, :]).astype(np.int32)
        result[left_out] = weighted_statistics(sample, weights)

    run_blocks(compute, -(-n_groups // width), threads)
    return result


def available_cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def layout(sample: WeightedSample, n_threads: int | None) -> tuple[int, int]:
    """Return threads and resamples side by side, so that `SCRATCH_BYTES` holds them all."""
    lanes = max(1, SCRATCH_BYTES // sample.bytes_per_lane())
    threads = max(1, min(n_threads or available_cores(), lanes // 8))
    width = BLOCK
    while width > 1 and width * threads > lanes:
        width //= 2
    return threads, width


def run_blocks(compute: Callable[[int], None], n_blocks: int, n_threads: int) -> None:
    """Call ``compute`` for every block; the kernels within release the GIL."""
    if n_threads == 1:
        for block in range(n_blocks):
            compute(block)
        return
    with ThreadPoolExecutor(n_threads) as pool:
        for _ in pool.map(compute, range(n_blocks)):
            pass
