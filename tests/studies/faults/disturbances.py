"""Full disks, read-only folders, stores that are locked or damaged, and two processes in one folder.

Run as ``nox -s disturbances``; writes the table of docs/reliability.md. Every job (see `jobs`) is done once
undisturbed. Then it is disturbed in every way that concerns it. It may go on by itself, or stop with one line that is
its own error; then the disturbance ends and the same command is started again. In the end all files must be equal to
the byte to the undisturbed ones, but for times and places. Disks are small ones in memory: mounting them needs root.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from metrics.files import embedding_store
from tests.bench.datasets.fetching.file_server import Served, serve
from tests.studies.faults.jobs import Job, make_jobs
from tests.studies.faults.kills import broken, kill, snapshot, start, timed
from tests.tables import RELIABILITY, markdown, write_measured

HEAD = ("disturbance", "command", "times", "went on by itself", "said so, finished when it was over", "anything else")
AMPLE = 1 << 30
FRACTIONS = (0.02, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
N_DAMAGES = 20
HELD_S = 5.0


@dataclass
class Outcome:
    """What was seen of one job under one disturbance."""

    went_on: int = 0
    said_so: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def counts(self) -> tuple[str, ...]:
        return tuple(map(str, (self.went_on + self.said_so, self.went_on, self.said_so, len(self.wrong))))


@dataclass(frozen=True)
class Undisturbed:
    """A job, where it was done in peace, what came of it, and how long it took."""

    job: Job
    folder: Path
    files: Mapping[str, str]
    seconds: float

    @property
    def n_bytes(self) -> int:
        return sum(path.stat().st_size for path in self.folder.rglob("*") if path.is_file())


Disturbance = Callable[[Undisturbed, random.Random], Outcome]


def main() -> int:
    """Disturb every job and write the table; fail if anything but the expected was seen."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("jobs", nargs="*")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rows, wrong = [], []
    with tempfile.TemporaryDirectory() as folder, serve(Served({})) as server:
        for job in make_jobs(Path(folder), server):
            if job.name in arguments.jobs or not arguments.jobs:
                for name, outcome in disturb(job, random.Random(arguments.seed)):
                    print(job.name, name, outcome, flush=True)
                    rows.append((name, f"`{job.name}`", *outcome.counts))
                    wrong += outcome.wrong
    if not arguments.jobs:
        write_measured("disturbances", markdown(HEAD, rows), RELIABILITY)
    return int(bool(wrong))


def disturb(job: Job, moments: random.Random) -> Iterator[tuple[str, Outcome]]:
    """Yield the outcome of every disturbance that concerns the job, by the name of the disturbance."""
    folder = job.place / "in-peace"
    _, seconds = timed(job, folder)
    peace = Undisturbed(job, folder, snapshot(job, folder), seconds)
    for name, disturbance in (DISTURBANCES | (OF_THE_STORE if store_of(folder).exists() else {})).items():
        yield name, disturbance(peace, moments)


def full_disk(peace: Undisturbed, _: random.Random) -> Outcome:
    """Disks with room for a part of what the job writes."""
    outcome = Outcome()
    for fraction in FRACTIONS:
        with disk(peace, f"size={max(4096, int(fraction * peace.n_bytes))}") as folder:
            went_on = attempt(peace, folder, outcome)
            outcome.wrong += broken(peace.job, folder, peace.files)
            remount(folder, f"size={AMPLE}")
            finish(peace, folder, outcome, went_on)
    return outcome


def read_only(peace: Undisturbed, moments: random.Random) -> Outcome:
    """Folders that cannot be written, from the beginning or from some moment on."""
    outcome = Outcome()
    for k in range(5):
        with disk(peace, f"size={AMPLE}") as folder:
            if k:
                kill(peace.job, folder, moments.uniform(0.3, 1.0) * peace.seconds)
            remount(folder, "ro")
            went_on = attempt(peace, folder, outcome)
            remount(folder, "rw")
            finish(peace, folder, outcome, went_on)
    return outcome


def two_at_once(peace: Undisturbed, moments: random.Random) -> Outcome:
    """The same command twice in one folder."""
    outcome = Outcome()
    for k in range(5):
        folder = peace.job.place / f"shared-{k}"
        first = start(peace.job, folder)
        time.sleep(moments.uniform(0, 0.5) * peace.seconds)
        began = size_of(log_of(folder))
        second = start(peace.job, folder)
        status = (first.wait(), second.wait())
        if 0 not in status:
            outcome.wrong.append(f"both failed: {status}")
        if status != (0, 0) and not is_clear(said(folder, began)):
            outcome.wrong.append(said(folder, began))
        settle(peace, folder, outcome, went_on=status == (0, 0))
        shutil.rmtree(folder)
    return outcome


