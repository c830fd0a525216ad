"""Two runs on votes beside each other: what changed, and what that did to scores and to accuracy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bench.analysis.votes import Scores, ballots_of
from bench.datasets.votes import VotedDataset
from bench.files.checksums import warning_of
from bench.runs.compare import BEFORE, NOW, Change, changes, clip_changes, largest_difference
from bench.runs.vote_folder import VoteRun
from bench.statistics.permutation import holm
from bench.statistics.types import ResamplingPlan
from bench.statistics.vote_differences import VoteDifference, compare_on_votes
from bench.statistics.votes import VoteUnit
from metrics.errors import UsageError


@dataclass(frozen=True)
class VoteRunComparison:
    """Two runs on votes beside each other.

    Attributes:
        before, now: the runs.
        changes: what differs in their making.
        n_common: comparisons of the same two pairs in both; votes and kinds are those of ``now``.
        score_differences: largest absolute difference by metric on their pairs; infinite where a score is missing in
            one.
        differences: accuracy ``now`` minus ``before`` of each metric that both have, on the comparisons that it scored
            in both, overall and by kind; ``metric_a`` and ``metric_b`` are the metric. p-values of one stratum are
            adjusted over the metrics by Holm, simultaneous intervals by Bonferroni.
        remarks: why something could not be compared, or must be read with care.
        warning: of files that are not as the runs wrote them; nothing where there are none.
    """

    before: VoteRun
    now: VoteRun
    changes: tuple[Change, ...]
    n_common: int
    score_differences: Mapping[str, float]
    differences: tuple[VoteDifference, ...]
    remarks: tuple[str, ...]
    warning: str = ""


def compare_vote_runs(before: VoteRun, now: VoteRun) -> VoteRunComparison:
    """Compare two runs.

    Raises:
        UsageError: both are one, or they have no metric in common.
    """
    if before.folder.resolve() == now.folder.resolve():
        raise UsageError(f"{before.folder} is compared with itself; give two runs")
    shared = [metric for metric in before.scores if metric in now.scores]
    if not shared:
        raise UsageError(
            f"{before.folder} scored with {', '.join(before.scores)}, {now.folder} with {', '.join(now.scores)}: no "
            "metric is in both; to compare different metrics, score with all of them in one run"
        )
    dataset = common_comparisons(before.dataset, now.dataset)
    scores = {when: _on_pairs(run, dataset) for when, run in ((BEFORE, before), (NOW, now))}
    plan = now.manifest.resampling
    found = [one for metric in shared for one in _paired(metric, scores, dataset, plan, len(shared))]
    return VoteRunComparison(
        before,
        now,
        (*changes(before.manifest, now.manifest), *clip_changes(before, now)),
        len(dataset.comparisons),
        {metric: largest_difference(scores[BEFORE][metric], scores[NOW][metric]) for metric in shared},
        tuple(_adjusted(found)),
        tuple(_remarks(before, now, dataset, shared)),
        " ".join(f"{run.folder}: {warning_of(run.altered)}" for run in (before, now) if run.altered),
    )


def common_comparisons(before: VotedDataset, now: VotedDataset) -> VotedDataset:
    """Return ``now`` with the comparisons that both have, whichever side is called a."""
    known = {_sides(one.a.pair_id, one.b.pair_id) for one in before.comparisons}
    kept = tuple(one for one in now.comparisons if _sides(one.a.pair_id, one.b.pair_id) in known)
    ids = {one.comparison_id for one in kept}
    return replace(now, comparisons=kept, votes=tuple(vote for vote in now.votes if vote.comparison_id in ids))


def _sides(*pair_ids: str) -> frozenset[str]:
    return frozenset(pair_ids)


def _on_pairs(run: VoteRun, dataset: VotedDataset) -> Scores:
    """Return a run's scores of the pairs of ``dataset``, all of which it has."""
    row = {pair.pair_id: i for i, pair in enumerate(run.dataset.pairs)}
    rows = np.array([row[pair.pair_id] for pair in dataset.pairs], int)
    return {metric: values[rows] for metric, values in run.scores.items()}


def _paired(
    metric: str, scores: Mapping[str, Scores], dataset: VotedDataset, plan: ResamplingPlan, n_metrics: int
) -> Iterator[VoteDifference]:
    """Yield ``now`` minus ``before`` of one metric; nothing where it scored nothing in one of them."""
    both = {when: scores[when][metric] for when in (NOW, BEFORE)}
    if not dataset.comparisons or any(np.isnan(values).all() for values in both.values()):
        return
    unit: VoteUnit = "comparison" if plan.unit == "pair" else dataset.shared
    for ballots in ballots_of(dataset, both, plan):
        for one in compare_on_votes(ballots, plan, unit, n_tables=n_metrics).differences:
            yield replace(one, metric_a=metric, metric_b=metric)


def _adjusted(differences: Sequence[VoteDifference]) -> Iterator[VoteDifference]:
    """Yield all, with p-values adjusted over the metrics of one stratum (Holm 1979)."""
    for stratum in dict.fromkeys(one.stratum for one in differences):
        members = [one for one in differences if one.stratum == stratum]
        adjusted = holm(np.array([one.p_value for one in members]))
        for one, p_adjusted in zip(members, adjusted, strict=True):
            yield replace(one, p_adjusted=float(p_adjusted))


def _remarks(before: VoteRun, now: VoteRun, common: VotedDataset, shared: Sequence[str]) -> Iterator[str]:
    sizes = [len(one.comparisons) for one in (common, before.dataset, now.dataset)]
    if not sizes[0]:
        yield "No comparison is in both runs, so no scores or accuracies can be compared."
    elif len(set(sizes)) > 1:
        yield f"Compared on the {sizes[0]:,} comparisons that are in both runs ({sizes[1]:,} before, {sizes[2]:,} now)."
    if _majorities(before.dataset, common) != _majorities(now.dataset, common):
        yield "Majorities of common comparisons differ; differences in accuracy use those of now."
    for metric in dict.fromkeys((*before.scores, *now.scores)):
        if metric not in shared:
            yield f"{metric} is in the run {'of before' if metric in before.scores else 'of now'} only."


def _majorities(dataset: VotedDataset, common: VotedDataset) -> dict[frozenset[str], str | None]:
    """Return the preferred pair of each common comparison; None without a majority."""
    kept = {_sides(one.a.pair_id, one.b.pair_id) for one in common.comparisons}
    a, b, _ = dataset.counts()
    found: dict[frozenset[str], str | None] = {}
    for one, lead in zip(dataset.comparisons, (a - b).tolist(), strict=True):
        if (sides := _sides(one.a.pair_id, one.b.pair_id)) in kept:
            found[sides] = one.a.pair_id if lead > 0 else one.b.pair_id if lead < 0 else None
    return found
