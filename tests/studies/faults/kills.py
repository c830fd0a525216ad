"""Kill (SIGKILL) runs, downloads and trainings at random moments, and see that nothing is lost or half-written.

Run as ``nox -s faults [-- --kills 50]``; writes the table of docs/reliability.md. Each job is done once undisturbed.
Then it is started and killed again and again, at moments drawn from the time in which it works on its files, and every
`KILLS_IN_A_ROW` kills it is left to finish. After each kill, every file in its final place must be the undisturbed
one's or absent; at the end, everything must be equal to the byte, but for times and places of the run itself.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.datasets.fetching.file_server import Served, serve
from tests.studies.faults.jobs import Job, make_jobs
from tests.tables import RELIABILITY, markdown, write_measured

KILLS_IN_A_ROW = 5
HEAD = ("command", "kills", "restarts to the end", "half-written files", "lost work", "results that differ")


@dataclass
class Verdict:
    """What was seen of one job."""

    kills: int = 0
    restarts: int = 0
    half_written: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    different: list[str] = field(default_factory=list)

    @property
    def row(self) -> tuple[str, ...]:
        counts = (self.kills, self.restarts, len(self.half_written), len(self.lost), len(self.different))
        return tuple(map(str, counts))


def main() -> int:
    """Attack every job and write the table; fail if any of them lost, broke or changed something."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("jobs", nargs="*")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    verdicts = {}
    with tempfile.TemporaryDirectory() as folder, serve(Served({})) as server:
        for job in make_jobs(Path(folder), server):
            if job.name in arguments.jobs or not arguments.jobs:
                verdicts[job.name] = attack(job, arguments.kills, random.Random(arguments.seed))
                print(job.name, verdicts[job.name], flush=True)
    if not arguments.jobs:
        rows = [(f"`{name}`", *verdict.row) for name, verdict in verdicts.items()]
        write_measured("kills", markdown(HEAD, rows), RELIABILITY)
    return int(any(v.half_written or v.lost or v.different for v in verdicts.values()))


def attack(job: Job, n_kills: int, moments: random.Random) -> Verdict:
    """Kill a job ``n_kills`` times."""
    whole = job.place / "undisturbed"
    began_to_write, took = timed(job, whole)
    expected = snapshot(job, whole)
    verdict = Verdict()
    while verdict.kills < n_kills:
        victim = job.place / f"victim-{verdict.restarts}"
        done_before = 0
        for _ in range(min(KILLS_IN_A_ROW, n_kills - verdict.kills)):
            killed = kill(job, victim, moments.uniform(0.9 * began_to_write, took))
            verdict.kills += killed
            took *= 1.0 if killed else 0.9  # the machine has become faster since
            verdict.half_written += broken(job, victim, expected)
            done = job.work_done(victim)
            verdict.lost += [f"{done_before} -> {done}"] if done < done_before else []
            done_before = done
        finished = start(job, victim).wait()
        verdict.restarts += 1
        found = snapshot(job, victim)
        verdict.different += [name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)]
        verdict.different += [f"exit status {finished}"] if finished else []
        shutil.rmtree(victim)
    return verdict


def timed(job: Job, folder: Path) -> tuple[float, float]:
    """Do a job undisturbed; return after how many seconds it began to write, and how long it took."""
    began = time.monotonic()
    process = start(job, folder)
    first_file = None
    while process.poll() is None:
        if first_file is None and any(folder.rglob("*")):
            first_file = time.monotonic() - began
        time.sleep(0.005)
    if process.returncode:
        raise SystemExit(f"{job.name} failed undisturbed: {(folder.parent / 'log').read_text()[-2000:]}")
    return first_file or 0.0, time.monotonic() - began


def start(job: Job, folder: Path) -> subprocess.Popen[bytes]:
    """Start a job, for the first time or again, in a process group of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder.parent / "log").open("ab") as log:
        return subprocess.Popen(
            job.command(folder), env={**os.environ, **job.environment(folder)}, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip


def kill(job: Job, folder: Path, after_s: float) -> int:
    """Start a job and kill it; return 1, or 0 if it was faster."""
    process = start(job, folder)
    try:
        process.wait(after_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return 1
    return 0


def snapshot(job: Job, folder: Path) -> dict[str, str]:
    """Return a digest of every file of the result."""
    return {name: digest(job, path) for name, path in result_files(job, folder).items()}


def digest(job: Job, path: Path) -> str:
    """Return what is equal for files that are to be equal.

    Raises:
        ValueError, KeyError: the file is not whole.
    """
    return hashlib.sha256(job.comparable(path)).hexdigest()


def result_files(job: Job, folder: Path) -> Mapping[str, Path]:
    """Return the files in their final places, by name; hidden ones are work in progress."""
    place = job.result(folder)
    paths = [path for path in place.rglob("*") if path.is_file()]
    names = {path.relative_to(place).as_posix(): path for path in paths}
    return {name: path for name, path in names.items() if not job.is_work(name)}


def broken(job: Job, folder: Path, expected: Mapping[str, str]) -> list[str]:
    """Return the files that are neither absent nor whole."""
    problems = []
    for name, path in result_files(job, folder).items():
        try:
            found = digest(job, path)
        except (ValueError, KeyError) as error:
            found = f"{type(error).__name__}: {error}"
        if expected.get(name) != found:
            problems.append(f"{name}: {found}")
    return problems


if __name__ == "__main__":
    sys.exit(main())
