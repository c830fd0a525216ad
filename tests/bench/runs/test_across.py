"""``bench across``: metrics over several data sets."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.meta_analysis import combine_effects
from statsmodels.stats.multitest import multipletests

from bench.datasets.catalog import load_dataset
from bench.runs.across import across
from bench.runs.across_report import build_across
from bench.runs.folder import Run, read_run
from bench.runs.run import RunRequest, run_benchmark
from bench.runs.vote_folder import VoteRun
from bench.statistics.agreement import MSE
from bench.statistics.intervals import Measured
from bench.statistics.types import ResamplingPlan
from metrics.errors import UsageError
from metrics.types import ScorerOptions
from tests.bench.datasets.adapters.external_sets import write_audioeval, write_clotho, write_pam
from tests.bench.reports.vote_runs import small_vote_run
from tests.commands import Bench


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """Three small data sets; the third has one metric less."""
    folder = tmp_path_factory.mktemp("across")
    sets = {"pam:audio": write_pam, "audioeval": write_audioeval, "clotho": write_clotho}
    for name, write in sets.items():
        metrics = ("random", "caption-length") if name != "clotho" else ("random",)
        request = RunRequest(
            name, metrics, data_root=write(folder / "data" / name.replace(":", "-")),
            resampling=ResamplingPlan(n_resamples=99, unit="pair"), out=folder / name.replace(":", "-"),
        )  # fmt: skip
        run_benchmark(request)
    return folder / "pam-audio", folder / "audioeval", folder / "clotho"


def value(run: Run, metric: str) -> tuple[float, float, float]:
    estimates = run.analysis.estimates
    [one] = [e for e in estimates if (e.metric, e.stratum, e.statistic) == (metric, "all", "srcc")]
    return one.estimate, one.low, one.high


def difference(run: Run, first: str, second: str) -> tuple[float, float, float]:
    wanted = (first, second, "all", "srcc")
    [one] = [d for d in run.analysis.differences if (d.metric_a, d.metric_b, d.stratum, d.statistic) == wanted]
    return one.delta, one.low, one.high


def by_statsmodels(rows: list[tuple[float, float, float]], n_clusters: list[int]) -> tuple[float, float, float]:
    """Return the random-effects mean and its interval, from estimates with expanded intervals."""
    values = np.array(rows)
    n = np.array(n_clusters)
    errors = (values[:, 2] - values[:, 1]) / 2 / (np.sqrt(n / (n - 1)) * stats.t.ppf(0.975, n - 1))
    theirs = combine_effects(values[:, 0], errors**2, method_re="iterated", atol=1e-12)
    error = max(theirs.sd_eff_w_re, theirs.sd_eff_w_re_hksj)
    half = stats.t.ppf(0.975, len(rows) - 1) * error
    return theirs.mean_effect_re, theirs.mean_effect_re - half, theirs.mean_effect_re + half


def test_pooled_estimates_differences_and_ranks(runs: tuple[Path, Path, Path]) -> None:
    two = [read_run(run) for run in runs[:2]]
    found = across(two)
    assert found.datasets == ("pam:audio", "audioeval")
    clusters = [run.analysis.estimates[0].n_clusters for run in two]
    for metric in ("random", "caption-length"):
        expected = by_statsmodels([value(run, metric) for run in two], clusters)
        one = found.pooled[metric]
        assert (one.mean, one.low, one.high) == pytest.approx(expected, rel=1e-6)
        assert math.isnan(one.new_low)
    pair = ("random", "caption-length")
    one = found.pooled_differences[pair]
    assert (one.mean, one.low, one.high) == pytest.approx(
        by_statsmodels([difference(run, *pair) for run in two], clusters), rel=1e-6
    )
    better = [value(run, "random")[0] > value(run, "caption-length")[0] for run in two]
    assert found.mean_ranks["random"] == np.mean([1 if b else 2 for b in better])
    assert sum(found.mean_ranks.values()) == 3


def test_the_order_of_metrics_in_a_run_does_not_matter(runs: tuple[Path, Path, Path]) -> None:
    first, second = (read_run(run) for run in runs[:2])
    turned = tuple(
        replace(
            d,
            metric_a=d.metric_b,
            metric_b=d.metric_a,
            delta=-d.delta,
            low=-d.high,
            high=-d.low,
            sim_low=-d.sim_high,
            sim_high=-d.sim_low,
        )
        for d in second.analysis.differences
    )
    other = replace(second, analysis=replace(second.analysis, differences=turned))
    found, same = across([first, other]), across([first, second])
    assert repr(found.pooled_differences) == repr(same.pooled_differences)
    assert repr(found.differences) == repr(same.differences)


def test_a_metric_that_is_missing_somewhere_is_not_pooled(runs: tuple[Path, Path, Path]) -> None:
    found = across([read_run(run) for run in runs])
    assert set(found.pooled) == {"random"}
    assert not found.pooled_differences
    assert not math.isnan(found.pooled["random"].new_low)
    table, differences = build_across(found).sections[0].tables
    rows = {row.label: row for row in table.rows}
    assert rows["caption-length"].cells[-1].value == "–"
    assert [column.header for column in table.columns[3:]] == [
        "mean", "new data set", "SD between", "I²", "same? p", "mean rank",
    ]  # fmt: skip
    assert any("was not scored" in note for note in table.notes())
    assert [row.label for row in table.rows] == ["random", "caption-length"]
    assert [row.label for row in differences.rows] == ["random − caption-length"]
    assert differences.rows[0].cells[2].value == "–"


def test_formats(bench: Bench, runs: tuple[Path, Path, Path], tmp_path: Path) -> None:
    text = bench("across", *runs).out
    assert "SRCC ↑ by data set" in text
    assert "Differences in SRCC by data set" in text
    assert "clotho" in text
    assert r"\toprule" in bench("across", *runs, "--format", "latex").out
    assert bench("across", *runs, "--format", "json", "--output", tmp_path / "a.json").status == 0
    content = json.loads((tmp_path / "a.json").read_text())
    assert content["datasets"][0] == "pam:audio"
    assert content["estimates"]["caption-length"][2] is None
    assert content["differences"]["random − caption-length"][0]["metric_b"] == "caption-length"
    assert content["pooled"]["random"]["n_datasets"] == 3


def test_ranks_of_errors_go_the_other_way(runs: tuple[Path, Path, Path]) -> None:
    """The caption's length is on no scale from 0 to 1 and has no error; it is given one here."""
    two = [read_run(run) for run in runs[:2]]
    assert math.isnan(across(two, MSE).estimates["caption-length"][0].estimate)
    given = [
        replace(run, analysis=replace(run.analysis, estimates=tuple(
            replace(e, estimate=5.0, note="") if (e.metric, e.statistic) == ("caption-length", "mse") else e
            for e in run.analysis.estimates
        )))
        for run in two
    ]  # fmt: skip
    assert across(given, MSE).mean_ranks == {"random": 1, "caption-length": 2}


