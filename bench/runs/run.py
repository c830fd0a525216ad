"""The pipeline as plain stages: load -> score -> analyse -> write.

Each stage takes what the stage before gave and can be called alone. What a metric computed is kept in the run's
folder as soon as it is complete, so that a run that was cut off goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pandas as pd

from bench.analysis.analyse import analyse
from bench.analysis.context import Settings
from bench.analysis.leakage import Leakage, leakage_of
from bench.analysis.results import VERSION
from bench.analysis.sample import check_unit
from bench.analysis.strata import Bands
from bench.datasets.catalog import load_dataset
from bench.datasets.frame import pairs_frame
from bench.datasets.score_files import read_score_file
from bench.datasets.types import RatedDataset
from bench.files import workspace
from bench.files.clips import Contents, record_of
from bench.files.dimensions import read_dimensions, write_dimensions
from bench.files.manifest import (
    CodeRecord,
    DatasetRecord,
    Option,
    RunManifest,
    describe_code,
    describe_environment,
    external_signature,
    installed_packages,
    redact,
)
from bench.files.metric_names import check_metric_names
from bench.files.ratings import read_ratings, write_ratings
from bench.files.scores import ScoreTable
from bench.files.screenings import read_screenings, write_screenings
from bench.files.sentinels import write_facts
from bench.runs.folder import Run, write_run
from bench.runs.measure import measure_clips
from bench.runs.outcomes import outcomes_of
from bench.runs.screenings import other_screenings
from bench.statistics.types import ResamplingPlan
from metrics.errors import UnavailableError, UsageError
from metrics.files import sha256_of_file
from metrics.registry import availability, make_scorers, split_name
from metrics.types import PairScores, ProgressCallback, RemarkCallback, ScorerOptions, no_progress, no_remark


@dataclass(frozen=True)
class RunRequest:
    """What ``bench run`` was asked to do.

    Attributes:
        dataset, split, screening, dimension, scale, data_root: see `bench.datasets.catalog.load_dataset`.
        metrics: names of scorers, expanded.
        score_files: files of scores computed elsewhere, by the name they shall have.
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
    resampling: ResamplingPlan = field(default_factory=ResamplingPlan)
    bands: tuple[float, ...] | None = None
    by: tuple[str, ...] = ()
    sentinels: bool = True
    margin: float | None = None
    scorer_options: ScorerOptions = field(default_factory=ScorerOptions)
    out: Path | None = None
    options: Mapping[str, Option] = field(default_factory=dict)
    argv: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scored:
    """What the scorers gave: scores of all metrics, and signatures and notes by metric.

    Attributes:
        external: see `bench.files.manifest.RunManifest`.
        leakage: what trained metrics were shown of the pairs.
        clips: what was read of the clips.
    """

    table: ScoreTable
    signatures: Mapping[str, str]
    external: Mapping[str, str]
    notes: Mapping[str, tuple[str, ...]]
    leakage: tuple[Leakage, ...]
    clips: Contents