def locked_store(peace: Undisturbed, _: random.Random) -> Outcome:
    """A process that holds the store: for a while, and for longer than anyone waits."""
    outcome = Outcome()
    for hold_s in (HELD_S, None):
        folder = peace.job.place / "locked"
        store_of(folder).parent.mkdir(parents=True)
        shutil.copy(store_of(peace.folder), store_of(folder))
        holder = sqlite3.connect(store_of(folder), isolation_level=None)
        holder.execute("DELETE FROM embeddings")
        holder.execute("BEGIN IMMEDIATE")
        if hold_s:
            process = start(peace.job, folder)
            time.sleep(hold_s + 0.5 * peace.seconds)
            holder.close()
            went_on = process.wait() == 0
        else:
            went_on = attempt(peace, folder, outcome)
            holder.close()
        finish(peace, folder, outcome, went_on)
        shutil.rmtree(folder)
    return outcome


def damaged_store(peace: Undisturbed, moments: random.Random) -> Outcome:
    """Stores with changed bytes, or cut off."""
    outcome = Outcome()
    whole = store_of(peace.folder).read_bytes()
    for _ in range(N_DAMAGES):
        folder = peace.job.place / "damaged"
        store_of(folder).parent.mkdir(parents=True)
        store_of(folder).write_bytes(damaged(whole, moments))
        went_on = attempt(peace, folder, outcome)
        if not went_on:
            shutil.rmtree(store_of(folder).parent)
        finish(peace, folder, outcome, went_on)
        shutil.rmtree(folder)
    return outcome


DISTURBANCES: dict[str, Disturbance] = {
    "disk is full": full_disk,
    "folder is read-only": read_only,
    "two at once": two_at_once,
}
OF_THE_STORE: dict[str, Disturbance] = {"store is locked": locked_store, "store is damaged": damaged_store}


def damaged(content: bytes, moments: random.Random) -> bytes:
    """Return the content with 1 to 64 bytes changed, or without its end."""
    if moments.random() < 0.2:
        return content[: moments.randrange(len(content))]
    changed = bytearray(content)
    for _ in range(moments.choice((1, 8, 64))):
        changed[moments.randrange(len(changed))] ^= moments.randrange(1, 256)
    return bytes(changed)


def store_of(folder: Path) -> Path:
    """Return the embedding store of the jobs in a folder."""
    return folder / "cache" / embedding_store().name


def attempt(peace: Undisturbed, folder: Path, outcome: Outcome) -> bool:
    """Start the job; return whether it went through. If it did not, it must say so in one line of its own."""
    began = size_of(log_of(folder))
    if start(peace.job, folder).wait() == 0:
        return True
    if not is_clear(said(folder, began)):
        outcome.wrong.append(said(folder, began))
    return False


def finish(peace: Undisturbed, folder: Path, outcome: Outcome, went_on: bool) -> None:
    """Start the job again if it did not go through, and see that all is as it would have been."""
    if not went_on:
        began = size_of(log_of(folder))
        if start(peace.job, folder).wait() != 0:
            outcome.wrong.append(f"again: {said(folder, began)}")
    settle(peace, folder, outcome, went_on)


def settle(peace: Undisturbed, folder: Path, outcome: Outcome, went_on: bool) -> None:
    """Count, and compare files."""
    outcome.went_on += went_on
    outcome.said_so += not went_on
    found = snapshot(peace.job, folder)
    outcome.wrong += [name for name in peace.files.keys() | found.keys() if peace.files.get(name) != found.get(name)]


def is_clear(text: str) -> bool:
    """Whether a command ended with an error of its own, and showed no more than that."""
    lines = [line for line in text.splitlines() if line.startswith("error: ")]
    return len(lines) == 1 and "internal error" not in text and "Traceback" not in text


def log_of(folder: Path) -> Path:
    return folder.parent / "log"


def size_of(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def said(folder: Path, began: int) -> str:
    """Return what was printed since the log had ``began`` bytes."""
    return log_of(folder).read_bytes()[began:].decode(errors="replace")


@contextmanager
def disk(peace: Undisturbed, options: str) -> Iterator[Path]:
    """Yield an empty disk of its own."""
    folder = peace.job.place / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)
        folder.rmdir()


def remount(folder: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)


if __name__ == "__main__":
    sys.exit(main())
