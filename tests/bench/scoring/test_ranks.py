"""Two processes of a launcher, on the CPU."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench.scoring.job import score_pairs
from metrics.errors import UsageError
from tests.bench.scoring.engines import assert_equal_scores, assert_whole, begin_long, kill_worker, score_both
from tests.bench.scoring.pairs import request_for, rows_of, write_pairs

TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
ACCELERATE = [
    sys.executable,
    "-m",
    "accelerate.commands.launch",
    "--cpu",
    "--num_processes",
    "2",
    "--num_machines",
    "1",
]
OPTIONS = ("--engine", "accelerate", "--device", "cpu")


def is_rank(command: str) -> bool:
    return "bench score" in command and "torch.distributed.run" not in command


@pytest.mark.slow
@pytest.mark.parametrize("launcher", [TORCHRUN, ACCELERATE], ids=["torchrun", "accelerate launch"])
def test_ranks_give_the_local_scores(tmp_path: Path, launcher: list[str]) -> None:
    local, ranks = score_both(tmp_path, launcher, *OPTIONS)
    assert_equal_scores(local, ranks)
    ours, theirs = (json.loads((out / "summary.json").read_text()) for out in (local, ranks))
    assert theirs["provenance"]["engine"] == "accelerate"
    for one, other in zip(ours["means"], theirs["means"], strict=True):
        assert other["mean"] == pytest.approx(one["mean"], abs=1e-6)


@pytest.mark.slow
def test_a_killed_rank_with_restarts_left(tmp_path: Path) -> None:
    process, out = begin_long(tmp_path, [*TORCHRUN, "--max-restarts", "1"], *OPTIONS)
    kill_worker(process, out, is_rank)
    assert process.wait(300) == 0
    assert_whole(out)


@pytest.mark.slow
def test_a_killed_rank_without_restarts_and_the_command_again(tmp_path: Path) -> None:
    process, out = begin_long(tmp_path, TORCHRUN, *OPTIONS)
    n_done = kill_worker(process, out, is_rank)
    assert process.wait(300) != 0
    kept = {path: path.stat().st_mtime_ns for path in out.glob("shard-*")}
    assert n_done <= len(kept) < 120
    process, out = begin_long(tmp_path, TORCHRUN, *OPTIONS)
    assert process.wait(300) == 0
    assert all(path.stat().st_mtime_ns == moment for path, moment in kept.items())
    assert_whole(out)


@pytest.mark.slow
def test_ranks_that_live_on_do_the_dead_ones_shards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ranks that no agent watches: the one that is left has no restart to wait for."""
    ranks: list[subprocess.Popen[bytes]] = []
    for rank in ("0", "1"):
        monkeypatch.setenv("RANK", rank)
        monkeypatch.setenv("LOCAL_RANK", rank)
        process, out = begin_long(tmp_path, [sys.executable], *OPTIONS)
        ranks.append(process)
    while len(list(out.glob("shard-*"))) < 5:
        time.sleep(0.005)
    os.kill(ranks[1].pid, signal.SIGKILL)
    assert ranks[0].wait(300) == 0
    assert ranks[1].wait(1) == -signal.SIGKILL
    assert_whole(out)


def test_the_launcher_says_how_many(tmp_path: Path) -> None:
    source = write_pairs(tmp_path / "pairs.csv", rows_of(4))
    with pytest.raises(UsageError, match="the launcher says how many"):
        score_pairs(request_for(source, tmp_path / "out", engine="accelerate", processes=2))
