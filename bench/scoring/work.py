"""Workers take shards by claiming them, so that any number of workers, begun at any time, share one job.

A claim is a lock that the operating system holds for a living process: when a worker dies, however it dies, its claim
is free at once, and another worker takes the shard. The locks order the work and nothing more. Where a file system
does not honour them a shard may be computed twice, with the same result.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from bench.scoring.plan import ScoringJob
from bench.scoring.source import Shard
from metrics.types import ProgressCallback

CLAIMS = ".claims"
STAGE = "pairs"
POLL_S = 0.5
"""How long a worker waits before it looks again at what others have claimed."""


def work_through(job: ScoringJob, score: Callable[[Shard], None], after_each: Callable[[], None]) -> None:
    """Score shards that nobody has claimed, until every shard is there.

    Args:
        job: what to do.
        score: scores one shard and writes its file.
        after_each: called after every shard, and from time to time while others finish theirs.
    """
    while missing := job.missing():
        taken = 0
        for shard in missing:
            if job.shard_path(shard).exists():
                continue
            with claimed(job, shard) as mine:
                if mine and not job.shard_path(shard).exists():
                    score(shard)
                    taken += 1
                    after_each()
        if not taken:
            after_each()
            time.sleep(POLL_S)


@contextmanager
def claimed(job: ScoringJob, shard: Shard) -> Iterator[bool]:
    """Hold the claim on a shard; yields False if another living process holds it."""
    folder = job.out / CLAIMS
    lock = FileLock(folder / f"{shard.index:05d}", timeout=0)
    try:
        folder.mkdir(exist_ok=True)
        lock.acquire()
    except (Timeout, FileNotFoundError):  # not found: somebody saw that all is done, and removed the claims
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def report(job: ScoringJob, progress: ProgressCallback) -> None:
    """Tell how many pairs are scored."""
    progress(STAGE, job.plan.n_pairs - sum(shard.n_rows for shard in job.missing()), job.plan.n_pairs)


def discard_claims(job: ScoringJob) -> None:
    """Remove the claims' files, when every shard is there."""
    shutil.rmtree(job.out / CLAIMS, ignore_errors=True)
