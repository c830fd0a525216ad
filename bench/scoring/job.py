"""``bench score`` from beginning to end: plan -> shards, by an engine -> summary."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from bench.files.checksums import SUMS_NAME, write_sums
from bench.files.manifest import describe_code, describe_environment, installed_packages, redact
from bench.files.metric_names import check_metric_names
from bench.scoring.engines import make_engine
from bench.scoring.plan import DEFAULT_SHARD_SIZE, PLAN_NAME, begin_job
from bench.scoring.standing import discard_fallen, refuse_fallen
from bench.scoring.summary import FAILURES_NAME, SUMMARY_NAME, ScoringSummary, summarise
from bench.scoring.work import discard_claims, report
from metrics.registry import make_scorers
from metrics.types import ProgressCallback, RemarkCallback, ScorerOptions, no_progress, no_remark


@dataclass(frozen=True)
class ScoringRequest:
    """What ``bench score`` was asked to do.

    Attributes:
        source: file of the pairs.
        metrics: names of scorers, expanded.
        out: folder of the shards.
        audio_root: where relative audio paths start; None is the folder of ``source``.
        shard_size: rows a shard.
        engine: a name of `bench.scoring.engines.ENGINES`.
        processes: that each hold the models; with ``ray`` the most of them, with ``accelerate`` 1.
        scorer_options: device, window, seed and so on.
        argv: the command as typed.
    """

    source: Path
    metrics: tuple[str, ...]
    out: Path
    audio_root: Path | None = None
    shard_size: int = DEFAULT_SHARD_SIZE
    engine: str = "local"
    processes: int = 1
    scorer_options: ScorerOptions = field(default_factory=ScorerOptions)
    argv: tuple[str, ...] = ()


def score_pairs(
    request: ScoringRequest, progress: ProgressCallback = no_progress, remark: RemarkCallback = no_remark
) -> ScoringSummary | None:
    """Score all pairs of a file, going on where an earlier call stopped, and summarise.

    Shards that were scored from other clips than are there now are scored again.

    Args:
        request: what to do.
        progress: told how far the work has come.
        remark: told what was there and what was scored.

    Returns:
        The summary; None in a process that does not lead (see `bench.scoring.engines.Engine`).

    Raises:
        ClapBenchError: the pairs or a metric are not available, the folder cannot be used, or clips changed meanwhile.
    """
    started = _now()
    check_metric_names(request.metrics)
    engine = make_engine(request.engine, request.processes, request.scorer_options.device)
    progress = progress if engine.leads else no_progress
    scorers = make_scorers(request.metrics, request.scorer_options, progress)
    audio_root = request.source.parent if request.audio_root is None else request.audio_root
    job = begin_job(request.source, request.out, audio_root, request.shard_size, scorers, request.scorer_options)
    discard_fallen(job, remark if engine.leads else no_remark)
    report(job, progress)
    missing = job.missing()
    if missing:
        (job.out / SUMS_NAME).unlink(missing_ok=True)
        engine.run(job, scorers, progress)
    if not engine.leads:
        return None
    if missing:
        refuse_fallen(job)
    _say(len(job.plan.shards), len(missing), remark)
    summary = summarise(job, _provenance(request, started))
    shards = [job.shard_path(shard).name for shard in job.plan.shards]
    write_sums(job.out, [PLAN_NAME, *shards, FAILURES_NAME, SUMMARY_NAME])
    discard_claims(job)
    return summary


def _say(n_shards: int, n_scored: int, remark: RemarkCallback) -> None:
    if not n_scored:
        remark(f"nothing was scored: all {n_shards:,} shards were there")
    elif n_scored < n_shards:
        verb = "was" if n_scored == 1 else "were"
        remark(f"{n_shards - n_scored:,} of {n_shards:,} shards were there, {n_scored:,} {verb} scored")


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