def test_one_run_or_the_same_data_twice_are_refused(runs: tuple[Path, Path, Path]) -> None:
    one = read_run(runs[0])
    with pytest.raises(UsageError, match="1 run given, expected two or more"):
        across([one])
    with pytest.raises(UsageError, match="are both over pam:audio; give one run a data set"):
        across([one, one])


def test_another_metric_of_the_same_name_is_refused(runs: tuple[Path, Path, Path], tmp_path: Path) -> None:
    root = write_audioeval(tmp_path / "data")
    other = run_benchmark(
        RunRequest(
            "audioeval",
            ("random",),
            data_root=root,
            resampling=ResamplingPlan(n_resamples=9, unit="pair"),
            scorer_options=ScorerOptions(seed=7),
            out=tmp_path / "other",
        )
    )
    with pytest.raises(UsageError, match=r"random is not the same in .*; run one of them again"):
        across([read_run(runs[0]), other])


def test_scores_from_files_may_differ_by_data_set(tmp_path: Path) -> None:
    runs = []
    for name, write in (("pam:audio", write_pam), ("audioeval", write_audioeval)):
        root = write(tmp_path / name.replace(":", "-"))
        pairs = [rated.pair.pair_id for rated in load_dataset(name, data_root=root).pairs]
        scores = tmp_path / f"{name.replace(':', '-')}.csv"
        scores.write_text("pair_id,score\n" + "".join(f"{pair},{k / 10}\n" for k, pair in enumerate(pairs)))
        runs.append(
            run_benchmark(
                RunRequest(
                    name,
                    (),
                    data_root=root,
                    score_files={"mine": scores},
                    resampling=ResamplingPlan(n_resamples=9, unit="pair"),
                    out=tmp_path / f"run-{name.replace(':', '-')}",
                )
            )
        )
    assert set(across(runs).pooled) == {"mine"}


