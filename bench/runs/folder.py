"""A finished run in its folder: written whole, read back, and computed again from its files."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path

from bench.analysis.analyse import analyse
from bench.analysis.consistency import expected_of_ratings, find_conflict
from bench.analysis.context import Settings
from bench.analysis.leakage import Leakage, read_leakage, write_leakage
from bench.analysis.results import REMEDY, VERSION, Analysis, read_analysis, write_analysis
from bench.analysis.sample import training_data
from bench.analysis.strata import Bands, labels
from bench.datasets.captions import caption_key
from bench.datasets.types import RatingScale
from bench.files import workspace
from bench.files.checksums import Finding
from bench.files.clips import Contents, read_clips, write_clips
from bench.files.dimensions import read_dimensions
from bench.files.manifest import (
    MANIFEST_NAME,
    RunManifest,
    read_manifest,
    write_manifest,
)
from bench.files.ratings import read_ratings
from bench.files.scores import SCORES_NAME, ScoreTable, read_table, write_table
from bench.files.screenings import read_screenings
from bench.files.sentinels import read_facts
from bench.reports.contents import build_report
from bench.reports.formats.markdown import render
from bench.reports.html.page import PAGE_NAME
from bench.runs.integrity import REPORT_NAME, altered_files, relevant
from bench.statistics.folds import TrainingData
from metrics.errors import DataError, UsageError
from metrics.files import sha256_of_file, write_text


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
        recompute: whether to compute statistics that are there already; those of another version always are.
        calibrate_on: folder of a run of the same metrics on other pairs, to fit calibrations on; implies recomputing.

    Raises:
        DataError: a folder holds no finished run, or a damaged one.
        UsageError: the run to calibrate on shares pairs with this one, or lacks a metric.
    """
    manifest = read_manifest(folder)
    if manifest.kind == "votes":
        raise UsageError(f"{folder} is a run on votes; give one on ratings ('bench report {folder}' shows votes)")
    altered = altered_files(folder, manifest)
    table = read_table(folder, manifest.dataset.scale)
    edited = SCORES_NAME in {one.name for one in altered}
    recompute = recompute or edited or calibrate_on is not None or manifest.analysis != VERSION
    altered = tuple(relevant(altered, recompute))
    leakage, clips = read_leakage(folder), read_clips(folder)
    if not recompute:
        return Run(folder, manifest, table, _stored_analysis(folder, table), leakage, clips, altered)
    pair_ids = list(table.pairs["pair_id"])
    ratings = read_ratings(folder, pair_ids, manifest.dataset.scale)
    other = read_run(calibrate_on) if calibrate_on else None
    training = _training(other, table) if other else None
    if other:
        altered += tuple(Finding(str(other.folder / one.name), one.problem) for one in other.altered)
    facts, screenings = read_facts(folder, pair_ids), read_screenings(folder, pair_ids, manifest.dataset.scale)
    dimensions = read_dimensions(folder, pair_ids, manifest.dataset.scale)
    analysis = analyse(table, ratings, settings_of(manifest), training, leakage, facts, screenings, dimensions)
    return Run(folder, manifest, table, analysis, leakage, clips, altered)


def settings_of(manifest: RunManifest) -> Settings:
    """Return how a run was analysed."""
    scale = RatingScale(*manifest.dataset.scale)
    bands = Bands.cut(scale, manifest.bands)
    return Settings(
        scale,
        bands,
        manifest.resampling,
        manifest.baselines,
        manifest.sentinels,
        manifest.margin,
        manifest.dataset.screening or "",
        manifest.dataset.dimension,
        manifest.by,
    )


def _stored_analysis(folder: Path, table: ScoreTable) -> Analysis:
    """Read the statistics of a run.

    Raises:
        DataError: a file is missing or damaged, or does not go with the others.
    """
    analysis = read_analysis(folder)
    scored, strata, parts = table.without(table.unscored()).metrics, labels(analysis.strata), vars(analysis)
    conflict = find_conflict(parts, expected_of_ratings(parts, scored, strata))
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


def _is_output(path: Path) -> bool:
    """The page is drawn afterwards, from these files, and again whenever somebody wants it otherwise."""
    return path.is_file() and not path.name.startswith(".") and path.name not in (MANIFEST_NAME, PAGE_NAME)
