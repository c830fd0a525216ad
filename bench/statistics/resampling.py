"""Which clusters each resample draws, and the loop over blocks of resamples.

Resamples come in blocks of `BLOCK`; each block has its own generator, keyed by seed, purpose, stratum and block
number. So resample r of a stratum is the same whatever else is computed, in whatever order and on however many
threads. The draws are those of numpy's PCG64 and `Generator.integers`.
"""

from __future__ import annotations

import os
import threading
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from jaxtyping import Float, Int, UInt8

from bench.statistics.weighted_sums import weighted_totals

BLOCK = 256
"""Wide enough to pay little for index work and memory latency, narrow enough to share out among cores."""

MAX_DRAWS = 2**18
"""Drawn at once, so that draws are counted while they are in the cache."""

SCRATCH_BYTES = 384 * 2**20
"""Bound on the working memory of all threads together."""

KEPT_BYTES = 128 * 2**20
"""Bound on the draws that are kept, as most strata are resampled for several statistics: those used last."""

WORTH_THREADS = 2**18
"""Draws of clusters below which another thread costs more than it saves."""


def generator(seed: int, purpose: str, stratum: str, block: int) -> np.random.Generator:
    """Return the generator of one block of one stratum's resamples."""
    key = (zlib.crc32(f"{purpose}|{stratum}".encode()), block)
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))


def bootstrap_weights(
    seed: int, stratum: str, n_clusters: int, block: int, n_resamples: int, width: int = BLOCK
) -> Iterator[UInt8[np.ndarray, "clusters lanes"]]:
    """Yield, ``width`` resamples at a time, how often each cluster is drawn in the first resamples of a block.

    A resample draws ``n_clusters`` clusters with replacement. The weights do not depend on ``width``.
    """
    from bench.statistics import kernels

    draw = generator(seed, "bootstrap", stratum, block)
    rows_at_once = max(1, MAX_DRAWS // n_clusters)
    for first in range(0, n_resamples, width):
        counts = np.empty((min(width, n_resamples - first), n_clusters), np.uint8)
        for row in range(0, len(counts), rows_at_once):
            part = counts[row : row + rows_at_once]
            kernels.count_draws(draw.integers(0, n_clusters, size=part.shape, dtype=np.uint32), part)
        weights = np.empty(counts.T.shape, np.uint8)
        kernels.transpose(counts, weights)
        yield weights


class _Kept:
    """The last draws, a block of a stratum each: the same whoever asks, so that keeping them changes nothing."""

    def __init__(self) -> None:
        self._weights: OrderedDict[tuple[int, str, int, int, int], np.ndarray] = OrderedDict()
        self._n_bytes, self._lock = 0, threading.Lock()

    def weights(
        self, seed: int, stratum: str, n_clusters: int, block: int, n_resamples: int
    ) -> UInt8[np.ndarray, "clusters lanes"]:
        """Return the weights of the first resamples of a block; not to be written to."""
        key = (seed, stratum, n_clusters, block, n_resamples)
        with self._lock:
            if key in self._weights:
                self._weights.move_to_end(key)
                return self._weights[key]
        [weights] = bootstrap_weights(seed, stratum, n_clusters, block, n_resamples)
        with self._lock:
            if key not in self._weights:
                self._weights[key] = weights
                self._n_bytes += weights.nbytes
            while self._n_bytes > KEPT_BYTES:
                self._n_bytes -= self._weights.popitem(last=False)[1].nbytes
        return weights


_KEPT = _Kept()


def bootstrap_sums(
    totals: Float[np.ndarray, "clusters columns"],
    seed: int,
    stratum: str,
    n_resamples: int,
    n_threads: int | None = None,
) -> Float[np.ndarray, "resamples columns"]:
    """Return the sums of the drawn clusters' totals, on the same resamples as `for_each_resample`."""
    n_clusters, n_columns = totals.shape
    result = np.empty((n_columns, n_resamples))  # a column at a time is what is read afterwards

    def compute(weights: UInt8[np.ndarray, "clusters lanes"], rows: slice) -> None:
        result[:, rows] = weighted_totals(totals, weights)

    for_each_resample(compute, seed, stratum, n_clusters, n_resamples, 8 * (n_clusters + n_columns), n_threads)
    return result.T


def for_each_resample(
    compute: Callable[[UInt8[np.ndarray, "clusters lanes"], slice], None],
    seed: int,
    stratum: str,
    n_clusters: int,
    n_resamples: int,
    bytes_per_lane: int,
    n_threads: int | None,
) -> None:
    """Call ``compute(weights, rows)`` for groups of resamples, in parallel; ``rows`` says which resamples they are."""
    threads, width = layout(bytes_per_lane, n_threads)

    keep = width == BLOCK and 2 * n_clusters * n_resamples <= KEPT_BYTES

    def compute_block(block: int) -> None:
        first = block * BLOCK
        key = (seed, stratum, n_clusters, block, min(BLOCK, n_resamples - first))
        for weights in [_KEPT.weights(*key)] if keep else bootstrap_weights(*key, width):
            compute(weights, slice(first, first + weights.shape[1]))
            first += weights.shape[1]

    run_blocks(compute_block, -(-n_resamples // BLOCK), worth(threads, n_clusters * n_resamples))


def leave_out_sums(
    totals: Float[np.ndarray, "clusters columns"], group: Int[np.ndarray, " clusters"]
) -> Float[np.ndarray, "groups columns"]:
    """Return the sums of the totals without the clusters of group 0, 1, …"""
    left_out = np.stack([np.bincount(group, column) for column in totals.T], axis=1)
    sums: np.ndarray = totals.sum(axis=0) - left_out
    return sums


def for_each_left_out(
    compute: Callable[[UInt8[np.ndarray, "clusters lanes"], slice], None],
    group: Int[np.ndarray, " clusters"],
    bytes_per_lane: int,
    n_threads: int | None,
) -> None:
    """Call ``compute(weights, rows)`` as `for_each_resample` does, with the clusters of one group left out in turn."""
    n_groups = int(group.max()) + 1
    threads, width = layout(bytes_per_lane, n_threads)

    def compute_block(block: int) -> None:
        rows = slice(block * width, min((block + 1) * width, n_groups))
        left_out = np.arange(rows.start, rows.stop)
        compute((group[:, None] != left_out[None, :]).astype(np.uint8), rows)

    run_blocks(compute_block, -(-n_groups // width), worth(threads, len(group) * n_groups))


def available_cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def layout(bytes_per_lane: int, n_threads: int | None) -> tuple[int, int]:
    """Return the number of threads, and of resamples that each computes side by side within `SCRATCH_BYTES`."""
    lanes = max(1, SCRATCH_BYTES // bytes_per_lane)
    threads = max(1, min(n_threads or available_cores(), lanes // 8))
    width = BLOCK
    while width > 1 and width * threads > lanes:
        width //= 2
    return threads, width


def worth(n_threads: int, n_draws: int) -> int:
    """Return the number of threads for so many draws of clusters in all: one where there is little to do."""
    return n_threads if n_draws >= WORTH_THREADS else 1


def run_blocks(compute: Callable[[int], None], n_blocks: int, n_threads: int) -> None:
    """Call ``compute`` for every block, in the caller's thread if it is the only one; kernels release the GIL."""
    if n_threads == 1:
        for block in range(n_blocks):
            compute(block)
        return
    with ThreadPoolExecutor(n_threads) as pool:
        for _ in pool.map(compute, range(n_blocks)):
            pass
