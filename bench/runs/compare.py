"""What changed from one run to another: data, software, signatures, scores and agreement with listeners."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from bench.analysis.comparisons import without_foreign_units
from bench.analysis.sample import common_sample
from bench.analysis.strata import Bands, Kind, StratumName, edges_text, masks, of_kind, standard_strata
from bench.datasets.types import RatingScale
from bench.files.checksums import warning_of
from bench.files.manifest import RunManifest
from bench.files.ratings import RatingTable, read_ratings
from bench.files.scores import ScoreTable
from bench.runs.folder import Run
from bench.runs.vote_folder import VoteRun
from bench.statistics.bootstrap import bootstrap_strata
from bench.statistics.comparison import CorrelationDifference, differences_of
from bench.statistics.max_t import paired_spreads
from bench.statistics.permutation import holm
from bench.statistics.types import ResamplingPlan
from metrics.errors import UsageError

BEFORE, NOW = "before", "now"
SIGNATURE = "signature of"
COMPARED: tuple[Kind, ...] = ("all", "source", "system")
"""The strata of the paper's Tables I and II."""


@dataclass(frozen=True, slots=True)
class Change:
    """Something that was not as before: data, a signature, a setting, software or machine."""

    what: str
    before: str
    now: str


@dataclass(frozen=True)
class RunComparison:
    """Two runs beside each other.

    Attributes:
        before, now: the runs.
        changes: what differs in their making.
        n_common: pairs of the same id and caption in both; ratings are those of ``now``.
        score_differences: largest absolute difference by metric on these; infinite where a score is missing in one.
        differences: ``now`` minus ``before`` of each metric that both have, on the pairs that it scored in both,
            overall and by source and system; ``metric_a`` and ``metric_b`` are the metric. p-values of one stratum
            and statistic are adjusted over the metrics by Holm, simultaneous intervals by Bonferroni: metrics that
            scored other pairs share no permutations.
        strata: what the ids in these stand for, in the order of reading.
        remarks: why something could not be compared, or must be read with care.
        warning: of files that are not as the runs wrote them; nothing where there are none.
    """

    before: Run
    now: Run
    changes: tuple[Change, ...]
    n_common: int
    score_differences: Mapping[str, float]
    differences: tuple[CorrelationDifference, ...]
    strata: tuple[StratumName, ...]
    remarks: tuple[str, ...]
    warning: str = ""


def compare_runs(before: Run, now: Run) -> RunComparison:
    """Compare two runs.

    Raises:
        UsageError: both are one, or they have no metric in common.
    """
    if before.folder.resolve() == now.folder.resolve():
        raise UsageError(f"{before.folder} is compared with itself; give two runs")
    a, b = common_pairs(before.table, now.table)
    shared = [metric for metric in a.metrics if metric in b.metrics]
    if not shared:
        raise UsageError(
            f"{before.folder} scored with {', '.join(a.metrics)}, {now.folder} with {', '.join(b.metrics)}: no metric "
            "is in both; to compare different metrics, score with all of them in one run"
        )
    remarks = tuple(_remarks(before, now, a, b, shared))
    plan = now.manifest.resampling
    scale = RatingScale(*now.manifest.dataset.scale)
    bands = Bands.cut(scale, now.manifest.bands)
    ratings = _ratings_of(now, b) if plan.unit == "block" else None
    differences = [one for metric in shared for one in _paired(metric, a, b, ratings, scale, bands, plan, len(shared))]
    present = {one.stratum for one in differences}
    return RunComparison(
        before,
        now,
        (*changes(before.manifest, now.manifest), *clip_changes(before, now)),
        len(a.pairs),
        score_differences(a, b),
        tuple(_adjusted(differences)),
        tuple(stratum.name for stratum in standard_strata(b.pairs, bands) if stratum.id in present),
        remarks,
        " ".join(f"{run.folder}: {warning_of(run.altered)}" for run in (before, now) if run.altered),
    )


def common_pairs(before: ScoreTable, now: ScoreTable) -> tuple[ScoreTable, ScoreTable]:
    """Return both tables with the pairs that both have, in the order of ``now``: same id and same caption."""
    keys_before, keys_now = (pd.MultiIndex.from_frame(table.pairs[["pair_id", "caption"]]) for table in (before, now))
    kept = keys_now[keys_now.isin(keys_before)]
    rows_before, rows_now = keys_before.get_indexer(kept), keys_now.get_indexer(kept)
    return before.take(rows_before), now.take(rows_now)


