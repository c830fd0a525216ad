"""The pipeline as plain stages: load -> score -> analyse -> write.

Each stage takes what the stage before gave and can be called alone. What a metric computed is kept in the run's
folder as soon as it is complete, so that a run that was cut off goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pandas as pd

from bench.analysis.analyse import (
    REMEDY,
    Analysis,
    analyse,
    read_analysis,
    strata_of,
    training_data,
    write_analysis,
)
from bench.analysis.consistency import find_conflict
from bench.analysis.leakage import Leakage, leakage_of, read_leakage, write_leakage
from bench.analysis.strata import Bands, labels
from bench.datasets.captions import caption_key
from bench.datasets.catalog import load_dataset
from bench.datasets.frame import pairs_frame
from bench.datasets.types import RatedDataset, RatingScale
from bench.files import workspace
from bench.files.checksums import Finding
from bench.files.clips import Contents, read_clips, record_of, write_clips
from bench.files.manifest import (
    MANIFEST_NAME,
    CodeRecord,
    DatasetRecord,
    Option,
    RunManifest,
    describe_code,
    describe_environment,
    external_signature,
    installed_packages,
    read_manifest,
    redact,
    write_manifest,
)
from bench.files.metric_names import check_metric_names
from bench.files.ratings import read_ratings, write_ratings
from bench.files.scores import SCORES_NAME, ScoreTable, read_score_file, read_table, write_table
from bench.reports.contents import build_report
from bench.reports.formats.markdown import render
from bench.reports.html.page import PAGE_NAME
from bench.runs.integrity import REPORT_NAME, altered_files, relevant
from bench.runs.outcomes import outcomes_of
from bench.statistics.folds import TrainingData
from bench.statistics.types import ResamplingPlan
from metrics.errors import DataError, UnavailableError, UsageError
from metrics.files import sha256_of_file, write_text
from metrics.registry import availability, make_scorers
from metrics.types import PairScores, ProgressCallback, RemarkCallback, ScorerOptions, no_progress, no_remark


@dataclass(frozen=True)
class RunRequest:
    """What ``bench run`` was asked to do.

    Attributes:
        dataset, split, screening, scale, data_root: see `bench.datasets.catalog.load_dataset`.
        metrics: names of scorers, expanded.
        score_files: files of scores computed elsewhere, by the name they shall have.
        resampling: how intervals are made.
        bands: edges of the score bands on the data set's scale; None cuts it in the middle.
        scorer_options: device, window, seed and so on.
        out: folder for the run; None takes a new one under ``results``.
        options: every command-line option with its value and whether it was passed.
        argv: the command as typed.
    """

    dataset: str
    metrics: tuple[str, ...]
    split: str | None = None
    screening: str | None = None
    scale: str | None = None
    data_root: Path | None = None
    score_files: Mapping[str, Path] = field(default_factory=dict)
    resampling: ResamplingPlan = field(default_factory=ResamplingPlan)
    bands: tuple[float, ...] | None = None
    scorer_options: ScorerOptions = field(default_factory=ScorerOptions)
    out: Path | None = None
    options: Mapping[str, Option] = field(default_factory=dict)
    argv: tuple[str, ...] = ()


@dataclass(frozen=True)
class Run:
    """A finished run, as it was made or as it was read back.

    Attributes:
        clips: what was read of the clips; nothing in runs of older versions.
        altered: files that it was read back from and that are not as it wrote them.
    """

    folder: Path
    manifest: RunManifest
    table: ScoreTable
    analysis: Analysis
    leakage: tuple[Leakage, ...] = ()
    clips: Contents = field(default_factory=dict)
    altered: tuple[Finding, ...] = ()


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
        remark: told what was kept from an earlier start.

    Raises:
        ClapBenchError: data or metrics are not available, or the folder cannot be used.
    """
    started = datetime.now(timezone.utc)
    if not request.metrics and not request.score_files:
        raise UsageError("nothing to run; give --metrics or --scores")
    check_metric_names((*request.metrics, *request.score_files))
    _refuse_unavailable(request.metrics)
    dataset = load_dataset(
        request.dataset,
        split=request.split,
        screening=request.screening,
        data_root=request.data_root,
        scale=request.scale,
        progress=progress,
    )
    bands = Bands.cut(dataset.scale, request.bands)
    pairs = pairs_frame(dataset)
    external = {name: read_score_file(path, pairs) for name, path in request.score_files.items()}
    plan = plan_of(request, dataset)
    folder = workspace.choose_folder(request.out, plan, started)
    with workspace.occupied(folder, plan):
        write_ratings(((r.pair_id, r.listener_id, r.score) for r in dataset.ratings), folder)
        scored = score(request, dataset, pairs, external, folder, progress, remark)
        progress("statistics", 0, 1)
        ratings = read_ratings(folder, list(pairs["pair_id"]))
        analysis = analyse(scored.table, ratings, dataset.scale, bands, request.resampling)
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
            signatures=scored.signatures,
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
        "data": (dataset.name, dataset.source_sha256, dataset.split, dataset.screening, len(dataset.pairs)),
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


