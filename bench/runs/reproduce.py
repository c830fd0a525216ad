"""Runs a manifest again, without the embedding store, and says what differs."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.datasets.score_archive.load import names_in
from bench.files.manifest import MANIFEST_NAME, RunManifest, read_manifest
from bench.files.records import Mismatch, from_plain
from bench.files.scores import parse_score_files
from bench.runs import compare
from bench.runs.compare import Change, changes, clip_changes, largest_difference
from bench.runs.folder import Run, read_run
from bench.runs.run import RunRequest, run_benchmark
from bench.runs.trust import refuse_untrusted
from bench.runs.vote_folder import VoteRun, read_vote_run
from bench.runs.votes import run_votes
from bench.statistics.bootstrap import CorrelationEstimate
from bench.statistics.intervals import Measured
from bench.statistics.votes import VoteAgreement
from metrics.errors import DataError, UsageError
from metrics.files import sha256_of_file
from metrics.types import Precision, ProgressCallback, ScorerOptions, WindowPolicy, no_progress

TOLERANCE = 1e-6
"""Between scores, and between estimates, of two runs that count as the same."""

DEFAULTS = ScorerOptions()


@dataclass(frozen=True)
class Reproduction:
    """A run, made again.

    Attributes:
        before, now: both runs.
        changes: what was different about their making.
        score_differences: largest absolute difference by metric; infinite where a score is missing in one of them.
        estimate_difference: the largest of all estimates and ends of intervals.
        identical: files that are equal to the byte.
        different: files that are not, apart from the manifest and the report, which name times and places.
    """

    before: Run | VoteRun
    now: Run | VoteRun
    changes: tuple[Change, ...]
    score_differences: Mapping[str, float]
    estimate_difference: float
    identical: tuple[str, ...]
    different: tuple[str, ...]

    @property
    def succeeded(self) -> bool:
        """Whether scores and estimates agree to `TOLERANCE`."""
        return max(*self.score_differences.values(), self.estimate_difference) <= TOLERANCE


def reproduce(
    folder: Path, out: Path | None = None, progress: ProgressCallback = no_progress, *, trust: bool = False
) -> Reproduction:
    """Make a run again.

    Args:
        folder: of the run.
        out: folder of the new run; None takes a new one under ``results``.
        progress: see `bench.runs.run.run_benchmark`.
        trust: whether metrics of the manifest may run that are not part of this package, see `bench.runs.trust`.

    Raises:
        UsageError: ``out`` is the run's own folder or inside it, or a metric is code that is not trusted.
        ClapBenchError: data or metrics are not where they were.
    """
    _refuse_overwriting(folder, out)
    manifest = read_manifest(folder)
    request = request_of(folder, manifest, out)
    refuse_untrusted(folder, manifest, request.metrics, trust)
    made = _votes_again if manifest.kind == "votes" else _ratings_again
    before, now, scores, estimates = made(folder, request, progress)
    same = {name: _digest(now.folder / name) == digest for name, digest in _comparable(before.manifest).items()}
    return Reproduction(
        before,
        now,
        (*changes(before.manifest, now.manifest), *clip_changes(before, now)),
        scores,
        estimates,
        tuple(name for name, is_same in same.items() if is_same),
        tuple(name for name, is_same in same.items() if not is_same),
    )


Again = tuple[Run | VoteRun, Run | VoteRun, Mapping[str, float], float]
"""Both runs, the largest difference of each metric's scores, and that of all estimates."""


def _ratings_again(folder: Path, request: RunRequest, progress: ProgressCallback) -> Again:
    before = read_run(folder)
    now = run_benchmark(request, progress)
    estimates = [_estimates(one.analysis.estimates) for one in (before, now)]
    return before, now, score_differences(before, now), _largest(*estimates)


def _votes_again(folder: Path, request: RunRequest, progress: ProgressCallback) -> Again:
    before = read_vote_run(folder)
    now = run_votes(request, progress)
    ids = [[pair.pair_id for pair in one.dataset.pairs] for one in (before, now)]
    _refuse_other_pairs(before.folder, now.folder, *ids)
    scores = {
        metric: largest_difference(values, now.scores[metric])
        for metric, values in before.scores.items()
        if metric in now.scores
    }
    estimates = [_agreements(one.analysis.vote_agreements) for one in (before, now)]
    return before, now, scores, _largest(*estimates)


