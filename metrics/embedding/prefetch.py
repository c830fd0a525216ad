"""Work ahead of a consumer in threads, in order and within a bound.

Threads suffice: decoding and resampling release the interpreter lock. Nothing here may call torch's parallel
operations: each thread would bring its own team of threads, and they would get into the model's way.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

AHEAD_PER_WORKER = 4

MOST_MEMORY = 4 << 30
"""Bytes that all the work ahead may take together; a single item may take more, and is then alone."""


def default_workers() -> int:
    """Return how many threads keep a model fed and leave it cores to compute with: half of them, at most 8."""
    return min(8, max(1, (os.cpu_count() or 1) // 2))


def prefetch(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    workers: int,
    memory: Callable[[Item], int] = lambda _: 0,
) -> Iterator[Result]:
    """Yield ``function(item)`` for every item, in order.

    At most ``4 * workers`` results wait, so memory does not grow with the number of items. With 0 workers everything
    happens in the caller's thread.

    Args:
        function: called in threads.
        items: taken one by one.
        workers: threads.
        memory: bytes that an item takes from when it is begun until its result is given away; an item is begun when
            all that are under way leave room for it in `MOST_MEMORY`.
    """
    if workers <= 0:
        yield from map(function, items)
        return
    pool = ThreadPoolExecutor(workers, thread_name_prefix="clap-bench")
    waiting: deque[tuple[Future[Result], int]] = deque()
    taken = 0
    try:
        for item in items:
            needed = memory(item)
            while waiting and (taken + needed > MOST_MEMORY or len(waiting) > AHEAD_PER_WORKER * workers):
                taken -= waiting[0][1]
                yield waiting.popleft()[0].result()
            waiting.append((pool.submit(function, item), needed))
            taken += needed
        while waiting:
            yield waiting.popleft()[0].result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
