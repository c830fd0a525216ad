"""The folder of a run on votes: written whole, and read back.

``comparisons.csv`` and ``votes.csv`` are the data, ``scores.csv`` has a row a clip and caption and a column a metric,
``cosines.csv`` the raw cosines, ``failures.csv`` says why a score is missing, ``leakage.json`` and ``clips.json`` are
as in a run on ratings, and each field of `bench.analysis.vote_results.VoteAnalysis` is a JSON file.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, get_args, get_type_hints

import numpy as np
from jaxtyping import Float

from bench.analysis.consistency import expected_of_votes, find_conflict
from bench.analysis.leakage import Leakage, read_leakage, write_leakage
from bench.analysis.results import VERSION
from bench.analysis.vote_results import VoteAnalysis
from bench.analysis.votes import Scores, analyse_votes, ballots_of, usable
from bench.datasets.votes import CHOICES, Choice, Comparison, Shared, Vote, VotedDataset
from bench.files import workspace
from bench.files.checksums import Finding
from bench.files.clips import Contents, read_clips, write_clips
from bench.files.csvfile import CsvRow, quoted, read_csv, refuse_repeated, write_csv
from bench.files.manifest import MANIFEST_NAME, RunManifest, read_manifest, write_manifest
from bench.files.records import read_records, write_records
from bench.files.scores import COSINES_NAME, FAILURE_COLUMNS, FAILURES_NAME, SCORES_NAME
from bench.reports.formats.markdown import render
from bench.reports.html.page import PAGE_NAME
from bench.reports.layout import Report
from bench.reports.vote_report import build_vote_report
from bench.runs.integrity import COMPARISONS_NAME, REPORT_NAME, VOTES_NAME, altered_files, relevant
from bench.statistics.types import ResamplingPlan
from metrics.errors import DataError
from metrics.files import sha256_of_file, write_text
from metrics.types import AudioTextPair, ScoreFailure

PAIR_COLUMNS = ("pair_id", "audio", "caption")
COMPARISON_COLUMNS = ("comparison_id", "pair_a", "pair_b", "kind", "system_a", "system_b")
VOTE_COLUMNS = ("comparison_id", "listener_id", "choice")
REMEDY = "run 'bench run' again"
DATA = (COMPARISONS_NAME, VOTES_NAME, SCORES_NAME, FAILURES_NAME)
"""What statistics are made from."""


@dataclass(frozen=True)
class VoteRun:
    """A finished run on votes.

    Attributes:
        scores: by metric, one for each of the data set's pairs; NaN where there is none.
        cosines: raw cosines by metric, for the metrics that have them.
        failures: by metric, why a score is missing.
        leakage: what trained metrics were shown of the pairs.
        clips: what was read of the clips.
        altered: files that it was read back from and that are not as it wrote them.
    """

    folder: Path
    manifest: RunManifest
    dataset: VotedDataset
    scores: Scores
    cosines: Scores
    failures: Mapping[str, tuple[ScoreFailure, ...]]
    analysis: VoteAnalysis
    leakage: tuple[Leakage, ...] = ()
    clips: Contents = field(default_factory=dict)
    altered: tuple[Finding, ...] = ()


def write_vote_run(run: VoteRun) -> VoteRun:
    """Write all files of a run, the manifest last, and return the run with its complete manifest."""
    _write_data(run)
    write_leakage(run.leakage, run.folder)
    write_clips(run.clips, run.folder)
    for part in dataclasses.fields(VoteAnalysis):
        write_records(run.folder / f"{part.name}.json", getattr(run.analysis, part.name))
    write_text(run.folder / REPORT_NAME, render(report_of(run)))
    outputs = {path.name: sha256_of_file(path) for path in sorted(run.folder.iterdir()) if _is_output(path)}
    finished = datetime.now(timezone.utc).isoformat(timespec="seconds")
    complete = replace(run, manifest=replace(run.manifest, finished=finished, outputs=outputs))
    write_manifest(complete.manifest, run.folder)
    workspace.discard_partial(run.folder)
    return complete


def report_of(run: VoteRun, warning: str = "") -> Report:
    """Return the report of a run; see `bench.reports.layout.Report` for ``warning``."""
    return build_vote_report(run.manifest, run.dataset, run.scores, run.failures, run.analysis, run.leakage, warning)


def is_vote_run(folder: Path) -> bool:
    """Say whether a folder holds a finished run, and one on votes."""
    return (folder / MANIFEST_NAME).exists() and read_manifest(folder).kind == "votes"


def read_vote_run(folder: Path, recompute: bool = False) -> VoteRun:
    """Read a finished run. Statistics are computed anew if asked, or if its data were edited since.

    Raises:
        DataError: the folder holds no finished run on votes, or a damaged one.
    """
    manifest = read_manifest(folder)
    if manifest.kind != "votes":
        raise DataError(f"{folder} is a run on {manifest.kind}, expected one on votes; give another folder")
    altered = altered_files(folder, manifest)
    dataset, scores = _read_data(folder, manifest)
    leakage = read_leakage(folder)
    recompute = recompute or manifest.analysis != VERSION or any(one.name in DATA for one in altered)
    if recompute:
        analysis = analyse_votes(dataset, scores, manifest.resampling, manifest.baselines, leakage)
    else:
        analysis = _stored_analysis(folder, dataset, scores, manifest.resampling)
    failures, clips = _read_failures(folder, scores), read_clips(folder)
    altered = tuple(relevant(altered, recompute))
    cosines = _read_cosines(folder, [pair.pair_id for pair in dataset.pairs], scores)
    return VoteRun(folder, manifest, dataset, scores, cosines, failures, analysis, leakage, clips, altered)


def _write_data(run: VoteRun) -> None:
    dataset, folder = run.dataset, run.folder
    pairs = dataset.pairs
    about = {
        "pair_id": [pair.pair_id for pair in pairs],
        "audio": [dataset.portable_name(pair.audio_path) for pair in pairs],
        "caption": [pair.caption for pair in pairs],
    }
    write_csv(folder / SCORES_NAME, {**about, **run.scores})
    write_csv(folder / COSINES_NAME, {"pair_id": about["pair_id"], **run.cosines})
    rows = [(c.comparison_id, c.a.pair_id, c.b.pair_id, c.kind, c.system_a, c.system_b) for c in dataset.comparisons]
    _write_rows(folder / COMPARISONS_NAME, COMPARISON_COLUMNS, rows)
    votes = [(vote.comparison_id, vote.listener_id, vote.choice) for vote in dataset.votes]
    _write_rows(folder / VOTES_NAME, VOTE_COLUMNS, votes)
    failures = [(one.pair_id, metric, one.reason) for metric, failed in run.failures.items() for one in failed]
    _write_rows(folder / FAILURES_NAME, FAILURE_COLUMNS, failures)


def _write_rows(path: Path, names: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    write_csv(path, dict(zip(names, columns, strict=True)))


def _read_data(folder: Path, manifest: RunManifest) -> tuple[VotedDataset, dict[str, Float[np.ndarray, " pairs"]]]:
    root = Path(manifest.dataset.audio_root)
    metrics = read_csv(folder / SCORES_NAME, PAIR_COLUMNS).ignored
    rows = read_csv(folder / SCORES_NAME, (*PAIR_COLUMNS, *metrics)).rows
    refuse_repeated(rows, ("pair_id",))
    pairs = {row["pair_id"]: AudioTextPair(row["pair_id"], root / row["audio"], row["caption"]) for row in rows}
    table = read_csv(folder / COMPARISONS_NAME, COMPARISON_COLUMNS)
    refuse_repeated(table.rows, ("comparison_id",))
    comparisons = tuple(_comparison(row, pairs) for row in table.rows)
    dataset = VotedDataset(
        name=manifest.dataset.name,
        shared=_shared(comparisons),
        comparisons=comparisons,
        votes=_votes(folder / VOTES_NAME, {one.comparison_id for one in comparisons}),
        source_sha256=manifest.dataset.sha256,
        audio_root=root,
        notes=manifest.dataset.notes,
        names_listeners=manifest.dataset.names_listeners,
    )
    by_id = {row["pair_id"]: row for row in rows}
    in_order = [by_id[pair.pair_id] for pair in dataset.pairs]
    return dataset, {metric: _column(in_order, metric) for metric in metrics}


def _comparison(row: CsvRow, pairs: Mapping[str, AudioTextPair]) -> Comparison:
    for side in ("pair_a", "pair_b"):
        if row[side] not in pairs:
            raise row.error(f"{side} {quoted(row[side])} is not in {SCORES_NAME}; {REMEDY}")
    a, b = pairs[row["pair_a"]], pairs[row["pair_b"]]
    return Comparison(row["comparison_id"], a, b, row.get("kind"), row.get("system_a"), row.get("system_b"))


def _shared(comparisons: tuple[Comparison, ...]) -> Shared:
    return "clip" if all(one.a.audio_path == one.b.audio_path for one in comparisons) else "caption"


def _votes(path: Path, known: set[str]) -> tuple[Vote, ...]:
    rows = read_csv(path, VOTE_COLUMNS, empty=True).rows
    refuse_repeated(rows, ("comparison_id", "listener_id"))
    choices: dict[str, Choice] = {choice: choice for choice in CHOICES}
    for row in rows:
        if row["comparison_id"] not in known:
            raise row.error(f"comparison {quoted(row['comparison_id'])} is not in {COMPARISONS_NAME}; {REMEDY}")
        if row["choice"] not in choices:
            raise row.error(f"choice is {quoted(row['choice'])}, expected {', '.join(CHOICES)}; {REMEDY}")
    return tuple(Vote(row["comparison_id"], row["listener_id"], choices[row["choice"]]) for row in rows)


def _read_failures(folder: Path, metrics: Mapping[str, Any]) -> dict[str, tuple[ScoreFailure, ...]]:
    found: dict[str, list[ScoreFailure]] = {metric: [] for metric in metrics}
    for row in read_csv(folder / FAILURES_NAME, FAILURE_COLUMNS, empty=True).rows:
        if row["metric"] not in found:
            raise row.error(f"metric {quoted(row['metric'])} is not in {SCORES_NAME}; {REMEDY}")
        found[row["metric"]].append(ScoreFailure(row["pair_id"], row["reason"]))
    return {metric: tuple(failed) for metric, failed in found.items()}


def _read_cosines(folder: Path, pair_ids: Sequence[str], known: Scores) -> dict[str, Float[np.ndarray, " pairs"]]:
    """Return the cosines in the order of the pairs; none where an older run wrote no such file."""
    path = folder / COSINES_NAME
    if not path.exists():
        return {}
    metrics = [metric for metric in read_csv(path, ("pair_id",)).ignored if metric in known]
    by_id = {row["pair_id"]: row for row in read_csv(path, ("pair_id", *metrics)).rows}
    if set(by_id) != set(pair_ids):
        raise DataError(f"{path} has other pairs than {SCORES_NAME}; {REMEDY}")
    return {metric: _column([by_id[pair_id] for pair_id in pair_ids], metric) for metric in metrics}


def _column(rows: Sequence[CsvRow], metric: str) -> Float[np.ndarray, " pairs"]:
    return np.array([row.number(metric) if row.get(metric) else np.nan for row in rows], dtype=np.float64)


def _stored_analysis(folder: Path, dataset: VotedDataset, scores: Scores, plan: ResamplingPlan) -> VoteAnalysis:
    """Read the statistics of a run.

    Raises:
        DataError: a file is missing or damaged, or does not go with the others.
    """
    analysis = _read_analysis(folder)
    parts = {part.name: getattr(analysis, part.name) for part in dataclasses.fields(analysis)}
    metrics, strata = usable(scores), [one.stratum for one in ballots_of(dataset, scores, plan)]
    conflict = find_conflict(parts, expected_of_votes(metrics, strata))
    if conflict:
        name, problem = conflict
        raise DataError(f"{folder / name}.json is damaged: {problem}; 'bench report --recompute' makes it anew")
    return analysis


def _read_analysis(folder: Path) -> VoteAnalysis:
    kinds = get_type_hints(VoteAnalysis)
    return VoteAnalysis(
        **{
            part.name: read_records(folder / f"{part.name}.json", get_args(kinds[part.name])[0], REMEDY)
            for part in dataclasses.fields(VoteAnalysis)
        }
    )


def _is_output(path: Path) -> bool:
    return path.is_file() and not path.name.startswith(".") and path.name not in (MANIFEST_NAME, PAGE_NAME)