@pytest.fixture(scope="module")
def votes(tmp_path_factory: pytest.TempPathFactory) -> tuple[VoteRun, VoteRun]:
    """Two runs on votes with the same metrics in another order; in the second, ``good`` is the poor one."""
    first = small_vote_run(tmp_path_factory.mktemp("first"), n=60)
    second = small_vote_run(tmp_path_factory.mktemp("second"), ("poor", "good"), n=80)
    return first, second


def accuracy(run: VoteRun, metric: str) -> Measured:
    return next(a.accuracy for a in run.analysis.vote_agreements if (a.metric, a.stratum) == (metric, "all"))


def of_two(values: list[Measured]) -> tuple[float, float, float, float]:
    """Return the random-effects mean of two data sets, where tau^2 is known in closed form, and first minus second.

    Each is followed by half the width of its interval. (The iterations of statsmodels stop far from it here.)
    """
    y = np.array([one.estimate for one in values])
    n = np.array([one.n_clusters for one in values])
    widths = np.array([one.high - one.low for one in values])
    variances = (widths / 2 / (np.sqrt(n / (n - 1)) * stats.t.ppf(0.975, n - 1))) ** 2
    weights = 1 / (variances + max(0, ((y[0] - y[1]) ** 2 - variances.sum()) / 2))
    half = stats.t.ppf(0.975, 1) / np.sqrt(weights.sum())
    unbiased = variances * n / (n - 1)
    freedom = unbiased.sum() ** 2 / np.sum(unbiased**2 / (n - 1))
    half_between = stats.t.ppf(0.975, freedom) * np.sqrt(unbiased.sum())
    return float(np.average(y, weights=weights)), float(half), float(y[0] - y[1]), float(half_between)


def test_accuracies_of_votes_are_pooled_and_compared(votes: tuple[VoteRun, VoteRun]) -> None:
    found = across(votes)
    assert (found.statistic.id, found.statistic.label) == ("accuracy", "accuracy ↑")
    for metric in ("good", "poor"):
        values = [accuracy(run, metric) for run in votes]
        mean, half, between, half_between = of_two(values)
        one = found.pooled[metric]
        assert (one.mean, one.low, one.high) == pytest.approx((mean, mean - half, mean + half))
        assert one.first_minus_second == pytest.approx(between)
        assert one.first_minus_second_high == pytest.approx(between + half_between)
    assert set(found.mean_ranks.values()) == {1.5}


def test_a_lead_on_votes_that_is_another_on_each_data_set(votes: tuple[VoteRun, VoteRun]) -> None:
    """Differences have one direction, whatever the order of metrics in a run; p goes with the interval."""
    found = across(votes)
    [(pair, ones)] = found.differences.items()
    assert pair == ("good", "poor")
    [second] = [d for d in votes[1].analysis.vote_differences if d.stratum == "all"]
    assert second.metric_a == "poor"
    turned = ones[1].record
    assert (turned.metric_a, turned.delta.estimate, turned.delta.low) == (
        "good",
        -second.delta.estimate,
        -second.delta.high,
    )
    assert (turned.sim_low, turned.sim_high) == (-second.sim_high, -second.sim_low)
    leads = [accuracy(run, "good").estimate - accuracy(run, "poor").estimate for run in votes]
    assert [one.estimate for one in ones] == pytest.approx(leads)
    one = found.pooled_differences[pair]
    assert one.first_minus_second == pytest.approx(leads[0] - leads[1])
    assert leads[0] > 0 > leads[1]
    assert one.first_minus_second_low > 0
    assert one.p_same_adjusted == one.p_same < 0.05


