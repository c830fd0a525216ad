"""``bench compare``: what changed between two runs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bench.compare import compare_runs
from bench.run import read_run
from tests.bench.conftest import Bench, write_scores


@pytest.fixture
def runs(bench: Bench, ratings_csv: Path, planted_csv: Path, pair_ids: list[str]) -> tuple[Path, Path]:
    """The same metric before and after it became a function of the ratings, and one in each run only."""
    noise = np.random.default_rng(5).random(len(pair_ids))
    ratings = {line.split(",")[0]: float(line.split(",")[-4]) for line in ratings_csv.read_text().splitlines()[1:]}
    better = write_scores(
        Path("better.csv"), {pair: ratings[pair] / 10 + 0.05 * n for pair, n in zip(pair_ids, noise, strict=True)}
    )
    common = ["run", "--dataset", ratings_csv, "--resamples", "199"]
    assert bench(*common, "--metrics", "random", "--scores", f"p={planted_csv}", "--out", "a").status == 0
    assert bench(*common, "--metrics", "caption-length", "--scores", f"p={better}", "--out", "b").status == 0
    return Path("a"), Path("b")


def test_differences_are_paired_and_signed(runs: tuple[Path, Path]) -> None:
    before, now = map(read_run, runs)
    found = compare_runs(before, now)
    assert found.n_common == 60
    assert found.score_differences == {"p": np.abs(before.table.scores["p"] - now.table.scores["p"]).max()}
    [srcc] = [d for d in found.differences if (d.stratum, d.statistic) == ("all", "srcc")]
    estimates = [
        next(e.estimate for e in run.analysis.estimates if (e.metric, e.stratum, e.statistic) == ("p", "all", "srcc"))
        for run in (before, now)
    ]
    assert srcc.delta == pytest.approx(estimates[1] - estimates[0], abs=1e-12)
    assert srcc.low > 0
    assert srcc.p_value < 0.05
    assert {change.what for change in found.changes} == {
        "signature of p",
        "signature of random",
        "signature of caption-length",
    }
    assert any("random is in the run of before only" in remark for remark in found.remarks)


def test_the_report_and_its_json(bench: Bench, runs: tuple[Path, Path]) -> None:
    text = bench("compare", *runs).out
    assert "Now minus before, all" in text
    assert "| p, before |" in text
    assert "signature of p" in text
    content = json.loads(bench("compare", *runs, "--format", "json").out)
    assert content["n_common"] == 60
    assert content["differences"][0]["metric_a"] == "p"
    assert bench("compare", *runs, "--output", "c.md").status == 0
    assert Path("c.md").read_text() == text


def test_the_same_scores_differ_by_nothing(bench: Bench, ratings_csv: Path, runs: tuple[Path, Path]) -> None:
    bench("run", "--dataset", ratings_csv, "--metrics", "random", "--resamples", "199", "--out", "c")
    found = compare_runs(read_run(runs[0]), read_run(Path("c")))
    assert found.score_differences == {"random": 0.0}
    assert {d.delta for d in found.differences} == {0.0}


def test_other_pairs_are_said_to_be_others(bench: Bench, ratings_csv: Path, runs: tuple[Path, Path]) -> None:
    lines = ratings_csv.read_text().replace("caption number", "another caption number").splitlines()
    other = ratings_csv.with_name("other.csv")
    other.write_text("\n".join(lines) + "\n")
    bench("run", "--dataset", other, "--metrics", "random", "--resamples", "99", "--out", "c")
    found = compare_runs(read_run(runs[0]), read_run(Path("c")))
    assert found.n_common == 0
    assert found.differences == ()
    assert "No pair is in both runs" in found.remarks[0]
    half = ratings_csv.with_name("half.csv")
    half.write_text("\n".join(ratings_csv.read_text().splitlines()[:61]) + "\n")
    bench("run", "--dataset", half, "--metrics", "random", "--resamples", "99", "--out", "d")
    found = compare_runs(read_run(runs[0]), read_run(Path("d")))
    assert found.n_common == 30
    assert "Compared on the 30 pairs that are in both runs (60 before, 30 now)." in found.remarks


def test_a_run_is_not_compared_with_itself(bench: Bench, runs: tuple[Path, Path]) -> None:
    refused = bench("compare", runs[0], runs[0])
    assert refused.status == 2
    assert "compared with itself" in refused.err
