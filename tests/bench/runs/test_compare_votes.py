"""Two runs on votes beside each other: on what they share, whichever side is called a."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.datasets.votes import VotedDataset
from bench.runs.compare_votes import common_comparisons, compare_vote_runs
from bench.runs.compare_votes_report import build_vote_comparison
from bench.runs.vote_folder import VoteRun
from metrics.errors import UsageError
from tests.bench.reports.vote_runs import small_vote_run
from tests.commands import Bench


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> VoteRun:
    return small_vote_run(tmp_path_factory.mktemp("before"), n=60)


def turned(dataset: VotedDataset) -> VotedDataset:
    """Return the same votes with a and b changed over."""
    other = {"a": "b", "b": "a", "tie": "tie"}
    comparisons = tuple(replace(one, a=one.b, b=one.a) for one in dataset.comparisons)
    votes = tuple(replace(vote, choice=other[vote.choice]) for vote in dataset.votes)
    return replace(dataset, comparisons=comparisons, votes=votes)


def moved(run: VoteRun, dataset: VotedDataset, **scores: np.ndarray) -> VoteRun:
    """Return a run in another folder, of the pairs of another data set, some scores replaced."""
    row = {pair.pair_id: i for i, pair in enumerate(run.dataset.pairs)}
    rows = np.array([row[pair.pair_id] for pair in dataset.pairs])
    kept = {metric: scores.get(metric, values)[rows] for metric, values in run.scores.items()}
    return replace(run, folder=run.folder.parent / "other", dataset=dataset, scores=kept)


def test_nothing_changed_even_where_sides_are_called_otherwise(run: VoteRun) -> None:
    found = compare_vote_runs(run, moved(run, turned(run.dataset)))
    assert (found.changes, found.remarks, found.n_common) == ((), (), 60)
    assert found.score_differences == {"good": 0, "poor": 0}
    assert {one.delta.estimate for one in found.differences} == {0}
    assert {(one.metric_a, one.stratum) for one in found.differences} == {
        (metric, stratum) for metric in ("good", "poor") for stratum in ("all", "kind:close", "kind:far")
    }


def test_a_metric_that_was_spoiled_is_shown(run: VoteRun) -> None:
    spoiled = moved(run, run.dataset, good=-run.scores["good"])
    found = compare_vote_runs(run, spoiled)
    by_place = {(one.metric_a, one.stratum): one for one in found.differences}
    accuracy = next(a.accuracy for a in run.analysis.vote_agreements if (a.metric, a.stratum) == ("good", "all"))
    assert by_place["good", "all"].delta.estimate == pytest.approx(1 - 2 * accuracy.estimate)
    assert by_place["good", "all"].is_shown
    assert by_place["good", "all"].p_adjusted == pytest.approx(2 * by_place["good", "all"].p_value)
    assert not by_place["poor", "all"].is_shown
    alone = compare_vote_runs(
        replace(run, scores={"good": run.scores["good"]}), replace(spoiled, scores={"good": spoiled.scores["good"]})
    )
    (one,) = (d for d in alone.differences if d.stratum == "all")
    assert one.sim_low > by_place["good", "all"].sim_low, "two metrics have wider intervals than one"
    table = build_vote_comparison(found).sections[-1].tables[0]
    assert [row.label for row in table.rows] == ["good", "poor"]
    assert table.rows[0].cells[0].best


def test_only_what_is_in_both_is_compared(run: VoteRun) -> None:
    half = replace(run.dataset, comparisons=run.dataset.comparisons[::2])
    ids = {one.comparison_id for one in half.comparisons}
    half = replace(half, votes=tuple(vote for vote in run.dataset.votes if vote.comparison_id in ids))
    assert common_comparisons(half, run.dataset).comparisons == half.comparisons
    found = compare_vote_runs(moved(run, half), run)
    assert found.n_common == 30
    assert found.remarks == ("Compared on the 30 comparisons that are in both runs (30 before, 60 now).",)
    nothing = replace(run.dataset, comparisons=(), votes=())
    empty = compare_vote_runs(moved(run, half), replace(run, dataset=replace(nothing, comparisons=())))
    assert empty.differences == ()
    assert empty.remarks[0] == "No comparison is in both runs, so no scores or accuracies can be compared."
    assert build_vote_comparison(empty).sections


def test_other_votes_other_metrics_and_missing_scores_are_told(run: VoteRun) -> None:
    voted = replace(run.dataset, votes=tuple(replace(vote, choice="a") for vote in run.dataset.votes))
    other = moved(run, voted)
    holes = np.full(len(run.scores["poor"]), np.nan)
    other = replace(other, scores={"good": other.scores["good"], "poor": holes, "new": holes})
    found = compare_vote_runs(run, other)
    assert found.remarks == (
        "Majorities of common comparisons differ; differences in accuracy use those of now.",
        "new is in the run of now only.",
    )
    assert found.score_differences["poor"] == float("inf")
    assert {one.metric_a for one in found.differences} == {"good"}


def test_what_cannot_be_compared(run: VoteRun) -> None:
    with pytest.raises(UsageError, match="is compared with itself"):
        compare_vote_runs(run, run)
    other = replace(moved(run, run.dataset), scores={"else": run.scores["good"]})
    with pytest.raises(UsageError, match="no metric is in both"):
        compare_vote_runs(run, other)


def test_the_command(run: VoteRun, tmp_path: Path, bench: Bench) -> None:
    again = small_vote_run(tmp_path, n=60)
    shown = bench("compare", run.folder, again.folder)
    assert shown.status == 0
    assert "60 comparisons in common" in shown.out
    assert "Now minus before" in shown.out
    facts = json.loads(bench("compare", run.folder, again.folder, "--format", "json").out)
    assert facts["score_differences"] == {"good": 0, "poor": 0}
    assert len(facts["differences"]) == 6
    assert "\\begin{tabular}" in bench("compare", run.folder, again.folder, "--format", "latex").out
    ratings = bench("run", "--dataset", "demo", "--metrics", "random", "--resamples", 19, "--out", tmp_path / "ratings")
    assert ratings.status == 0
    mixed = bench("compare", run.folder, tmp_path / "ratings")
    assert mixed.status == 2
    assert "is a run on votes; give one on ratings" in mixed.err