def write_run(run: Run) -> Run:
    """Write all files of a run, the manifest last, and return the run with its complete manifest."""
    write_table(run.table, run.folder)
    write_analysis(run.analysis, run.folder)
    write_leakage(run.leakage, run.folder)
    write_clips(run.clips, run.folder)
    write_text(run.folder / REPORT_NAME, render(build_report(run.manifest, run.table, run.analysis, run.leakage)))
    outputs = {path.name: sha256_of_file(path) for path in sorted(run.folder.iterdir()) if _is_output(path)}
    finished = datetime.now(timezone.utc).isoformat(timespec="seconds")
    complete = replace(run, manifest=replace(run.manifest, finished=finished, outputs=outputs))
    write_manifest(complete.manifest, run.folder)
    workspace.discard_partial(run.folder)
    return complete


def read_run(folder: Path, recompute: bool = False, calibrate_on: Path | None = None) -> Run:
    """Read a finished run. Statistics are computed anew if asked, or if ``scores.csv`` was edited since.

    Args:
        folder: of the run.
        recompute: whether to compute statistics that are there already.
        calibrate_on: folder of a run of the same metrics on other pairs, to fit calibrations on; implies recomputing.

    Raises:
        DataError: a folder holds no finished run, or a damaged one.
        UsageError: the run to calibrate on shares pairs with this one, or lacks a metric.
    """
    manifest = read_manifest(folder)
    altered = altered_files(folder, manifest)
    table = read_table(folder, manifest.dataset.scale)
    recompute = recompute or calibrate_on is not None or SCORES_NAME in {one.name for one in altered}
    altered = tuple(relevant(altered, recompute))
    leakage, clips = read_leakage(folder), read_clips(folder)
    scale, plan = RatingScale(*manifest.dataset.scale), manifest.resampling
    bands = Bands.cut(scale, manifest.bands)
    if not recompute:
        return Run(folder, manifest, table, _stored_analysis(folder, table, bands), leakage, clips, altered)
    ratings = read_ratings(folder, list(table.pairs["pair_id"]), manifest.dataset.scale)
    other = read_run(calibrate_on) if calibrate_on else None
    training = _training(other, table) if other else None
    if other:
        altered += tuple(Finding(str(other.folder / one.name), one.problem) for one in other.altered)
    return Run(folder, manifest, table, analyse(table, ratings, scale, bands, plan, training), leakage, clips, altered)


def _stored_analysis(folder: Path, table: ScoreTable, bands: Bands) -> Analysis:
    """Read the statistics of a run; what its strata are is found again where an older version did not write it down.

    Raises:
        DataError: a file is missing or damaged, or does not go with the others.
    """
    analysis = read_analysis(folder)
    analysis = analysis if analysis.strata else replace(analysis, strata=strata_of(table, bands))
    scored = table.without(table.unscored()).metrics
    conflict = find_conflict(vars(analysis), scored, labels(analysis.strata))
    if conflict:
        name, problem = conflict
        raise DataError(f"{folder / name}.json is damaged: {problem}; {REMEDY}")
    return analysis


def _training(other: Run, table: ScoreTable) -> TrainingData:
    if set(other.table.pairs["pair_id"]) & set(table.pairs["pair_id"]):
        raise UsageError(f"{other.folder} holds pairs of this run; calibrate on another split")
    ours, theirs = table.pairs, other.table.pairs
    # By id and by text: the id of a caption with several spellings depends on which of them its data have.
    keys, their_keys = (pairs["caption"].map(caption_key, na_action="ignore") for pairs in (ours, theirs))
    kept = ~(theirs["caption_id"].isin(ours["caption_id"]) | their_keys.isin(keys))
    metrics = [metric for metric in table.metrics if metric not in table.unscored()]
    return training_data(other.table.where(kept), metrics, RatingScale(*other.manifest.dataset.scale))


def _refuse_unavailable(metrics: Sequence[str]) -> None:
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
    )


def _is_output(path: Path) -> bool:
    """The page is drawn afterwards, from these files, and again whenever somebody wants it otherwise."""
    return path.is_file() and not path.name.startswith(".") and path.name not in (MANIFEST_NAME, PAGE_NAME)
