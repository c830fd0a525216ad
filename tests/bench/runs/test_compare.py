"""``bench compare``: what changed between two runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.runs.compare import compare_runs
from bench.runs.folder import Run, read_run
from bench.runs.run import RunRequest, run_benchmark
from bench.statistics.comparison import CorrelationDifference
from bench.statistics.types import ResamplingPlan
from tests.bench.conftest import PAIR_IDS, write_planted, write_ratings, write_scores
from tests.commands import Bench

PLAN = ResamplingPlan(n_resamples=199)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The same metric before and after it became a function of the ratings, and one in each run only."""
    folder = tmp_path_factory.mktemp("runs")
    ratings, planted = write_ratings(folder / "ratings.csv"), write_planted(folder / "planted.csv")
    given = {line.split(",")[0]: float(line.split(",")[-4]) for line in ratings.read_text().splitlines()[1:]}
    noise = dict(zip(PAIR_IDS, np.random.default_rng(5).random(len(PAIR_IDS)), strict=True))
    better = write_scores(folder / "better.csv", {pair: given[pair] / 10 + 0.05 * noise[pair] for pair in PAIR_IDS})
    for name, metric, scores in (("a", "random", planted), ("b", "caption-length", better)):
        run_benchmark(
            RunRequest(str(ratings), (metric,), score_files={"p": scores}, resampling=PLAN, out=folder / name)
        )
    return folder / "a", folder / "b"


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
    assert "Now minus before, all pairs" in text
    assert "Now minus before, SRCC by source and system" in text
    assert "| p, before |" in text
    assert "| signature of p | sha256:" in text
    content = json.loads(bench("compare", *runs, "--format", "json").out)
    assert content["n_common"] == 60
    assert content["differences"][0]["metric_a"] == "p"
    assert {e["metric"] for e in content["estimates"]["before"]} == {"p", "random"}
    assert bench("compare", *runs, "--output", "c.md").status == 0
    assert Path("c.md").read_text() == text


def test_the_same_scores_differ_by_nothing(bench: Bench, ratings_csv: Path, runs: tuple[Path, Path]) -> None:
    bench("run", "--dataset", ratings_csv, "--metrics", "random", "--resamples", "199", "--out", "c")
    found = compare_runs(read_run(runs[0]), read_run(Path("c")))
    assert found.score_differences == {"random": 0.0}
    assert {d.delta for d in found.differences} == {0.0}


@pytest.mark.slow
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


@pytest.mark.slow
def test_pairing_is_that_of_two_metrics_in_one_run(
    bench: Bench, runs: tuple[Path, Path], ratings_csv: Path, planted_csv: Path
) -> None:
    """The oracle: one run that has both scores, as two metrics."""
    arguments = [
        "--scores",
        f"now={runs[0].parent / 'better.csv'}",
        "--scores",
        f"before={planted_csv}",
        "--resamples",
        "199",
        "--out",
        "c",
    ]
    assert bench("run", "--dataset", ratings_csv, *arguments).status == 0
    one_run = {(d.stratum, d.statistic): d for d in read_run(Path("c")).analysis.differences}
    found = compare_runs(*map(read_run, runs)).differences
    assert {d.stratum for d in found} == {"all", "source=natural", "source=synthesized", "system=alpha", "system=beta"}
    for difference in found:
        expected = one_run[difference.stratum, difference.statistic]
        assert repr(difference) == repr(replace(expected, metric_a="p", metric_b="p"))


def test_p_values_are_adjusted_over_the_metrics(runs: tuple[Path, Path]) -> None:
    before, now = (with_scores(read_run(folder), q=lambda p: p**2) for folder in runs)
    tables: dict[tuple[str, str], list[CorrelationDifference]] = {}
    for one in compare_runs(before, now).differences:
        tables.setdefault((one.stratum, one.statistic), []).append(one)
    for (_, statistic), pair in tables.items():
        if statistic == "mse":  # squares of these scores leave [0, 1]
            assert all(np.isnan(one.p_adjusted) for one in pair)
            continue
        small, large = sorted(pair, key=lambda one: one.p_value)
        assert small.p_adjusted == min(1, 2 * small.p_value)
        assert large.p_adjusted == min(1, max(2 * small.p_value, large.p_value))
        assert all(one.sim_high - one.sim_low > one.high - one.low for one in pair)


def test_neither_order_nor_failures_mix_up_pairs(runs: tuple[Path, Path]) -> None:
    before, now = map(read_run, runs)
    order = np.random.default_rng(0).permutation(60)
    here, there = compare_runs(before, now), compare_runs(before, replace(now, table=now.table.take(order)))
    deltas = [{(d.stratum, d.statistic): d.delta for d in found.differences} for found in (here, there)]
    assert deltas[0] == pytest.approx(deltas[1], nan_ok=True)
    failed = with_scores(now, p=lambda p: np.where(np.arange(60) < 5, np.nan, p))
    found = compare_runs(before, failed)
    assert {d.n_pairs for d in found.differences if d.stratum == "all"} == {55}
    assert found.score_differences == {"p": np.inf}


def test_a_metric_that_scored_nothing_has_no_difference(runs: tuple[Path, Path]) -> None:
    before, now = map(read_run, runs)
    assert compare_runs(before, with_scores(now, p=lambda p: np.full_like(p, np.nan))).differences == ()


@pytest.mark.slow
def test_without_a_shared_metric_nothing_is_compared(
    bench: Bench, runs: tuple[Path, Path], ratings_csv: Path, planted_csv: Path
) -> None:
    bench("run", "--dataset", ratings_csv, "--scores", f"q={planted_csv}", "--resamples", "99", "--out", "c")
    refused = bench("compare", runs[0], "c")
    assert refused.status == 2
    assert "scored with random, p, c with q: no metric is in both" in refused.err


def with_scores(run: Run, **changed: Callable[[np.ndarray], np.ndarray]) -> Run:
    """Set scores of metrics to functions of those of ``p``."""
    scores = {metric: change(run.table.scores["p"]) for metric, change in changed.items()}
    return replace(run, table=replace(run.table, scores={**run.table.scores, **scores}))


def test_a_run_is_not_compared_with_itself(bench: Bench, runs: tuple[Path, Path]) -> None:
    refused = bench("compare", runs[0], runs[0])
    assert refused.status == 2
    assert "compared with itself" in refused.err
