"""``bench score`` from beginning to end: plan -> shards, by an engine -> summary."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from bench.files.manifest import describe_code, describe_environment, installed_packages, redact
from bench.scoring.engines import Engine
from bench.scoring.engines.local import LocalEngine
from bench.scoring.names import EngineName
from bench.scoring.plan import DEFAULT_SHARD_SIZE, begin_job
from bench.scoring.shard import check_shards
from bench.scoring.summary import ScoringSummary, summarise
from bench.scoring.work import discard_claims, report
from metrics.errors import UsageError
from metrics.registry import make_scorers
from metrics.types import ProgressCallback, ScorerOptions, no_progress


@dataclass(frozen=True)
class ScoringRequest:
    """What ``bench score`` was asked to do.

    Attributes:
        source: file of the pairs.
        metrics: names of scorers, expanded.
        out: folder of the shards.
        audio_root: where relative audio paths start; None is the folder of ``source``.
        shard_size: rows a shard.
        engine: see `bench.scoring.engines`.
        processes: that each hold the models; with ``ray`` the most of them, with ``accelerate`` the launcher's affair.
        scorer_options: device, window, seed and so on.
        argv: the command as typed.
    """

    source: Path
    metrics: tuple[str, ...]
    out: Path
    audio_root: Path | None = None
    shard_size: int = DEFAULT_SHARD_SIZE
    engine: EngineName = "local"
    processes: int = 1
    scorer_options: ScorerOptions = field(default_factory=ScorerOptions)
    argv: tuple[str, ...] = ()


def score_pairs(request: ScoringRequest, progress: ProgressCallback = no_progress) -> ScoringSummary | None:
    """Score all pairs of a file, going on where an earlier call stopped, and summarise.

    Returns:
        The summary; None in a process that does not lead (see `bench.scoring.engines.Engine`).

    Raises:
        ClapBenchError: the pairs or a metric are not available, or the folder cannot be used.
    """
    started = _now()
    engine = _make_engine(request)
    progress = progress if engine.leads else no_progress
    scorers = make_scorers(request.metrics, request.scorer_options, progress)
    audio_root = request.source.parent if request.audio_root is None else request.audio_root
    job = begin_job(request.source, request.out, audio_root, request.shard_size, scorers, request.scorer_options)
    check_shards(job)
    report(job, progress)
    if job.missing():
        engine.run(job, scorers, progress)
    if not engine.leads:
        return None
    summary = summarise(job, _provenance(request, started))
    discard_claims(job)
    return summary


def _make_engine(request: ScoringRequest) -> Engine:
    """Import the engine's package only where it is asked for."""
    if request.engine == "ray":
        from bench.scoring.engines.ray_pool import RayEngine

        return RayEngine(request.processes)
    if request.engine == "accelerate":
        if request.processes != 1:
            raise UsageError(
                f"--processes {request.processes} with --engine accelerate: the launcher says how many, as in "
                "'accelerate launch --num_processes 2 -m bench score …'; leave --processes out"
            )
        from bench.scoring.engines.ranks import RankEngine

        return RankEngine(request.scorer_options.device)
    return LocalEngine(request.processes)


def _provenance(request: ScoringRequest, started: str) -> dict[str, Any]:
    return {
        "source": str(request.source),
        "argv": redact(request.argv),
        "engine": request.engine,
        "processes": request.processes,
        "started": started,
        "finished": _now(),
        "code": describe_code(),
        "packages": installed_packages(),
        "environment": describe_environment(request.scorer_options.device, request.scorer_options.batch_size),
    }


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
