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

from bench.datasets.catalog import load_dataset
from bench.runs.across import across
from bench.runs.across_report import build_across
from bench.runs.folder import Run, read_run
from bench.runs.run import RunRequest, run_benchmark
from bench.statistics.agreement import MSE
from bench.statistics.types import ResamplingPlan
from metrics.errors import UsageError
from metrics.types import ScorerOptions
from tests.bench.datasets.adapters.external_sets import write_audioeval, write_clotho, write_pam
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
        replace(d, metric_a=d.metric_b, metric_b=d.metric_a, delta=-d.delta, low=-d.high, high=-d.low)
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
