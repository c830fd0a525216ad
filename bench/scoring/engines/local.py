"""The engine ``local``: this process, or several on this machine.

With several, this process scores nothing: it starts the others, watches, and starts another in the place of one that
was killed. What that one had not finished is done by whoever claims it first.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import NamedTuple

from bench.scoring.plan import ScoringJob
from bench.scoring.shard import ShardScorer
from bench.scoring.source import Shard
from bench.scoring.work import POLL_S, report, work_through
from metrics.errors import ClapBenchError
from metrics.types import ProgressCallback, Scorer, no_progress

MOST_DEATHS = 3
"""Workers that may die without a shard being finished meanwhile, before the job is given up."""


class Worker(NamedTuple):
    """A process and the line on which it says why it failed."""

    process: BaseProcess
    answer: Connection


class LocalEngine:
    """Scores in this process, or in ``n_processes`` of their own."""

    leads = True

    def __init__(self, n_processes: int) -> None:
        self._n_processes = n_processes

    def run(self, job: ScoringJob, scorers: Mapping[str, Scorer], progress: ProgressCallback) -> None:
        if self._n_processes == 1:
            run_here(job, scorers, progress)
        else:
            run_processes(job, self._n_processes, progress)


def run_here(job: ScoringJob, scorers: Mapping[str, Scorer], progress: ProgressCallback) -> None:
    """Score in this process whatever no other process has claimed, until every shard is there."""
    scorer = ShardScorer(job, scorers)
    work_through(job, scorer.score, lambda: report(job, progress))


def run_processes(job: ScoringJob, n_processes: int, progress: ProgressCallback) -> None:
    """Score in ``n_processes`` processes of this machine until every shard is there.

    Raises:
        ClapBenchError: what a worker met; or workers die again and again.
    """
    n_threads = max(1, (os.cpu_count() or 1) // n_processes)
    plain_job = replace(job, options=replace(job.options, progress=no_progress))
    workers: list[Worker] = []
    deaths, missing = 0, len(job.missing())
    try:
        while job.missing():
            workers += [_start(plain_job, n_threads) for _ in range(n_processes - len(workers))]
            wait([worker.process.sentinel for worker in workers], POLL_S)
            ended = [worker for worker in workers if not worker.process.is_alive()]
            workers = [worker for worker in workers if worker not in ended]
            report(job, progress)
            still_missing = len(job.missing())
            n_killed = sum(_was_killed(worker) for worker in ended)
            deaths = deaths + n_killed if still_missing == missing else n_killed
            missing = still_missing
            _refuse_more_than(MOST_DEATHS, deaths, ended)
    finally:
        for worker in workers:
            worker.process.terminate()
        for worker in workers:
            worker.process.join()
    report(job, progress)


def _start(job: ScoringJob, n_threads: int) -> Worker:
    context = multiprocessing.get_context("spawn")  # torch's threads and CUDA do not survive a fork
    answer, line = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(job, n_threads, line), daemon=True)
    with _interrupts_held():
        process.start()
    line.close()
    return Worker(process, answer)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Start a process that never sees Ctrl-C, which a terminal sends to all: its parent does, and ends it."""
    if sys.platform == "win32":  # without masks of signals
        yield
        return
    resource_tracker.ensure_running()  # it would let interrupts through again as it starts
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(job: ScoringJob, n_threads: int, line: Connection) -> None:
    """What a worker process does. Torch reads the number of its threads when it is first imported."""
    os.environ.setdefault("OMP_NUM_THREADS", str(n_threads))
    try:
        scorer = ShardScorer(job)

        def score(shard: Shard) -> None:
            _leave_with_parent()
            scorer.score(shard)

        work_through(job, score, _leave_with_parent)
    except Exception as error:
        known = isinstance(error, ClapBenchError)
        line.send(str(error) if known else f"internal error in a worker: {type(error).__name__}: {error}")
        raise SystemExit(1) from error


def _leave_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None and not parent.is_alive():
        raise SystemExit(1)


def _was_killed(worker: Worker) -> bool:
    """Say whether a worker that ended was killed; raise what it met if it met something."""
    if not worker.process.exitcode:
        return False
    try:
        raise ClapBenchError(worker.answer.recv())
    except EOFError:
        return True  # it had no time to say why


def _refuse_more_than(most: int, deaths: int, ended: Sequence[Worker]) -> None:
    if deaths > most:
        codes = ", ".join(str(worker.process.exitcode) for worker in ended)
        raise ClapBenchError(
            f"{deaths} workers died without finishing a shard (exit codes of the last: {codes}; -9 is often a lack of "
            "memory); use fewer --processes or a smaller --batch-size, and start again to go on"
        )


def make(processes: int, device: str) -> LocalEngine:  # noqa: ARG001 - every engine's has these
    """Return the engine; see `bench.scoring.engines.make_engine`."""
    return LocalEngine(processes)
