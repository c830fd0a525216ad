"""What ``bench run`` was asked to do, and what its manifest says of it: the same for ratings and for votes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from bench.analysis.results import VERSION
from bench.files.clips import record_of
from bench.files.manifest import (
    CodeRecord,
    DatasetRecord,
    Option,
    RunManifest,
    describe_code,
    describe_environment,
    installed_packages,
    redact,
)
from bench.files.metric_names import check_metric_names
from bench.runs.external import ExternalScores
from bench.runs.scored import Scored
from bench.statistics.types import ResamplingPlan
from metrics.errors import UnavailableError, UsageError
from metrics.registry import availability, split_name
from metrics.types import ScorerOptions


@dataclass(frozen=True)
class RunRequest:
    """What ``bench run`` was asked to do.

    Attributes:
        dataset, split, screening, dimension, scale, data_root: see `bench.datasets.catalog.load_dataset`.
        metrics: names of scorers, expanded.
        score_files: files of scores computed elsewhere, by the name they shall have.
        scores_from: entries of the archive of scores (`bench.datasets.score_archive`).
        resampling: how intervals are made.
        bands: edges of the score bands on the data set's scale; None cuts it in the middle.
        by: kinds of strata that captions give, see `bench.analysis.strata.BY_CAPTION`.
        sentinels: whether clips are measured, and metrics held against what hears nothing.
        margin: see `bench.analysis.context.Settings`.
        scorer_options: device, window, seed and so on.
        out: folder for the run; None takes a new one under ``results``.
        options: every command-line option with its value and whether it was passed.
        argv: the command as typed.
    """

    dataset: str
    metrics: tuple[str, ...]
    split: str | None = None
    screening: str | None = None
    dimension: str | None = None
    scale: str | None = None
    data_root: Path | None = None
    score_files: Mapping[str, Path] = field(default_factory=dict)
    scores_from: tuple[str, ...] = ()
    resampling: ResamplingPlan = field(default_factory=ResamplingPlan)
    bands: tuple[float, ...] | None = None
    by: tuple[str, ...] = ()
    sentinels: bool = True
    margin: float | None = None
    scorer_options: ScorerOptions = field(default_factory=ScorerOptions)
    out: Path | None = None
    options: Mapping[str, Option] = field(default_factory=dict)
    argv: tuple[str, ...] = ()


def make_manifest(
    request: RunRequest,
    folder: Path,
    plan: str,
    started: datetime,
    dataset: DatasetRecord,
    scored: Scored,
    *,
    packages: Mapping[str, str] | None = None,
    **more: Any,
) -> RunManifest:
    """Return the manifest of a run that is not finished yet.

    Args:
        request: what was asked for.
        folder: of the run.
        plan: hash of what determines the scores.
        started: when.
        dataset: which data.
        scored: what the metrics gave.
        packages: that took part besides those of `bench.files.manifest.PACKAGES`, with their versions.
        more: fields of `bench.files.manifest.RunManifest` that ratings and votes do not share.
    """
    return RunManifest(
        run_id=folder.name,
        plan=plan,
        started=started.isoformat(timespec="seconds"),
        finished="",
        argv=redact(request.argv),
        options=request.options,
        resampling=request.resampling,
        dataset=dataset,
        signatures=scored.signatures,
        analysis=VERSION,
        external=scored.external,
        notes=scored.notes,
        clips=record_of(scored.clips.values()),
        code=CodeRecord(**describe_code()),
        environment=describe_environment(request.scorer_options.device, request.scorer_options.batch_size),
        packages={**installed_packages(), **(packages or {})},
        **more,
    )


def hash_of_plan(request: RunRequest, data: Sequence[object], external: ExternalScores) -> str:
    """Return a hash of everything that determines the scores: data, metrics, their settings, and package versions.

    Args:
        request: metrics and settings.
        data: what tells the data from any other.
        external: scores that were computed elsewhere.
    """
    options = request.scorer_options
    facts = {
        "data": data,
        "metrics": request.metrics,
        "score_files": external.digests,
        "settings": (options.device, options.precision, options.window, options.seed),
        "code": (describe_code()["version"], installed_packages()),
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def baselines_of(request: RunRequest) -> tuple[str, ...]:
    """Return the metrics that know nothing, or one trivial thing, of a pair."""
    return tuple(name for name in request.metrics if split_name(name)[0].is_baseline)


def refuse_impossible(request: RunRequest) -> None:
    """Raise `UsageError` where nothing is to be run, or names of metrics cannot be used; see `refuse_unavailable`."""
    if not (request.metrics or request.score_files or request.scores_from):
        raise UsageError("nothing to run; give --metrics, --scores or --scores-from")
    check_metric_names((*request.metrics, *request.score_files))
    refuse_unavailable(request.metrics)


def refuse_unavailable(metrics: Sequence[str]) -> None:
    """Say at once everything that is missing, before hours of work on the metrics that are there."""
    states = {metric: availability(metric) for metric in metrics}
    missing = [
        f"{metric}: {s.reason}; {s.remedy}" for metric, s in states.items() if not (s.available or s.downloadable)
    ]
    if missing:
        cause = next((state.cause for state in states.values() if state.cause), None)
        raise UnavailableError(
            f"cannot run {len(missing)} of {len(metrics)} metrics: " + " | ".join(missing)
        ) from cause
