"""What every engine must give: the local engine's scores, and a whole result when a worker is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import psutil

from bench.scoring.job import score_pairs
from tests.bench.scoring.pairs import request_for, rows_of, scores_of, write_clips, write_pairs

ROOT = Path(__file__).parents[3]
METRICS = "tiny,loudness,random"
N_LONG = 6000
FIRST_SHARDS_S = 180


def assert_equal_scores(local: Path, other: Path) -> None:
    """Compare two folders row by row, to 1e-6."""
    ours, theirs = scores_of(local), scores_of(other)
    assert theirs.column("row").to_pylist() == ours.column("row").to_pylist() == list(range(len(ours)))
    assert theirs.column("pair_id").equals(ours.column("pair_id"))
    for name in ours.column_names:
        if name.startswith(("score:", "cosine:")):
            left, right = (table.column(name).to_numpy() for table in (ours, theirs))
            np.testing.assert_allclose(left, right, rtol=0, atol=1e-6)
            assert np.isfinite(left).any() or name in ("cosine:loudness", "cosine:random")


def score_both(tmp_path: Path, prefix: Sequence[str], *options: str) -> tuple[Path, Path]:
    """Score 40 pairs by the local engine and by a command with ``options``; return both folders."""
    write_clips(tmp_path)
    source = write_pairs(tmp_path / "pairs.csv", rows_of(40))
    score_pairs(request_for(source, tmp_path / "local", METRICS, size=4))
    process = begin(prefix, source, tmp_path / "other", METRICS, 4, *options)
    assert process.wait(300) == 0
    return tmp_path / "local", tmp_path / "other"


def begin_long(tmp_path: Path, prefix: Sequence[str], *options: str) -> tuple[subprocess.Popen[bytes], Path]:
    """Start a job that takes some seconds; return it and its folder."""
    write_clips(tmp_path)
    source = tmp_path / "long.csv"
    if not source.exists():
        write_pairs(source, rows_of(N_LONG))
    return begin(prefix, source, tmp_path / "long", "loudness", 50, *options), tmp_path / "long"


def assert_whole(out: Path) -> None:
    """See that of the long job nothing is lost and nothing is there twice."""
    assert scores_of(out).column("row").to_pylist() == list(range(N_LONG))
    assert scores_of(out).column("score:loudness").null_count == 0
    assert (out / "summary.json").exists()


def kill_worker(process: subprocess.Popen[bytes], out: Path, is_worker: Callable[[str], bool], after: int = 5) -> int:
    """Kill (SIGKILL) one worker when so many shards are there; return how many were there."""
    deadline = time.monotonic() + FIRST_SHARDS_S
    while len(list(out.glob("shard-*"))) < after:
        assert process.poll() is None
        assert time.monotonic() < deadline, f"{after} shards took longer than {FIRST_SHARDS_S} s"
        time.sleep(0.005)
    everyone = psutil.Process(process.pid).children(recursive=True)
    victims = [one for one in everyone if is_worker(" ".join(one.cmdline()))]
    assert len(victims) == 2, [one.cmdline() for one in everyone]
    os.kill(victims[-1].pid, signal.SIGKILL)
    return len(list(out.glob("shard-*")))


def begin(
    prefix: Sequence[str], source: Path, out: Path, metrics: str, size: int, *options: str
) -> subprocess.Popen[bytes]:
    arguments = [str(source), "--out", str(out), "--metrics", metrics, "--shard-size", str(size), *options]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen([*prefix, "-m", "bench", "score", *arguments], env=environment, stdout=subprocess.DEVNULL)
