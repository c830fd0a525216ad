"""The engine ``ray``: a pool of actors on a Ray cluster, by Ray Data.

Ray Data starts up to so many actors as resources allow and hands each one shard after another. An actor that dies is
started again and its shard is tried again (`MOST_RESTARTS`, `MOST_RETRIES`): at least once, and because a shard's file
is there whole or not at all, with the effect of once. Shards that are there are not handed out. Only shard numbers
travel; pairs, clips and scores are read and written by the workers, who need the same file system and packages.

``RAY_ADDRESS`` names the cluster; without it one is started on this machine, for as long as the job takes.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import socket
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.scoring.plan import ScoringJob
from bench.scoring.shard import ShardScorer
from bench.scoring.source import Shard
from bench.scoring.work import report
from metrics.errors import ClapBenchError, UnavailableError, reason_of
from metrics.types import ProgressCallback, Scorer, no_progress

if TYPE_CHECKING:
    import ray.data

MOST_RESTARTS = 10
"""Of one actor."""
MOST_RETRIES = 3
"""Of one shard whose actor died."""
ANSWER_S = 10
"""Seconds within which a cluster takes a connection."""
HERE = "127.0.0.1"
"""Where a cluster of this machine listens: nobody else has business with it, and a firewall does not stop it."""


class RayEngine:
    """Up to ``n_workers`` actors.

    Raises:
        UnavailableError: Ray is not installed.
    """

    leads = True

    def __init__(self, n_workers: int) -> None:
        if importlib.util.find_spec("ray") is None:
            raise UnavailableError("--engine ray: package not installed: ray; pip install 'clap-bench[ray]'")
        self._n_workers = n_workers

    def run(
        self,
        job: ScoringJob,
        scorers: Mapping[str, Scorer],  # noqa: ARG002
        progress: ProgressCallback,
    ) -> None:
        import ray

        begun = not ray.is_initialized()
        if begun:
            _join_cluster()
        try:
            for row in _scored(job, self._n_workers).iter_rows():
                if row["error"]:
                    raise ClapBenchError(row["error"])
                report(job, progress)
        except ray.exceptions.RayError as error:
            raise ClapBenchError(
                f"the Ray cluster gave up: {type(error).__name__}: {error}; start the same command again to go on"
            ) from error
        finally:
            if begun:
                ray.shutdown()


def _join_cluster() -> None:
    """Join the cluster that ``RAY_ADDRESS`` names, or start one here.

    Raises:
        UnavailableError: there is none, or Ray does not start.
    """
    import ray

    address = os.environ.get("RAY_ADDRESS", "")
    try:
        _knock(address)
        at = None if address else HERE
        ray.init(include_dashboard=False, log_to_driver=False, logging_level="warning", _node_ip_address=at)
    except (OSError, OverflowError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        if address:
            raise UnavailableError(
                f"no Ray cluster answers at RAY_ADDRESS={address} ({reason_of(error)}); start one there with "
                "'ray start --head', or unset RAY_ADDRESS to have one started on this machine"
            ) from error
        raise UnavailableError(
            f"no Ray cluster can be started here ({reason_of(error)}); try --engine local"
        ) from error


def _knock(address: str) -> None:
    """Raise `OSError` or `OverflowError` if nobody listens there: Ray itself asks for some four minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), ANSWER_S).close()


def _scored(job: ScoringJob, n_workers: int) -> ray.data.Dataset:
    """Return the missing shards' numbers as a data set that scores them when it is read, a block a shard."""
    import ray.data

    ray.data.DataContext.get_current().enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    missing = [{"shard": shard.index} for shard in job.missing()]
    return ray.data.from_items(missing, override_num_blocks=len(missing)).map_batches(
        ShardActor,
        fn_constructor_args=(replace(job, options=replace(job.options, progress=no_progress)),),
        batch_size=1,
        compute=ray.data.ActorPoolStrategy(min_size=1, max_size=n_workers, initial_size=n_workers),
        num_cpus=1,
        num_gpus=_gpus_each(job.options.device),
        ray_remote_args_fn=_limits,
    )


class ShardActor:
    """A worker, as Ray Data calls it; the models are loaded with its first shard."""

    def __init__(self, job: ScoringJob) -> None:
        self._job = job
        self._scorer: ShardScorer | None = None

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        errors = [self._try(self._job.plan.shards[int(index)]) for index in batch["shard"]]
        return {"shard": batch["shard"], "error": np.array(errors)}

    def _try(self, shard: Shard) -> str:
        """Return what went wrong, or nothing; what is wrong with the data is no reason to try again."""
        if self._job.shard_path(shard).exists():
            return ""
        try:
            self._scorer = self._scorer or ShardScorer(self._job)
            self._scorer.score(shard)
        except ClapBenchError as error:
            return str(error)
        return ""


def _limits() -> dict[str, int]:
    """Return for how long actors and shards are tried again; Ray Data's own limit is none."""
    return {"max_restarts": MOST_RESTARTS, "max_task_retries": MOST_RETRIES}


def _gpus_each(device: str) -> int:
    """Return 1 where models run on GPUs: by request, or because the cluster has some."""
    import ray

    return int(device == "cuda" or (device == "auto" and ray.cluster_resources().get("GPU", 0) > 0))


def make(processes: int, device: str) -> RayEngine:  # noqa: ARG001 - every engine's has these
    """Return the engine; see `bench.scoring.engines.make_engine`."""
    return RayEngine(processes)
