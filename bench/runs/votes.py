"""A run on votes from start to finish: data, scores, statistics, files."""

from __future__ import annotations

from datetime import datetime, timezone
from importlib.metadata import version

from bench.analysis.votes import analyse_votes
from bench.datasets.frame import voted_pairs_frame
from bench.datasets.voted.catalog import load_voted
from bench.datasets.votes import VotedDataset
from bench.files import workspace
from bench.files.manifest import DatasetRecord
from bench.files.metric_names import check_metric_names
from bench.runs.external import ExternalScores, load_external
from bench.runs.request import RunRequest, baselines_of, hash_of_plan, make_manifest, refuse_impossible
from bench.runs.scored import score
from bench.runs.vote_folder import VoteRun, write_vote_run
from metrics.errors import UsageError
from metrics.types import ProgressCallback, RemarkCallback, no_progress, no_remark


def run_votes(
    request: RunRequest, progress: ProgressCallback = no_progress, remark: RemarkCallback = no_remark
) -> VoteRun:
    """Score both sides of every comparison with every metric, compute all statistics, and write the run's folder.

    Args:
        request: what to do; a data set of votes.
        progress, remark: see `bench.runs.run.run_benchmark`.

    Raises:
        ClapBenchError: data, scores or metrics are not available, or the folder cannot be used.
    """
    started = datetime.now(timezone.utc)
    _refuse_meaningless(request)
    refuse_impossible(request)
    dataset = load_voted(request.dataset, request.data_root)
    pairs = voted_pairs_frame(dataset)
    external = load_external(request.score_files, request.scores_from, dataset, pairs, remark)
    check_metric_names((*request.metrics, *external.outcomes))
    plan = hash_of_plan(request, (dataset.name, dataset.source_sha256, "votes"), external)
    folder = workspace.choose_folder(request.out, plan, started)
    with workspace.occupied(folder, plan):
        scored = score(request.metrics, request.scorer_options, dataset, pairs, external, folder, progress, remark)
        progress("statistics", 0, 1)
        baselines = baselines_of(request)
        analysis = analyse_votes(dataset, scored.table.scores, request.resampling, baselines, scored.leakage)
        progress("statistics", 1, 1)
        manifest = make_manifest(
            request,
            folder,
            plan,
            started,
            _dataset_record(dataset, external),
            scored,
            packages={"choix": version("choix")},
            kind="votes",
            bands=(),
            baselines=baselines,
            sentinels=False,
        )
        table = scored.table
        found = (table.scores, table.cosines, table.failures)
        return write_vote_run(VoteRun(folder, manifest, dataset, *found, analysis, scored.leakage, scored.clips))


def _refuse_meaningless(request: RunRequest) -> None:
    given = {
        "split": request.split,
        "screening": request.screening,
        "dimension": request.dimension,
        "scale": request.scale,
        "bands": request.bands,
        "margin": request.margin,
        "by": request.by or None,
    }
    sentinels = request.options.get("sentinels")
    if sentinels is not None and sentinels.passed and request.sentinels:
        given["sentinels on"] = "on"
    for option, value in given.items():
        if value is not None:
            raise UsageError(f"--{option} has no meaning for votes ({request.dataset}); leave it out")
    if request.resampling.unit == "block":
        raise UsageError("--resample-unit block is for ratings; give caption (all comparisons of a clip) or pair")


def _dataset_record(dataset: VotedDataset, external: ExternalScores) -> DatasetRecord:
    return DatasetRecord(
        name=dataset.name,
        split=None,
        screening=None,
        sha256=dataset.source_sha256,
        scale=(-1.0, 1.0),
        n_pairs=len(dataset.pairs),
        n_ratings=len(dataset.votes),
        audio_root=str(dataset.audio_root.absolute()),
        notes=(*dataset.notes, *external.remarks),
        names_listeners=dataset.names_listeners,
    )
