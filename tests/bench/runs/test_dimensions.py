"""Several rated dimensions from the data set to the report: one is the target, the others stay beside it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from bench.datasets.catalog import load_dataset
from bench.files.dimensions import DIMENSIONS_NAME
from bench.runs.compare import changes
from bench.runs.folder import read_run
from metrics.errors import DataError
from tests.commands import Bench

RUN = ("run", "--metrics", "caption-length", "--resamples", "99", "--permutations", "99", "--sentinels", "off")


@pytest.fixture
def rated_csv(ratings_csv: Path) -> Path:
    """The ratings, with quality beside them; one listener in ten says nothing of it."""
    with ratings_csv.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    draw = np.random.default_rng(3)
    for k, row in enumerate(rows):
        row["rating:quality"] = "" if k % 10 == 0 else str(min(10, max(0, int(row["rating"]) + draw.integers(-2, 3))))
    with ratings_csv.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return ratings_csv


def run(bench: Bench, data: Path, planted: Path, out: str, *more: str) -> None:
    result = bench(*RUN, "--dataset", data, "--scores", f"planted={planted}", "--out", out, *more)
    assert result.status == 0, result.err


def test_one_dimension_is_the_target_and_the_others_are_kept(bench: Bench, rated_csv: Path, planted_csv: Path) -> None:
    run(bench, rated_csv, planted_csv, "by-rating")
    found = read_run(Path("by-rating"))
    assert found.manifest.dataset.dimension == "rating"
    means = load_dataset(str(rated_csv)).other_dimensions["quality"]
    with Path("by-rating", DIMENSIONS_NAME).open() as stream:
        kept = [(row["dimension"], row["pair_id"], float(row["rating"])) for row in csv.DictReader(stream)]
    assert sorted(kept) == sorted(("quality", pair, mean) for pair, mean in means.items())
    records = {(one.metric, one.stratum, one.dimension): one for one in found.analysis.dimension_agreement}
    assert {metric for metric, _, _ in records} == {"planted"}, "baselines are no part of it"
    assert {stratum for _, stratum, _ in records} == {"all", "source=natural", "source=synthesized"}
    one = records["planted", "all", "rating"]
    assert (one.given, one.n_pairs) == (("quality",), len(means))
    report = Path("by-rating/report.md").read_text()
    assert "ratings from 0 to 10; rated: rating (this report), quality." in report
    assert "### Agreement with rating, or with quality?" in report
    assert (
        "| metric | rating<br>n = 60 | rating, given quality<br>n = 60 | gone at<br>n = 60 | quality<br>n = 60 |"
        in report
    )


def test_another_dimension_may_be_the_target(bench: Bench, rated_csv: Path, planted_csv: Path, tmp_path: Path) -> None:
    run(bench, rated_csv, planted_csv, "by-rating")
    lines = [line for line in rated_csv.read_text().splitlines() if not line.endswith(",")]
    rated_csv.write_text("\n".join(lines) + "\n")
    run(bench, rated_csv, planted_csv, "by-quality", "--dimension", "quality")
    before, now = (read_run(tmp_path / name) for name in ("by-rating", "by-quality"))
    assert now.manifest.dataset.dimension == "quality"
    other = {one.pair.pair_id: one.others["quality"] for one in load_dataset(str(rated_csv)).pairs}
    target = dict(zip(now.table.pairs["pair_id"], now.table.pairs["rating"], strict=True))
    assert target == pytest.approx(other)
    assert {one.target for one in now.analysis.dimension_overlap} == {"quality"}
    changed = {one.what: (one.before, one.now) for one in changes(before.manifest, now.manifest)}
    assert changed["data: dimension"] == ("rating", "quality")


@pytest.mark.slow
def test_reproduce_keeps_the_dimension_and_recomputing_finds_the_same(
    bench: Bench, rated_csv: Path, planted_csv: Path
) -> None:
    lines = [line for line in rated_csv.read_text().splitlines() if not line.endswith(",")]
    rated_csv.write_text("\n".join(lines) + "\n")
    run(bench, rated_csv, planted_csv, "first", "--dimension", "quality")
    again = bench("reproduce", "first", "--out", "again", "--json")
    assert again.status == 0, again.err
    assert json.loads(again.out)["different"] == []
    assert {DIMENSIONS_NAME, "dimension_agreement.json"} <= set(json.loads(again.out)["identical"])
    stored, anew = read_run(Path("first")), read_run(Path("first"), recompute=True)
    for part in ("dimension_agreement", "dimension_overlap"):
        found, again_found = (repr(getattr(one.analysis, part)) for one in (stored, anew))
        assert len(found) > 1000
        assert found == again_found


def test_a_run_of_one_dimension_has_no_such_file(bench: Bench, ratings_csv: Path, planted_csv: Path) -> None:
    run(bench, ratings_csv, planted_csv, "plain")
    found = read_run(Path("plain"))
    assert not Path("plain", DIMENSIONS_NAME).exists()
    assert (found.analysis.dimension_agreement, found.analysis.dimension_overlap) == ((), ())
    report = Path("plain/report.md").read_text()
    assert "or with" not in report
    assert "rated: " not in report


def test_a_folder_of_another_dimension_is_refused(bench: Bench, rated_csv: Path, planted_csv: Path) -> None:
    lines = [line for line in rated_csv.read_text().splitlines() if not line.endswith(",")]
    rated_csv.write_text("\n".join(lines) + "\n")
    run(bench, rated_csv, planted_csv, "one")
    again = ("--dataset", rated_csv, "--scores", f"planted={planted_csv}", "--out", "one", "--dimension", "quality")
    refused = bench(*RUN, *again)
    assert refused.status == 2
    assert "one holds a run with other data" in refused.err


def test_what_is_damaged_is_named(bench: Bench, rated_csv: Path, planted_csv: Path) -> None:
    run(bench, rated_csv, planted_csv, "run")
    path = Path("run", DIMENSIONS_NAME)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines, "quality,nobody,3"]) + "\n")
    with pytest.raises(DataError, match=r"pair 'nobody' is not in scores\.csv"):
        read_run(Path("run"), recompute=True)
    path.write_text("\n".join([lines[0], f"quality,{lines[1].split(',')[1]},11"]) + "\n")
    with pytest.raises(DataError, match="rating is 11, expected 0 to 10"):
        read_run(Path("run"), recompute=True)
    altered = bench("verify", "run")
    assert altered.status == 1
    assert DIMENSIONS_NAME in altered.out + altered.err