def run_benchmark(
    request: RunRequest, progress: ProgressCallback = no_progress, remark: RemarkCallback = no_remark
) -> Run:
    """Score every pair with every metric, compute all statistics, and write the run's folder.

    Args:
        request: what to do.
        progress: told how far the work has come.
        remark: told what was kept from an earlier start, and which rows of score files were not used.

    Raises:
        ClapBenchError: data or metrics are not available, or the folder cannot be used.
    """
    started = datetime.now(timezone.utc)
    if not request.metrics and not request.score_files:
        raise UsageError("nothing to run; give --metrics or --scores")
    check_metric_names((*request.metrics, *request.score_files))
    refuse_unavailable(request.metrics)
    dataset = load_dataset(
        request.dataset,
        split=request.split,
        screening=request.screening,
        dimension=request.dimension,
        data_root=request.data_root,
        scale=request.scale,
        progress=progress,
    )
    check_unit(request.resampling.unit, has_ratings=bool(dataset.ratings))
    bands = Bands.cut(dataset.scale, request.bands)
    pairs = pairs_frame(dataset)
    external = {name: read_score_file(path, pairs, remark) for name, path in request.score_files.items()}
    plan = plan_of(request, dataset)
    folder = workspace.choose_folder(request.out, plan, started)
    with workspace.occupied(folder, plan):
        write_ratings(((r.pair_id, r.listener_id, r.score) for r in dataset.ratings), folder)
        write_screenings(other_screenings(request.dataset, request.split, request.data_root, dataset), folder)
        write_dimensions(dataset.other_dimensions, folder)
        scored = score(request, dataset, pairs, external, folder, progress, remark)
        facts = measure_clips(dataset, request.scorer_options, progress) if request.sentinels else None
        write_facts(facts, list(pairs["pair_id"]), folder)
        progress("statistics", 0, 1)
        ratings = read_ratings(folder, list(pairs["pair_id"]))
        baselines = tuple(name for name in request.metrics if split_name(name)[0].is_baseline)
        settings = Settings(
            dataset.scale,
            bands,
            request.resampling,
            baselines,
            request.sentinels,
            request.margin,
            dataset.screening or "",
            dataset.dimension,
            request.by,
        )
        of_pairs = (list(pairs["pair_id"]), (dataset.scale.low, dataset.scale.high))
        analysis = analyse(
            scored.table,
            ratings,
            settings,
            leakage=scored.leakage,
            clips=facts,
            screenings=read_screenings(folder, *of_pairs),
            dimensions=read_dimensions(folder, *of_pairs),
        )
        progress("statistics", 1, 1)
        manifest = RunManifest(
            run_id=folder.name,
            plan=plan,
            started=started.isoformat(timespec="seconds"),
            finished="",
            argv=redact(request.argv),
            options=request.options,
            resampling=request.resampling,
            dataset=_dataset_record(dataset),
            bands=bands.edges,
            by=request.by,
            signatures=scored.signatures,
            baselines=baselines,
            sentinels=request.sentinels,
            margin=request.margin,
            analysis=VERSION,
            external=scored.external,
            notes=scored.notes,
            clips=record_of(scored.clips.values()),
            code=CodeRecord(**describe_code()),
            environment=describe_environment(request.scorer_options.device, request.scorer_options.batch_size),
            packages=installed_packages(),
        )
        return write_run(Run(folder, manifest, scored.table, analysis, scored.leakage, scored.clips))


def plan_of(request: RunRequest, dataset: RatedDataset) -> str:
    """Return a hash of everything that determines the scores: data, metrics, their settings, and package versions."""
    options = request.scorer_options
    facts = {
        "data": (
            dataset.name,
            dataset.source_sha256,
            dataset.split,
            dataset.screening,
            dataset.dimension,
            len(dataset.pairs),
        ),
        "metrics": request.metrics,
        "score_files": {name: sha256_of_file(path) for name, path in request.score_files.items()},
        "settings": (options.device, options.precision, options.window, options.seed),
        "code": (describe_code()["version"], installed_packages()),
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def score(
    request: RunRequest,
    dataset: RatedDataset,
    pairs: pd.DataFrame,
    external: Mapping[str, Any],
    folder: Path,
    progress: ProgressCallback,
    remark: RemarkCallback,
) -> Scored:
    """Score the pairs; metrics whose outcome ``folder`` keeps are not run again."""
    scorers = make_scorers(request.metrics, request.scorer_options, progress)
    signatures = {metric: scorer.spec.signature() for metric, scorer in scorers.items()}
    found = outcomes_of(scorers, dataset, pairs, folder, remark)
    outcomes = dict(found.scores)
    digests = {name: sha256_of_file(request.score_files[name]) for name in external}
    for name, values in external.items():
        signatures[name], outcomes[name] = external_signature(name, digests[name]), PairScores(values)
    table = ScoreTable(
        pairs,
        {metric: outcome.scores for metric, outcome in outcomes.items()},
        {metric: outcome.cosines for metric, outcome in outcomes.items() if outcome.cosines is not None},
        {metric: outcome.failures for metric, outcome in outcomes.items()},
    )
    notes = {metric: outcome.notes for metric, outcome in outcomes.items() if outcome.notes}
    return Scored(table, signatures, digests, notes, leakage_of(scorers, dataset), found.clips)


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


def _dataset_record(dataset: RatedDataset) -> DatasetRecord:
    return DatasetRecord(
        name=dataset.name,
        split=dataset.split,
        screening=dataset.screening,
        sha256=dataset.source_sha256,
        scale=(dataset.scale.low, dataset.scale.high),
        n_pairs=len(dataset.pairs),
        n_ratings=sum(rated.n_ratings for rated in dataset.pairs),
        audio_root=str(dataset.audio_root.absolute()),
        notes=dataset.remarks,
        dimension=dataset.dimension,
    )
