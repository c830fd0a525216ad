"""The engine ``accelerate``: the processes that ``accelerate launch`` or ``torchrun`` starts, on one machine or many.

The environment says which process this is (RANK, LOCAL_RANK). Shards are claimed (`bench.scoring.work`),
so no rank waits for a slower one, and ranks have nothing to tell each other. Therefore no process group is made: with
one, a dead rank's connections would be everybody's failure, and restarts would have to meet again first. Rank 0
summarises when every shard is there. When a rank is killed,

- under ``torchrun --max-restarts N`` (and ``accelerate launch --max_restarts N``) the launcher ends the other ranks and
  starts all again, up to N times: they go on where they stopped;
- with no restarts left the launch fails, and the same command goes on;
- with ranks started by something that lets the others live (Slurm's ``srun --no-kill``, say) these do its shards.

All ranks need one file system.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from bench.scoring.plan import ScoringJob
from bench.scoring.shard import ShardScorer
from bench.scoring.work import report, work_through
from metrics.errors import UsageError
from metrics.types import ProgressCallback, Scorer


class RankEngine:
    """One rank of a launch; the only one where there is no launcher."""

    def __init__(self, device: str) -> None:
        self.leads: bool = int(os.environ.get("RANK", "0")) == 0
        if device in ("auto", "cuda"):
            _take_gpu(int(os.environ.get("LOCAL_RANK", "0")))

    def run(self, job: ScoringJob, scorers: Mapping[str, Scorer], progress: ProgressCallback) -> None:
        scorer = ShardScorer(job, scorers)
        work_through(job, scorer.score, lambda: report(job, progress))


def _take_gpu(local_rank: int) -> None:
    """Make ``cuda`` mean a GPU of this rank's own; more ranks than GPUs share them in turn."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.set_device(local_rank % torch.cuda.device_count())


def make(processes: int, device: str) -> RankEngine:
    """Return the engine; see `bench.scoring.engines.make_engine`."""
    if processes != 1:
        raise UsageError(
            f"--processes {processes} with --engine accelerate: the launcher says how many, as in "
            "'accelerate launch --num_processes 2 -m bench score …'; leave --processes out"
        )
    return RankEngine(device)
