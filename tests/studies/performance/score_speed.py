"""``bench score``: memory as the number of pairs grows, and two processes against one.

Run as ``python -m tests.studies.performance.score_speed [memory] [processes]`` with nothing else running; fails when a
limit is missed, and writes the tables of docs/performance.md. Every job is a process of its own, started as by a user.

- *memory*: baselines that need no audio, on 10,000 and 1,000,000 pairs in shards of 4,096.
- *processes*: ``loudness`` (decode, check, hash and measure: all of it work of the CPU) on `N_CLIPS` clips of
  `CLIP_S` seconds, each in one pair. Rates are those between the first shards' appearance and the last one's, so the
  start of Python does not count; the whole time is given beside them.
"""

from __future__ import annotations

import csv
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import soundfile

from tests.metrics.clips import tone
from tests.tables import markdown, write_measured

FEW, MANY = 10_000, 1_000_000
MOST_MEMORY = 1.2
LEAST_SPEEDUP = 1.7
N_CLIPS, CLIP_S, RATE_HZ = 5_000, 10.0, 16_000
N_FILES = 500
SHARD_SIZE = 50
ROUNDS = 3
HEAD = ("processes", "clips a second", "whole command")


class Timing(NamedTuple):
    """Clips a second between the first shards and the last, and seconds of the whole command."""

    clips_per_s: float
    whole_s: float


def main(arguments: Sequence[str]) -> int:
    """Measure what is named, or all."""
    if arguments[:1] == ["--peak"]:
        return _print_peak(arguments[1:])
    parts: dict[str, Callable[[Path], bool]] = {"memory": _measure_memory, "processes": _measure_processes}
    with tempfile.TemporaryDirectory() as folder:
        missed = [parts[name](Path(folder)) for name in arguments or parts]
    return int(any(missed))


def _measure_memory(folder: Path) -> bool:
    rows, peaks = [], []
    for n in (FEW, MANY):
        pairs = _write_pairs(folder / f"{n}.csv", (f"{i}.wav" for i in range(n)))
        metrics = ["--metrics", "random,caption-length"]
        command = [sys.executable, "-m", "tests.studies.performance.score_speed", "--peak", str(pairs)]
        began = time.perf_counter()
        answer = subprocess.run([*command, str(folder / str(n)), *metrics], capture_output=True, text=True, check=True)
        seconds = time.perf_counter() - began
        peaks.append(float(answer.stdout.split()[-1]))
        rows.append((f"{n:,}", f"{seconds:.1f} s", f"{n / seconds:,.0f}", f"{peaks[-1]:.0f} MB"))
    ratio = peaks[1] / peaks[0]
    table = markdown(("pairs", "time", "pairs a second", "peak memory"), [*rows, ("ratio", "", "", f"{ratio:.2f}")])
    print(table)
    write_measured("score-memory", table)
    return ratio > MOST_MEMORY


def _print_peak(arguments: Sequence[str]) -> int:
    """Score in a process of its own and print that process's peak resident memory in MB."""
    pairs, out, *others = arguments
    _run(_command(Path(pairs), Path(out), *others))
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000)
    return 0


def _measure_processes(folder: Path) -> bool:
    """Time one and two processes in turn; the ratio is the median of the rounds'."""
    for i in range(N_FILES):
        soundfile.write(folder / f"{i}.wav", tone(CLIP_S, RATE_HZ, seed=i)[:, 0], RATE_HZ)
    pairs = _write_pairs(folder / "clips.csv", (f"{i % N_FILES}.wav" for i in range(N_CLIPS)))
    _timed(pairs, folder / "warm", 1)  # fills the cache of files
    rounds = [[_timed(pairs, folder / f"{k}-{n}", n) for n in (1, 2)] for k in range(ROUNDS)]
    ratio = statistics.median(two.clips_per_s / one.clips_per_s for one, two in rounds)
    rows = [(str(n + 1), *_medians([pair[n] for pair in rounds])) for n in (0, 1)]
    table = markdown(HEAD, [*rows, ("ratio", f"{ratio:.2f}", "")])
    print(table, *rounds, sep="\n")
    write_measured("score-processes", table)
    return ratio < LEAST_SPEEDUP


def _medians(timings: Sequence[Timing]) -> tuple[str, str]:
    rate, whole = (statistics.median(figures) for figures in zip(*timings, strict=True))
    return f"{rate:,.0f}", f"{whole:.1f} s"


def _timed(pairs: Path, out: Path, n_processes: int) -> Timing:
    options = ("--metrics", "loudness", "--shard-size", str(SHARD_SIZE), "--processes", str(n_processes))
    began = time.perf_counter()
    _run(_command(pairs, out, *options))
    whole_s = time.perf_counter() - began
    moments = sorted(path.stat().st_mtime_ns for path in out.glob("shard-*"))[2 * n_processes :]
    return Timing(1e9 * SHARD_SIZE * (len(moments) - 1) / (moments[-1] - moments[0]), whole_s)


def _command(pairs: Path, out: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "bench", "score", str(pairs), "--out", str(out), *arguments]


def _run(command: Sequence[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=os.environ | {"OMP_NUM_THREADS": "1"})


def _write_pairs(path: Path, clips: Iterable[str]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["audio_path", "text", "system"])
        writer.writerows((clip, f"a dog, {'very ' * (i % 7)}loud", f"system {i % 3}") for i, clip in enumerate(clips))
    return path


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
