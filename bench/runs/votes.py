"""A run on votes from start to finish: data, scores, statistics, files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from importlib.metadata import version

import numpy as np
import pandas as pd
from jaxtyping import Float

from bench.analysis.votes import analyse_votes
from bench.datasets.score_files import read_score_file
from bench.datasets.voted.catalog import load_voted
from bench.datasets.voted.scores import LoadedScores, load_score_set
from bench.datasets.votes import VotedDataset
from bench.files import workspace
from bench.files.manifest import (
    CodeRecord,
    DatasetRecord,
    RunManifest,
    describe_code,
    describe_environment,
    external_signature,
    installed_packages,
    redact,
)
from bench.files.metric_names import check_metric_names
from bench.runs.run import RunRequest, refuse_unavailable
from bench.runs.vote_folder import PAIR_COLUMNS, VoteRun, write_vote_run
from metrics.errors import UsageError
from metrics.files import sha256_of_file
from metrics.plugins.contract import checked_scores
from metrics.registry import make_scorers
from metrics.types import ProgressCallback, ScoreFailure, no_progress


@dataclass
class _Scored:
    """What is known of each metric; filled in the order of the command line: packaged scores, files, scorers."""

    scores: dict[str, Float[np.ndarray, " pairs"]] = field(default_factory=dict)
    signatures: dict[str, str] = field(default_factory=dict)
    external: dict[str, str] = field(default_factory=dict)
    notes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    failures: dict[str, tuple[ScoreFailure, ...]] = field(default_factory=dict)


def run_votes(request: RunRequest, scores_from: tuple[str, ...], progress: ProgressCallback = no_progress) -> VoteRun:
    """Score both sides of every comparison with every metric, compute all statistics, and write the run's folder.

    Args:
        request: what to do; a data set of votes.
        scores_from: names of scores that come with the package.
        progress: told how far the work has come.

    Raises:
        ClapBenchError: data, scores or metrics are not available, or the folder cannot be used.
    """
    started = datetime.now(timezone.utc)
    _refuse_meaningless(request)
    if not (request.metrics or request.score_files or scores_from):
        raise UsageError("nothing to run; give --metrics, --scores or --scores-from")
    refuse_unavailable(request.metrics)
    dataset = load_voted(request.dataset, request.data_root)
    sets = [load_score_set(name, dataset) for name in scores_from]
    check_metric_names((*(metric for one in sets for metric in one.scores), *request.score_files, *request.metrics))
    plan = _plan_of(request, scores_from, dataset)
    folder = workspace.choose_folder(request.out, plan, started)
    with workspace.occupied(folder, plan):
        scored = _score(request, sets, dataset, progress)
        progress("statistics", 0, 1)
        analysis = analyse_votes(dataset, scored.scores, request.resampling)
        progress("statistics", 1, 1)
        manifest = RunManifest(
            run_id=folder.name,
            plan=plan,
            started=started.isoformat(timespec="seconds"),
            finished="",
            argv=redact(request.argv),
            options=request.options,
            resampling=request.resampling,
            dataset=_record_of(dataset, sets),
            bands=(0.0,),
            signatures=scored.signatures,
            external=scored.external,
            notes=scored.notes,
            kind="votes",
            code=CodeRecord(**describe_code()),
            environment=describe_environment(request.scorer_options.device, request.scorer_options.batch_size),
            packages={**installed_packages(), "choix": version("choix")},
        )
        return write_vote_run(VoteRun(folder, manifest, dataset, scored.scores, scored.failures, analysis))


def _refuse_meaningless(request: RunRequest) -> None:
    given = {
        "split": request.split,
        "screening": request.screening,
        "dimension": request.dimension,
        "scale": request.scale,
        "bands": request.bands,
        "by": request.by or None,
    }
    for option, value in given.items():
        if value is not None:
            raise UsageError(f"--{option} has no meaning for votes ({request.dataset}); leave it out")


def _plan_of(request: RunRequest, scores_from: tuple[str, ...], dataset: VotedDataset) -> str:
    """Return a hash of everything that determines the scores, as `bench.runs.run.plan_of` does for ratings."""
    options = request.scorer_options
    facts = {
        "data": (dataset.name, dataset.source_sha256, "votes"),
        "metrics": (request.metrics, scores_from),
        "score_files": {name: sha256_of_file(path) for name, path in request.score_files.items()},
        "settings": (options.device, options.precision, options.window, options.seed),
        "code": (describe_code()["version"], installed_packages()),
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _score(request: RunRequest, sets: list[LoadedScores], dataset: VotedDataset, progress: ProgressCallback) -> _Scored:
    found = _Scored()
    for one in sets:
        found.scores |= one.scores
        found.signatures |= one.signatures
    for name, path in request.score_files.items():
        digest = sha256_of_file(path)
        found.scores[name] = read_score_file(path, _pairs_frame(dataset))
        found.signatures[name], found.external[name] = external_signature(name, digest), digest
    for metric, scorer in make_scorers(request.metrics, request.scorer_options, progress).items():
        answer = checked_scores(metric, scorer.score(dataset.pairs), dataset.pairs)
        found.scores[metric], found.signatures[metric] = answer.scores, scorer.spec.signature()
        found.notes |= {metric: answer.notes} if answer.notes else {}
        found.failures[metric] = answer.failures
    return found


def _pairs_frame(dataset: VotedDataset) -> pd.DataFrame:
    rows = [(pair.pair_id, dataset.portable_name(pair.audio_path), pair.caption) for pair in dataset.pairs]
    frame: pd.DataFrame = pd.DataFrame(rows, columns=list(PAIR_COLUMNS), dtype=object)
    return frame


def _record_of(dataset: VotedDataset, sets: list[LoadedScores]) -> DatasetRecord:
    notes: Mapping[str, None] = dict.fromkeys(filter(None, (*dataset.notes, *(one.note for one in sets))))
    return DatasetRecord(
        name=dataset.name,
        split=None,
        screening=None,
        sha256=dataset.source_sha256,
        scale=(-1.0, 1.0),
        n_pairs=len(dataset.pairs),
        n_ratings=len(dataset.votes),
        audio_root=str(dataset.audio_root.absolute()),
        notes=tuple(notes),
    )