def test_p_values_are_adjusted_over_the_rows_of_a_table(tmp_path: Path) -> None:
    runs = [small_vote_run(tmp_path / name, ("a", "b", "c"), n) for name, n in (("one", 40), ("two", 60))]
    found = across(runs)
    for table in (found.pooled, found.pooled_differences):
        assert len(table) == 3
        alone = np.array([one.p_same for one in table.values()])
        assert [one.p_same_adjusted for one in table.values()] == pytest.approx(multipletests(alone, method="holm")[1])


def test_what_the_tables_of_votes_say(votes: tuple[VoteRun, VoteRun]) -> None:
    [section] = build_across(replace(across(votes), datasets=("one", "two"))).sections
    assert section.paragraphs[1] == (
        "First − second: the value on one minus that on two, 95 % interval. Same? p: how often values would lie at "
        "least so far apart if the true value were the same on all data sets (Cochran's Q with Welch's correction for "
        "few clusters), adjusted for the rows of its table (Holm); a small p says that it is not the same, a large one "
        "does not say that it is. Data sets are taken as independent; nothing else is adjusted for the number of "
        "comparisons."
    )
    estimates, differences = section.tables
    assert estimates.title == "Accuracy ↑ by data set"
    assert estimates.reading.startswith(
        "Accuracy ↑ on all comparisons. Intervals: 95 %, expanded percentile, 99 resamples"
    )
    assert differences.title == "Differences in accuracy by data set"
    assert differences.reading.startswith("First metric minus second in accuracy, on the same comparisons. Intervals: ")
    headers = ["one", "two", "mean", "new data set", "SD between", "I²", "first − second", "same? p"]
    assert [column.header for column in differences.columns] == headers
    assert [column.header for column in estimates.columns] == [*headers, "mean rank"]
    n_decided = [next(a.n_comparisons for a in run.analysis.vote_agreements if a.stratum == "all") for run in votes]
    assert [column.n_pairs for column in differences.columns[:2]] == n_decided
    [row] = differences.rows
    assert row.cells[6].interval.startswith("[")
    assert float(row.cells[7].value.removeprefix("< ")) <= 0.05


def test_votes_on_the_command_line(bench: Bench, votes: tuple[VoteRun, VoteRun], tmp_path: Path) -> None:
    folders = [run.folder for run in votes]
    assert "Differences in accuracy by data set" in bench("across", *folders).out
    assert "first" in bench("across", *folders, "--format", "latex").out
    assert bench("across", *folders, "--format", "json", "--output", tmp_path / "a.json").status == 0
    content = json.loads((tmp_path / "a.json").read_text())
    assert content["statistic"] == "accuracy"
    assert content["estimates"]["good"][0]["accuracy"]["estimate"] == accuracy(votes[0], "good").estimate
    assert content["differences"]["good − poor"][1]["metric_a"] == "good"
    together = content["pooled_differences"]["good − poor"]
    assert together["first_minus_second_low"] > 0
    assert together["p_same_adjusted"] == together["p_same"] < 0.05


def test_runs_of_two_kinds_and_statistics_that_votes_lack_are_refused(
    bench: Bench, runs: tuple[Path, Path, Path], votes: tuple[VoteRun, VoteRun]
) -> None:
    for folders in ((runs[0], votes[0].folder), (votes[0].folder, runs[0], runs[1])):
        found = bench("across", *folders)
        assert found.status == 2
        assert f"{votes[0].folder} is a run on votes and {runs[0]} one on ratings" in found.err.replace("\n", " ")
    found = bench("across", *(run.folder for run in votes), "--statistic", "srcc")
    assert found.status == 2
    assert "is a run on votes, which have no SRCC, only accuracy; leave out --statistic" in found.err.replace("\n", " ")
    with pytest.raises(UsageError, match="are both over"):
        across([votes[0], votes[0]])


def test_data_sets_of_few_clips_have_no_interval_and_nothing_together(tmp_path: Path) -> None:
    runs = [small_vote_run(tmp_path / name, n=n) for name, n in (("one", 8), ("two", 40))]
    found = across(runs)
    assert not found.pooled
    assert not found.pooled_differences
    table = build_across(found).sections[0].tables[1]
    assert [cell.value for cell in table.rows[0].cells[2:]] == ["–"] * 6
    assert any("no interval: 4 " in note for note in table.notes())
