"""``bench scores``: what it prints, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.bench.conftest import write_planted, write_ratings
from tests.bench.datasets.score_archive.pairs import make_entry, small
from tests.commands import Bench


@pytest.fixture(autouse=True)
def own_scores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "scores"
    monkeypatch.setenv("CLAP_BENCH_SCORES_DIR", str(folder))
    return folder


def run_on_ratings(bench: Bench, folder: Path, *options: object) -> Path:
    ratings = write_ratings(folder / "ratings.csv")
    few = ("--resamples", 9, "--permutations", 9, "--sentinels", "off", "--out", folder / "run")
    assert bench("run", "--dataset", ratings, *few, *options).status == 0
    return folder / "run"


def test_the_list(bench: Bench, own_scores: Path) -> None:
    make_entry("mine", small("relate:is"), small("b" * 30 + ".csv", None))
    (own_scores / "broken").mkdir()
    (own_scores / "broken" / "scores.json").write_text("{")
    found = bench("scores", "list")
    assert found.status == 0
    for text in ("caf-score", "brace:audiocaps", "qwen3omni+msclap", "MIT", "relate:is (test)", "b" * 10):
        assert text in found.out
    assert all(len(line) <= 80 for line in found.out.splitlines() if line.startswith(("│", "┃")))
    assert f"mine: two metrics; source: a paper; from this machine, in {own_scores / 'mine'}" in found.out
    assert "scores 'broken' cannot be used" in found.err


def test_the_list_for_programs(bench: Bench, own_scores: Path) -> None:
    entry = make_entry("mine")
    (entry.folder / "pulled.json").write_text(json.dumps({"repo": "a/b", "commit": "0" * 40}))
    (own_scores / "broken").mkdir()
    (own_scores / "broken" / "scores.json").write_text("{")
    caf, _, mine, broken = json.loads(bench("scores", "list", "--json").out)
    assert (caf["name"], caf["kind"], caf["licence"]) == ("caf-score", "package", "MIT")
    assert [one["name"] for one in caf["datasets"]] == ["brace:audiocaps", "brace:clotho"]
    assert (mine["kind"], mine["origin"]) == ("pulled", {"repo": "a/b", "commit": "0" * 40})
    assert mine["datasets"][0]["metrics"][0]["n_scores"] == 4
    assert set(broken) == {"name", "problem"}


def test_add_says_what_it_kept_and_how_it_is_used(bench: Bench, tmp_path: Path, own_scores: Path) -> None:
    run = run_on_ratings(bench, tmp_path, "--scores", f"mine={write_planted(tmp_path / 'planted.csv')}")
    added = bench("scores", "add", run, "--name", "first", "--licence", "CC0", "--note", "a draft")
    assert added.status == 0
    assert added.out == (f"ratings.csv: mine; 60 pairs\nin {own_scores / 'first'}, from this machine; licence: CC0\n")
    assert "use them: bench run --dataset ratings.csv --scores-from first" in added.err
    again = bench("run", "--dataset", "ratings.csv", "--scores-from", "first", "--sentinels", "off", "--resamples", 9)
    assert again.status == 0
    assert "mine" in again.out
    assert bench("scores", "add", run, "--name", "none", "--metrics", "laion").status == 2


def test_scores_of_a_run_that_are_baselines_alone(bench: Bench, tmp_path: Path) -> None:
    run = run_on_ratings(bench, tmp_path, "--metrics", "random")
    refused = bench("scores", "add", run, "--name", "none")
    assert refused.status == 1
    assert "has no scores that could be put into the archive" in refused.err
    assert bench("scores", "add", run, "--name", "some", "--metrics", "random").status == 0


def test_check_ends_with_1_if_something_is_wrong(bench: Bench, tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text("pair_id,score\n" + "a,nan\n" * 30)
    found = bench("scores", "check", path)
    assert found.status == 1
    lines = found.out.splitlines()
    assert lines[0].endswith("line 2: score is 'nan', expected a finite number; remove the row if there is none")
    assert lines[-1] == "… and 39 more"
    path.write_text("pair_id,score\na,1\n")
    assert bench("scores", "check", path) == bench("scores", "check", path)
    assert bench("scores", "check", path).out == f"{path}: nothing wrong\n"
    assert bench("scores", "check", make_entry("mine").folder).status == 0
    assert bench("scores", "check", tmp_path).status == 1
    assert bench("scores", "check", tmp_path / "none.csv").status == 2


def test_check_against_a_data_set(bench: Bench, tmp_path: Path) -> None:
    ratings, planted = write_ratings(tmp_path / "ratings.csv"), write_planted(tmp_path / "planted.csv")
    assert bench("scores", "check", planted, "--dataset", ratings).status == 0
    planted.write_text("".join(planted.read_text().splitlines(keepends=True)[:-2]))
    found = bench("scores", "check", planted, "--dataset", ratings)
    assert found.status == 1
    assert "no score for 2 of 60 pairs" in found.out


@pytest.mark.parametrize("where", ["brace:clotho", "ratings.csv"])
def test_scores_that_are_not_there(bench: Bench, tmp_path: Path, where: str) -> None:
    write_ratings(tmp_path / "ratings.csv")
    found = bench("run", "--dataset", where, "--scores-from", "caf-scor")
    assert found.status == 2
    assert "unknown scores 'caf-scor'; did you mean 'caf-score'?" in found.err
    assert found.err.count("\n") == 1


def test_scores_of_votes_are_not_of_ratings(bench: Bench, tmp_path: Path) -> None:
    write_ratings(tmp_path / "ratings.csv")
    found = bench("run", "--dataset", "ratings.csv", "--scores-from", "caf-score")
    assert found.status == 2
    assert "scores 'caf-score' are of brace:audiocaps, brace:clotho, not of ratings.csv; leave them out" in found.err
    assert not (tmp_path / "results").exists()
