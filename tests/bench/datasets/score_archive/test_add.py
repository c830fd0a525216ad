"""The scores of a run become an entry, with nothing else of it, and come back as they were."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.datasets.score_archive.entries import entry_problems, find_entry
from bench.datasets.score_archive.facts import FACTS_NAME
from bench.datasets.score_archive.write import About, add_run
from bench.datasets.voted.catalog import load_voted
from bench.runs.folder import Run, read_run
from bench.runs.run import RunRequest, run_benchmark
from bench.runs.vote_folder import VoteRun, read_vote_run
from bench.runs.votes import run_votes
from bench.statistics.types import ResamplingPlan
from metrics.errors import ClapBenchError, DataError, UsageError
from metrics.files import sha256_of_file
from metrics.locks import held
from tests.bench.conftest import PAIR_IDS, write_planted, write_ratings, write_scores
from tests.bench.datasets.score_archive.pairs import files_in, make_entry
from tests.bench.runs.test_votes import write_votes

FEW = ResamplingPlan(n_resamples=19, n_permutations=19)


@pytest.fixture
def rated(tmp_path: Path) -> Run:
    """A run of two metrics and a baseline; the second metric has scores of many digits."""
    ratings = write_ratings(tmp_path / "ratings.csv")
    odd = dict(zip(PAIR_IDS, np.random.default_rng(2).random(len(PAIR_IDS)) * 1e-9, strict=True))
    files = {"planted": write_planted(tmp_path / "planted.csv"), "human:odd": write_scores(tmp_path / "odd.csv", odd)}
    return run_benchmark(
        RunRequest(str(ratings), ("random",), score_files=files, resampling=FEW, sentinels=False, out=tmp_path / "run")
    )


@pytest.fixture
def voted(tmp_path: Path) -> VoteRun:
    path = write_votes(tmp_path / "votes.csv")
    lengths = {pair.pair_id: len(pair.caption) for pair in load_voted(str(path)).pairs}
    files = {"length": write_scores(tmp_path / "lengths.csv", lengths)}
    return run_votes(RunRequest(str(path), (), score_files=files, resampling=FEW, out=tmp_path / "votes"))


def request(ratings: Path, out: Path, *metrics: str) -> RunRequest:
    """Return what a run with the scores of ``mine`` is asked to do."""
    return RunRequest(str(ratings), metrics, scores_from=("mine",), resampling=FEW, sentinels=False, out=out)


def test_of_a_run_on_ratings_and_back(rated: Run, tmp_path: Path, own_scores: Path) -> None:
    said: list[str] = []
    entry = add_run(rated.folder, "mine", About(licence="CC0", note="of a draft"), remark=said.append)
    assert said == ["baselines are left out: random; --metrics keeps those that it names"]
    assert list(entry_problems(entry)) == []
    [dataset] = entry.facts.datasets
    assert (dataset.name, dataset.split) == ("ratings.csv", None)
    assert dataset.sha256 == rated.manifest.dataset.sha256
    assert [one.metric for one in dataset.metrics] == ["planted", "human:odd"]
    assert {one.metric: one.signature for one in dataset.metrics} == {
        metric: rated.manifest.signatures[metric] for metric in ("planted", "human:odd")
    }
    assert entry.facts.summary == "planted, human:odd on ratings.csv"
    assert entry.facts.source.startswith("clap-bench ")
    assert (entry.facts.licence, entry.facts.note) == ("CC0", "of a draft")
    assert str(tmp_path) not in (entry.folder / FACTS_NAME).read_text(), "where the data lie is their owner's affair"

    moved = tmp_path / "moved.csv"
    (tmp_path / "ratings.csv").rename(moved)
    again = run_benchmark(
        RunRequest(
            str(moved), ("random",), scores_from=("mine",), resampling=FEW, sentinels=False, out=tmp_path / "again"
        )
    )
    assert (again.folder / "scores.csv").read_bytes() == (rated.folder / "scores.csv").read_bytes()
    assert repr(again.analysis.estimates) == repr(rated.analysis.estimates)
    assert repr(again.analysis.differences) == repr(rated.analysis.differences)
    assert again.manifest.dataset.notes[-1] == "of a draft"
    assert set(again.manifest.external) == {"planted", "human:odd"}
    report = (again.folder / "report.md").read_text(encoding="utf-8")
    assert "human:odd|scores from mine|clap-bench" in report
    assert f"made by: {rated.manifest.signatures['planted']}" in report
    assert files_in(own_scores) == {
        ".lock", "mine/scores.json", "mine/ratings-csv/planted.csv", f"mine/{dataset.metrics[1].file}"
    }  # fmt: skip


def test_of_a_run_on_votes_and_back(voted: VoteRun, tmp_path: Path) -> None:
    entry = add_run(voted.folder, "mine")
    assert entry.facts.metrics == ["length"]
    path = str(tmp_path / "votes.csv")
    again = run_votes(RunRequest(path, (), resampling=FEW, out=tmp_path / "again", scores_from=("mine",)))
    assert (again.folder / "scores.csv").read_bytes() == (voted.folder / "scores.csv").read_bytes()
    assert repr(again.analysis) == repr(voted.analysis)
    assert "length|scores from mine|" in again.manifest.signatures["length"]
    assert read_vote_run(again.folder).manifest.external == again.manifest.external != {}


def test_pairs_that_a_metric_failed_on_stay_failures(rated: Run, tmp_path: Path) -> None:
    """As after a run that ended with status 3."""
    metric = "broken"
    path = rated.folder / "scores.csv"
    header, first, *rows = path.read_text().splitlines()
    cells = [f"{header},{metric}", f"{first},", *(f"{row},{i}" for i, row in enumerate(rows))]
    path.write_text("\n".join(cells) + "\n")
    manifest = json.loads((rated.folder / "manifest.json").read_text())
    manifest["signatures"][metric] = metric
    manifest["outputs"]["scores.csv"] = sha256_of_file(path)
    (rated.folder / "manifest.json").write_text(json.dumps(manifest))
    entry = add_run(rated.folder, "mine", metrics=(metric,))
    [one] = entry.facts.datasets[0].metrics
    assert (one.n_pairs, one.n_scores) == (len(rows) + 1, len(rows))
    table = run_benchmark(request(tmp_path / "ratings.csv", tmp_path / "again")).table
    assert np.isnan(table.scores[metric]).sum() == 1
    [failure] = table.failures[metric]
    assert (failure.pair_id, failure.reason) == (first.split(",")[0], "no score in mine")
    assert read_run(tmp_path / "again").table.failures[metric] == (failure,)


def test_an_entry_grows_by_data_sets(rated: Run, voted: VoteRun) -> None:
    first = add_run(rated.folder, "mine", About(licence="CC0", summary="two data sets"), metrics=["planted"])
    both = add_run(voted.folder, "mine", About(source="a paper"))
    assert [one.name for one in both.facts.datasets] == ["ratings.csv", "votes.csv"]
    assert both.facts.datasets[0] == first.facts.datasets[0]
    assert (both.facts.licence, both.facts.summary, both.facts.source) == ("CC0", "two data sets", "a paper")
    assert list(entry_problems(both)) == []
    before = files_in(both.folder)
    with pytest.raises(UsageError, match=r"scores 'mine' are of votes\.csv already; give another --name"):
        add_run(voted.folder, "mine")
    (both.folder / "votes-csv" / "length.csv").write_text("")
    with pytest.raises(DataError, match=r"scores 'mine' cannot be added to: .*is empty"):
        add_run(voted.folder, "mine")
    assert before == files_in(both.folder)


def test_names(rated: Run, own_scores: Path) -> None:
    assert add_run(rated.folder).name == "run"
    with pytest.raises(UsageError, match="come with clap-bench"):
        add_run(rated.folder, "caf-score")
    with pytest.raises(UsageError, match="scores cannot be called"):
        add_run(rated.folder, "../x")
    entry = make_entry("pulled")
    (entry.folder / "pulled.json").write_text(json.dumps({"repo": "a/b", "commit": "0" * 40}))
    with pytest.raises(UsageError, match="scores 'pulled' were pulled from a/b@000000000000; give another --name"):
        add_run(rated.folder, "pulled")
    assert find_entry("pulled").facts == entry.facts
    (own_scores / "notes").mkdir()
    with pytest.raises(UsageError, match=r"notes is there and holds no scores\.json"):
        add_run(rated.folder, "notes")
    assert {path.name for path in own_scores.iterdir()} == {".lock", "run", "pulled", "notes"}


def test_what_is_no_run_with_scores(rated: Run, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no finished run"):
        add_run(tmp_path, "mine")
    with pytest.raises(UsageError, match=r"no metric 'plant' in .*; did you mean 'planted'\?"):
        add_run(rated.folder, "mine", metrics=["plant"])
    with pytest.raises(DataError, match=r"summary is 'a.nb', expected one line"):
        add_run(rated.folder, "mine", About(summary="a\nb"))
    path = rated.folder / "scores.csv"
    path.write_text(path.read_text().replace("natural", "synthesized", 1))
    with pytest.raises(DataError, match=r"scores\.csv was changed since the run wrote it, so its signatures"):
        add_run(rated.folder, "mine")
    assert "mine" not in {path.name for path in (tmp_path / "scores").glob("*")}


def test_tokens_in_signatures_are_not_passed_on(rated: Run) -> None:
    token = "hf_" + "a1" * 17
    manifest = json.loads((rated.folder / "manifest.json").read_text())
    manifest["signatures"]["planted"] = f"planted|url:https://me:secret@host/x|{token}"
    (rated.folder / "manifest.json").write_text(json.dumps(manifest))
    text = (add_run(rated.folder, "mine").folder / FACTS_NAME).read_text()
    assert "planted|url:https://…@host/x|hf_…" in text
    assert token not in text


def test_one_process_at_a_time(rated: Run, own_scores: Path) -> None:
    with (
        held(own_scores / ".lock", "", ""),
        pytest.raises(ClapBenchError, match=r"another process is changing .*scores; wait for it"),
    ):
        add_run(rated.folder, "mine")


def test_two_metrics_of_one_name(rated: Run, tmp_path: Path) -> None:
    add_run(rated.folder, "mine")
    twice = replace(
        request(tmp_path / "ratings.csv", tmp_path / "again"), score_files={"planted": tmp_path / "planted.csv"}
    )
    with pytest.raises(UsageError, match="two metrics are called 'planted'"):
        run_benchmark(twice)
    assert not (tmp_path / "again").exists()
