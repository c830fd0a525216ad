"""The pipeline as plain stages: load -> score -> analyse -> write.

Each stage takes what the stage before gave and can be called alone. What a metric computed is kept in the run's
folder as soon as it is complete, so that a run that was cut off goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pandas as pd

from bench.analysis.analyse import (
    Analysis,
    analyse,
    read_analysis,
    strata_of,
    training_data,
    write_analysis,
)
from bench.analysis.leakage import Leakage, leakage_of, read_leakage, write_leakage
from bench.analysis.strata import Bands
from bench.datasets.catalog import load_dataset
from bench.datasets.types import RatedDataset, RatingScale
from bench.files import workspace
from bench.files.manifest import (
    MANIFEST_NAME,
    DatasetRecord,
    Option,
    RunManifest,
    describe_code,
    describe_environment,
    installed_packages,
    read_manifest,
    redact,
    write_manifest,
)
from bench.files.ratings import read_ratings, write_ratings
from bench.files.scores import (
    PAIR_COLUMNS,
    SCORES_NAME,
    ScoreTable,
    checked_scores,
    pairs_frame,
    read_score_file,
    read_table,
    write_table,
)
from bench.reports.contents import build_report
from bench.reports.formats.markdown import render
from bench.reports.html.page import PAGE_NAME
from bench.statistics.folds import TrainingData
from bench.statistics.types import ResamplingPlan
from metrics.errors import UnavailableError, UsageError
from metrics.files import sha256_of_file, write_text
from metrics.registry import availability, make_scorers
from metrics.types import PairScores, ProgressCallback, Scorer, ScorerOptions, no_progress

EXTERNAL = "scores from a file"


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
    """A finished run, as it was made or as it was read back."""

    folder: Path
    manifest: RunManifest
    table: ScoreTable
    analysis: Analysis
    leakage: tuple[Leakage, ...] = ()


@dataclass(frozen=True)
class Scored:
    """What the scorers gave: scores of all metrics, and signatures and notes by metric.

    Attributes:
        leakage: what trained metrics were shown of the pairs.
    """

    table: ScoreTable
    signatures: Mapping[str, str]
    notes: Mapping[str, tuple[str, ...]]
    leakage: tuple[Leakage, ...]


def run_benchmark(request: RunRequest, progress: ProgressCallback = no_progress) -> Run:
    """Score every pair with every metric, compute all statistics, and write the run's folder.

    Raises:
        ClapBenchError: data or metrics are not available, or the folder cannot be used.
    """
    started = datetime.now(timezone.utc)
    _refuse_clashing_names(request)
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
        scored = score(request, dataset, pairs, external, folder, progress)
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
            resampling=asdict(request.resampling),
            dataset=_dataset_record(dataset),
            bands=bands.edges,
            signatures=scored.signatures,
            notes=scored.notes,
            code=describe_code(),
            environment=describe_environment(request.scorer_options.device),
            packages=installed_packages(),
        )
        return write_run(Run(folder, manifest, scored.table, analysis, scored.leakage))


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
) -> Scored:
    """Score the pairs; metrics whose outcome ``folder`` keeps are not run again."""
    scorers = make_scorers(request.metrics, request.scorer_options, progress)
    signatures = {metric: scorer.spec.signature() for metric, scorer in scorers.items()}
    outcomes = {metric: _outcome(metric, scorer, dataset, pairs, folder) for metric, scorer in scorers.items()}
    for name, values in external.items():
        digest = sha256_of_file(request.score_files[name])
        signatures[name], outcomes[name] = f"{name}|{EXTERNAL}|sha256:{digest[:16]}", PairScores(values)
    table = ScoreTable(
        pairs,
        {metric: outcome.scores for metric, outcome in outcomes.items()},
        {metric: outcome.cosines for metric, outcome in outcomes.items() if outcome.cosines is not None},
        {metric: outcome.failures for metric, outcome in outcomes.items()},
    )
    notes = {metric: outcome.notes for metric, outcome in outcomes.items() if outcome.notes}
    return Scored(table, signatures, notes, leakage_of(scorers, dataset))


def write_run(run: Run) -> Run:
    """Write all files of a run, the manifest last, and return the run with its complete manifest."""
    write_table(run.table, run.folder)
    write_analysis(run.analysis, run.folder)
    write_leakage(run.leakage, run.folder)
    write_text(run.folder / "report.md", render(build_report(run.manifest, run.table, run.analysis, run.leakage)))
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
    table = read_table(folder)
    edited = sha256_of_file(folder / SCORES_NAME) != manifest.outputs.get(SCORES_NAME)
    scale, plan = RatingScale(*manifest.dataset.scale), ResamplingPlan(**manifest.resampling)
    bands = Bands.cut(scale, manifest.bands)
    if not (recompute or edited or calibrate_on):
        return Run(folder, manifest, table, _stored_analysis(folder, table, bands), read_leakage(folder))
    ratings = read_ratings(folder, list(table.pairs["pair_id"]))
    training = _training(calibrate_on, table) if calibrate_on else None
    return Run(folder, manifest, table, analyse(table, ratings, scale, bands, plan, training), read_leakage(folder))


def _stored_analysis(folder: Path, table: ScoreTable, bands: Bands) -> Analysis:
    """Read the statistics of a run; what its strata are is found again where an older version did not write it down."""
    analysis = read_analysis(folder)
    return analysis if analysis.strata else replace(analysis, strata=strata_of(table, bands))


def _training(folder: Path, table: ScoreTable) -> TrainingData:
    other = read_run(folder)
    shared = set(other.table.pairs["caption_id"]) & set(table.pairs["caption_id"])
    if set(other.table.pairs["pair_id"]) & set(table.pairs["pair_id"]):
        raise UsageError(f"{folder} holds pairs of this run; calibrate on another split")
    kept = ~other.table.pairs["caption_id"].isin(shared)
    metrics = [metric for metric in table.metrics if metric not in table.unscored()]
    return training_data(other.table.where(kept), metrics, RatingScale(*other.manifest.dataset.scale))


def _refuse_clashing_names(request: RunRequest) -> None:
    for name in request.score_files:
        if name in request.metrics or name in PAIR_COLUMNS or not name.isprintable():
            taken = ", ".join((*request.metrics, *PAIR_COLUMNS))
            raise UsageError(f"--scores cannot be called {name!r}; choose a printable name other than {taken}")
    if not request.metrics and not request.score_files:
        raise UsageError("nothing to run; give --metrics or --scores")


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


def _outcome(metric: str, scorer: Scorer, dataset: RatedDataset, pairs: pd.DataFrame, folder: Path) -> PairScores:
    """Return the outcome of one metric, from the folder if it is kept there."""
    signature = scorer.spec.signature()
    outcome = workspace.saved_outcome(folder, metric, signature)
    if outcome is None:
        rated = [rated.pair for rated in dataset.pairs]
        outcome = checked_scores(metric, scorer.score(rated), rated)
        workspace.save_outcome(folder, pairs, metric, signature, outcome)
    return outcome


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
        notes=dataset.notes,
    )


def _is_output(path: Path) -> bool:
    """The page is drawn afterwards, from these files, and again whenever somebody wants it otherwise."""
    return path.is_file() and not path.name.startswith(".") and path.name not in (MANIFEST_NAME, PAGE_NAME)