def changes(before: RunManifest, now: RunManifest) -> Iterator[Change]:
    """Yield what differs between the making of two runs."""
    facts = ("name", "split", "screening", "dimension", "sha256", "scale", "n_pairs", "n_ratings")
    data = [{name: getattr(manifest.dataset, name) for name in facts} for manifest in (before, now)]
    if not all(one["dimension"] for one in data):  # older versions did not note it
        data = [{name: value for name, value in one.items() if name != "dimension"} for one in data]
    yield from _changed("data:", *data)
    yield from _changed(SIGNATURE, before.signatures, now.signatures)
    yield from _changed("resampling:", asdict(before.resampling), asdict(now.resampling))
    yield from _changed("score bands:", *({"edges": edges_text(manifest.bands)} for manifest in (before, now)))
    yield from _changed("strata of captions:", *({"by": ", ".join(manifest.by)} for manifest in (before, now)))
    yield from _changed("clap-bench", asdict(before.code), asdict(now.code))
    yield from _changed("package", before.packages, now.packages)
    yield from _changed("environment:", before.environment, now.environment)


def clip_changes(before: Run | VoteRun, now: Run | VoteRun) -> Iterator[Change]:
    """Yield what differs between the clips of two runs, by their content."""
    if before.manifest.clips == now.manifest.clips:
        return
    both = [name for name in before.clips if name in now.clips]
    other = [name for name in both if before.clips[name] != now.clips[name]]
    found = _clips_of(now)
    if other:
        found += f", {len(other):,} of the {len(both):,} in both with other content (first: {other[0]})"
    yield Change("clips", _clips_of(before), found)


def largest_difference(before: np.ndarray, now: np.ndarray) -> float:
    """Return the largest absolute difference; infinite if a value is NaN in one of them only."""
    if not np.array_equal(np.isnan(before), np.isnan(now)):
        return float("inf")
    return float(np.nanmax(np.abs(before - now), initial=0.0))


def score_differences(before: ScoreTable, now: ScoreTable) -> dict[str, float]:
    """Return the largest absolute difference of each metric that both tables of the same pairs have."""
    return {
        metric: largest_difference(scores, now.scores[metric])
        for metric, scores in before.scores.items()
        if metric in now.scores
    }


def _ratings_of(run: Run, table: ScoreTable) -> RatingTable | None:
    """Return the single ratings of those pairs of a run that are in ``table``, in its order."""
    ids = list(run.table.pairs["pair_id"])
    ratings = read_ratings(run.folder, ids, run.manifest.dataset.scale)
    rows = pd.Index(ids).get_indexer(table.pairs["pair_id"])
    return None if ratings is None else ratings.of_pairs(rows, len(ids))


def _paired(
    metric: str,
    before: ScoreTable,
    now: ScoreTable,
    ratings: RatingTable | None,
    scale: RatingScale,
    bands: Bands,
    plan: ResamplingPlan,
    n_metrics: int,
) -> Iterator[CorrelationDifference]:
    """Yield ``now`` minus ``before`` of one metric, by `COMPARED` strata."""
    columns = {NOW: now.scores[metric], BEFORE: before.scores[metric]}
    table = ScoreTable(now.pairs, columns, {}, dict.fromkeys(columns, ()))
    sample = common_sample(table, ratings, scale, plan.unit)
    strata = masks(of_kind(standard_strata(sample.pairs, bands), *COMPARED))
    for stratum in bootstrap_strata(sample.human, sample.scores, strata, sample.clusters, plan):
        bootstrap = without_foreign_units(stratum, sample.scores)
        for difference in differences_of(bootstrap, plan, paired_spreads(bootstrap), n_tables=n_metrics):
            yield replace(difference, metric_a=metric, metric_b=metric)


def _adjusted(differences: Sequence[CorrelationDifference]) -> Iterator[CorrelationDifference]:
    """Yield all, with p-values adjusted over the metrics of one stratum and statistic (Holm 1979)."""
    for table in dict.fromkeys((one.stratum, one.statistic) for one in differences):
        members = [one for one in differences if (one.stratum, one.statistic) == table]
        adjusted = holm(np.array([one.p_value for one in members]))
        for one, p_adjusted in zip(members, adjusted, strict=True):
            yield replace(one, p_adjusted=float(p_adjusted))


def _remarks(before: Run, now: Run, a: ScoreTable, b: ScoreTable, shared: list[str]) -> Iterator[str]:
    if not len(a.pairs):
        yield "No pair is in both runs, so no scores or statistics can be compared pair by pair."
    elif not len(a.pairs) == len(before.table.pairs) == len(now.table.pairs):
        yield (
            f"Compared on the {len(a.pairs):,} pairs that are in both runs "
            f"({len(before.table.pairs):,} before, {len(now.table.pairs):,} now)."
        )
    if not np.array_equal(a.pairs["rating"], b.pairs["rating"]):
        yield "Ratings of common pairs differ; differences in agreement use the ratings of now."
    for metric in dict.fromkeys((*before.table.metrics, *now.table.metrics)):
        if metric not in shared:
            yield f"{metric} is in the run {'of before' if metric in before.table.metrics else 'of now'} only."


def _clips_of(run: Run | VoteRun) -> str:
    return "not noted" if run.manifest.clips is None else f"{run.manifest.clips.n_clips:,} read"


def _changed(what: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Change]:
    for name in dict.fromkeys((*before, *now)):
        if before.get(name) != now.get(name):
            yield Change(f"{what} {name}", str(before.get(name, "–")), str(now.get(name, "–")))
