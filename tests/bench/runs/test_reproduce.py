"""``bench reproduce``: the same run again, and what it says when something has changed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.runs.compare import changes
from bench.runs.folder import read_run
from bench.runs.reproduce import score_differences
from tests.commands import Bench

RUN = ("run", "--metrics", "caption-length,random", "--resamples", "99", "--seed", "3", "--out", "first")


@pytest.fixture
def first(bench: Bench, ratings_csv: Path, planted_csv: Path) -> Path:
    assert bench(*RUN, "--dataset", ratings_csv, "--scores", f"planted={planted_csv}").status == 0
    return Path("first")


def test_the_same_again(bench: Bench, first: Path) -> None:
    result = bench("reproduce", first, "--out", "again", "--json")
    assert result.status == 0, result.err
    found = json.loads(result.out)
    assert found["reproduced"]
    assert found["changes"] == []
    assert found["score_differences"] == {"caption-length": 0.0, "random": 0.0, "planted": 0.0}
    assert found["estimate_difference"] == 0.0
    assert {"scores.csv", "estimates.json", "ratings.csv"} <= set(found["identical"])
    assert found["different"] == []
    assert read_run(Path("again")).manifest.resampling == read_run(first).manifest.resampling


@pytest.mark.slow
def test_other_scores_are_named_and_end_with_status_1(bench: Bench, first: Path, planted_csv: Path) -> None:
    lines = planted_csv.read_text().splitlines()
    planted_csv.write_text("\n".join([*lines[:-1], lines[-1].split(",")[0] + ",0.123"]) + "\n")
    result = bench("reproduce", first, "--out", "again")
    assert result.status == 1
    assert "- signature of planted: planted|" in result.out
    assert "scores.csv" in result.out.splitlines()[-1]
    assert "first is not reproduced" in result.err


def test_other_data_are_refused_in_words(bench: Bench, first: Path, ratings_csv: Path) -> None:
    ratings_csv.write_text("\n".join(ratings_csv.read_text().splitlines()[:-6]) + "\n")
    assert bench("reproduce", first, "--out", "again").status == 1


def test_a_score_that_is_missing_now_is_infinitely_different(first: Path) -> None:
    run = read_run(first)
    scores = {**run.table.scores, "random": run.table.scores["random"].copy()}
    scores["random"][0] = np.nan
    assert score_differences(run, replace(run, table=replace(run.table, scores=scores)))["random"] == np.inf


def test_changes_name_what_was_and_what_is(first: Path) -> None:
    manifest = read_run(first).manifest
    other = replace(manifest, packages={**manifest.packages, "numpy": "9.9"})
    [change] = changes(manifest, other)
    assert (change.what, change.now) == ("package numpy", "9.9")


@pytest.mark.slow
def test_a_model_is_run_again(bench: Bench, tmp_path: Path) -> None:
    arguments = ["--dataset", "demo", "--split", "validation", "--data-root", tmp_path / "demo", "--resamples", "99"]
    assert bench("run", *arguments, "--metrics", "tiny", "--batch-size", "3", "--out", "model").status == 0
    result = bench("reproduce", "model", "--out", "again")
    assert result.status == 0, result.err
    assert "- nothing" in result.out
