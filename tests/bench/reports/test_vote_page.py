"""The page of votes as a file: its data are the run's, and nothing in them can become markup."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.reports.html.vote_content import leans, most_disputed
from bench.runs.vote_folder import VoteRun, report_of
from tests.bench.reports.runs import ATTACKS
from tests.bench.reports.test_page import Elements, island
from tests.bench.reports.vote_runs import hostile_vote_run, small_vote_run, vote_page_of


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> VoteRun:
    return small_vote_run(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> VoteRun:
    return hostile_vote_run(tmp_path_factory.mktemp("hostile"))


def decoded(column: dict[str, Any]) -> list[str | None]:
    return [None if code < 0 else column["values"][code] for code in column["codes"]]


def test_the_island_holds_the_runs_numbers(run: VoteRun) -> None:
    data = island(vote_page_of(run))
    shown, captions = data["comparisons"], decoded(data["pairs"]["caption"])
    assert data["metrics"] == ["good", "poor"]
    assert shown["id"] == [one.comparison_id for one in run.dataset.comparisons]
    for side in ("a", "b"):
        expected = [getattr(one, side).caption for one in run.dataset.comparisons]
        assert [captions[row] for row in shown[side]] == expected
    assert [shown["votes_a"], shown["votes_b"], shown["ties"]] == run.dataset.counts().tolist()
    for values, metric in zip(data["pairs"]["scores"], data["metrics"], strict=True):
        np.testing.assert_allclose(values, run.scores[metric], rtol=1e-5)
    estimates = data["estimates"]
    accuracy = [
        (metric, stratum, estimate)
        for metric, stratum, name, estimate in zip(
            *(decoded(estimates[name]) for name in ("metric", "stratum", "statistic")),
            estimates["estimate"],
            strict=True,
        )
        if name == "accuracy"
    ]
    assert accuracy == [
        (a.metric, a.stratum, pytest.approx(a.accuracy.estimate, rel=1e-5)) for a in run.analysis.vote_agreements
    ]
    assert data["noun"] == "comparisons"


def test_the_tables_and_the_verdict_are_those_of_the_report(run: VoteRun) -> None:
    report, data = report_of(run), island(vote_page_of(run))
    assert [section["heading"] for section in data["sections"]] == [section.heading for section in report.sections]
    assert [point["text"] for point in data["verdict"]] == [point.text for point in report.verdict]
    assert [one["name"] for one in data["figures"]] == ["accuracy", "differences", "certainty"]


def test_leans_are_signed_ranks_and_shares_of_votes(run: VoteRun) -> None:
    listeners, metrics = leans(run.dataset, run.scores)
    a, b = run.dataset.sides()
    counts = run.dataset.counts()
    np.testing.assert_allclose(listeners, (counts[0] - counts[1]) / counts.sum(axis=0))
    differences = run.scores["good"][a] - run.scores["good"][b]
    np.testing.assert_array_equal(np.sign(metrics["good"]), np.sign(differences))
    assert np.argmax(np.abs(differences)) == np.argmax(np.abs(metrics["good"]))
    assert np.abs(metrics["good"]).max() == 1
    order = most_disputed(run.dataset, run.scores)
    assert sorted(order) == list(range(len(listeners)))
    assert order[0] == np.argmax(np.abs(metrics["good"] - listeners))


def test_missing_scores_are_null_and_one_that_scored_nothing_takes_nothing_away(run: VoteRun) -> None:
    holes = np.where(np.arange(len(run.dataset.pairs)) == 3, np.nan, run.scores["good"])
    scores = {"good": holes, "poor": np.full(len(holes), np.nan)}
    data = island(vote_page_of(replace(run, scores=scores)))
    assert data["pairs"]["scores"][0][3] is None
    assert [i for i, lean in enumerate(data["comparisons"]["leans"][0]) if lean is None] == [1]
    assert set(data["comparisons"]["leans"][1]) == {None}


def test_a_clip_is_embedded_once_and_all_its_comparisons_play_it(run: VoteRun) -> None:
    data = island(vote_page_of(run, n_embedded=3))
    assert len(data["clips"]) == 3
    names = [run.dataset.portable_name(pair.audio_path) for pair in run.dataset.pairs]
    plays = data["comparisons"]["play_a"]
    for one, row in zip(run.dataset.comparisons, plays, strict=True):
        assert names[row] == run.dataset.portable_name(one.a.audio_path)
    assert set(map(int, data["clips"])) <= set(plays)
    assert island(vote_page_of(run))["clips"] == {}


def test_attacks_stay_data(hostile: VoteRun, tmp_path: Path) -> None:
    page = vote_page_of(hostile, tmp_path / "page.html")
    found = Elements(page.read_text(encoding="utf-8"))
    assert [tag for tag, _ in found.tags if tag == "script"] == ["script"] * 3
    assert not any(tag == "img" or "onerror" in attributes for tag, attributes in found.tags)
    data = island(page)
    assert set(decoded(data["comparisons"]["kind"])) == set(ATTACKS[:3])
    assert any(caption and caption.startswith(ATTACKS[0]) for caption in decoded(data["pairs"]["caption"]))


def test_clips_of_one_caption(run: VoteRun) -> None:
    """Two clips for one caption: both can be played, and the caption is what they share."""
    turned = replace(run, dataset=replace(run.dataset, shared="caption"))
    data = island(vote_page_of(turned))
    assert data["comparisons"]["shared"] == "caption"
    assert decoded(data["pairs"]["title"]) == decoded(data["pairs"]["caption"])