@dataclass(frozen=True, slots=True)
class GivenOptions:
    """The options of a manifest that a run is made again with, as `bench.commands.run` takes them."""

    dataset: str
    split: str | None = None
    screening: str | None = None
    dimension: str | None = None
    scale: str | None = None
    data_root: str | None = None
    scores: tuple[str, ...] | None = None
    scores_from: str | None = None
    device: str = DEFAULTS.device
    batch_size: int | None = None
    precision: Precision = DEFAULTS.precision
    window: WindowPolicy = DEFAULTS.window
    seed: int = DEFAULTS.seed


def request_of(folder: Path, manifest: RunManifest, out: Path | None) -> RunRequest:
    """Return what a run was asked to do, without its embedding store: every clip is heard again.

    Paths that were given relative to a folder are looked for from where this is called.

    Args:
        folder: of the run.
        manifest: of the run.
        out: see `reproduce`.

    Raises:
        DataError: an option is of another type than the command takes.
    """
    given = _given_options(folder, manifest)
    return RunRequest(
        dataset=given.dataset,
        metrics=tuple(name for name in manifest.signatures if name not in manifest.external),
        split=given.split,
        screening=given.screening,
        dimension=given.dimension,
        scale=given.scale,
        data_root=None if given.data_root is None else Path(given.data_root),
        score_files=parse_score_files(given.scores or ()),
        scores_from=names_in(given.scores_from),
        resampling=manifest.resampling,
        bands=manifest.bands or None,
        by=manifest.by,
        sentinels=manifest.sentinels,
        margin=manifest.margin,
        scorer_options=ScorerOptions(
            device=given.device,
            batch_size=given.batch_size,
            precision=given.precision,
            window=given.window,
            seed=given.seed,
        ),
        out=out,
        options=manifest.options,
        argv=manifest.argv,
    )


def _given_options(folder: Path, manifest: RunManifest) -> GivenOptions:
    names = {field.name for field in dataclasses.fields(GivenOptions)}
    given = {name: option.value for name, option in manifest.options.items() if name in names}
    try:
        found: GivenOptions = from_plain(GivenOptions, {"dataset": manifest.dataset.name, **given}, "options")
    except Mismatch as error:
        path = folder / MANIFEST_NAME
        raise DataError(f"{path} is damaged: {error}; give the command of its argv to 'bench run' again") from error
    return found


def score_differences(before: Run, now: Run) -> dict[str, float]:
    """Return the largest absolute difference of each metric's scores.

    Raises:
        DataError: the runs have other pairs.
    """
    _refuse_other_pairs(before.folder, now.folder, *(list(one.table.pairs["pair_id"]) for one in (before, now)))
    return compare.score_differences(before.table, now.table)


def _refuse_overwriting(folder: Path, out: Path | None) -> None:
    """The run that is verified is the evidence: nothing is written to its folder, by whatever name."""
    if out is not None and out.resolve().is_relative_to(folder.resolve()):
        raise UsageError(f"--out {out} is in {folder}, the run that is made again; give another folder")


def _refuse_other_pairs(before: Path, now: Path, ids_before: list[str], ids_now: list[str]) -> None:
    if ids_before != ids_now:
        raise DataError(
            f"{now} has other pairs than {before}: the data set has changed; see what changed with 'bench compare'"
        )


def _estimates(estimates: Sequence[CorrelationEstimate]) -> dict[tuple[str, ...], list[float]]:
    return {(e.metric, e.stratum, e.statistic): [e.estimate, e.low, e.high] for e in estimates}


def _agreements(agreements: Sequence[VoteAgreement]) -> dict[tuple[str, ...], list[float]]:
    return {(a.metric, a.stratum): _ends(a.accuracy) + _ends(a.auc) for a in agreements}


def _ends(value: Measured) -> list[float]:
    return [value.estimate, value.low, value.high]


def _largest(before: Mapping[tuple[str, ...], list[float]], now: Mapping[tuple[str, ...], list[float]]) -> float:
    """Return the largest difference of an estimate or an end of its interval; infinite if some exist in one only."""
    if before.keys() != now.keys():
        return float("inf")
    found = [largest_difference(np.array(values), np.array(now[key])) for key, values in before.items()]
    return max(found, default=0.0)


def _comparable(manifest: RunManifest) -> dict[str, str]:
    return {name: digest for name, digest in manifest.outputs.items() if not name.startswith("report.")}


def _digest(path: Path) -> str | None:
    return sha256_of_file(path) if path.is_file() else None
