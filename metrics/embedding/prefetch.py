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


def default_workers() -> int:
    """Return how many threads keep a model fed and leave it cores to compute with: half of them, at most 8."""
    return min(8, max(1, (os.cpu_count() or 1) // 2))


def prefetch(function: Callable[[Item], Result], items: Iterable[Item], workers: int) -> Iterator[Result]:
    """Yield ``function(item)`` for every item, in order.

    At most ``4 * workers`` results wait, so memory does not grow with the number of items. With 0 workers everything
    happens in the caller's thread.
    """
    if workers <= 0:
        yield from map(function, items)
        return
    pool = ThreadPoolExecutor(workers, thread_name_prefix="clap-bench")
    waiting: deque[Future[Result]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > AHEAD_PER_WORKER * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
