"""The pipeline as plain stages: load -> score -> analyse -> write.

Each stage takes what the stage before gave and can be called alone. What a metric computed is kept in the run's
folder as soon as it is complete, so that a run that was cut off goes on where it stopped.
"""

from __future__ import annotations

from datetime import datetime, timezone

from bench.analysis.analyse import analyse
from bench.analysis.context import Settings
from bench.analysis.sample import check_unit
from bench.analysis.strata import Bands
from bench.datasets.catalog import load_dataset
from bench.datasets.frame import pairs_frame
from bench.datasets.types import RatedDataset
from bench.files import workspace
from bench.files.dimensions import read_dimensions, write_dimensions
from bench.files.manifest import DatasetRecord
from bench.files.metric_names import check_metric_names
from bench.files.ratings import read_ratings, write_ratings
from bench.files.screenings import read_screenings, write_screenings
from bench.files.sentinels import write_facts
from bench.runs.external import ExternalScores, load_external
from bench.runs.folder import Run, write_run
from bench.runs.measure import measure_clips
from bench.runs.request import RunRequest, baselines_of, hash_of_plan, make_manifest, refuse_impossible
from bench.runs.scored import score
from bench.runs.screenings import other_screenings
from metrics.types import ProgressCallback, RemarkCallback, no_progress, no_remark

__all__ = ["RunRequest", "plan_of", "run_benchmark"]


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
    refuse_impossible(request)
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
    external = load_external(request.score_files, request.scores_from, dataset, pairs, remark)
    check_metric_names((*request.metrics, *external.outcomes))
    plan = plan_of(request, dataset, external)
    folder = workspace.choose_folder(request.out, plan, started)
    with workspace.occupied(folder, plan):
        write_ratings(((r.pair_id, r.listener_id, r.score) for r in dataset.ratings), folder)
        write_screenings(other_screenings(request.dataset, request.split, request.data_root, dataset), folder)
        write_dimensions(dataset.other_dimensions, folder)
        scored = score(request.metrics, request.scorer_options, dataset, pairs, external, folder, progress, remark)
        facts = measure_clips(dataset, request.scorer_options, progress) if request.sentinels else None
        write_facts(facts, list(pairs["pair_id"]), folder)
        progress("statistics", 0, 1)
        ratings = read_ratings(folder, list(pairs["pair_id"]))
        baselines = baselines_of(request)
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
        manifest = make_manifest(
            request,
            folder,
            plan,
            started,
            _dataset_record(dataset, external),
            scored,
            bands=bands.edges,
            by=request.by,
            baselines=baselines,
            sentinels=request.sentinels,
            margin=request.margin,
        )
        return write_run(Run(folder, manifest, scored.table, analysis, scored.leakage, scored.clips))


def plan_of(request: RunRequest, dataset: RatedDataset, external: ExternalScores) -> str:
    """Return a hash of everything that determines the scores; see `bench.runs.request.hash_of_plan`."""
    data = (
        dataset.name,
        dataset.source_sha256,
        dataset.split,
        dataset.screening,
        dataset.dimension,
        len(dataset.pairs),
    )
    return hash_of_plan(request, data, external)


def _dataset_record(dataset: RatedDataset, external: ExternalScores) -> DatasetRecord:
    return DatasetRecord(
        name=dataset.name,
        split=dataset.split,
        screening=dataset.screening,
        sha256=dataset.source_sha256,
        scale=(dataset.scale.low, dataset.scale.high),
        n_pairs=len(dataset.pairs),
        n_ratings=sum(rated.n_ratings for rated in dataset.pairs),
        audio_root=str(dataset.audio_root.absolute()),
        notes=(*dataset.remarks, *external.remarks),
        dimension=dataset.dimension,
    )
