"""``bench across``: metrics over several data sets."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from bench.datasets.catalog import load_dataset
from bench.runs.across import across, build_across
from bench.runs.folder import Run, read_run
from bench.runs.run import RunRequest, run_benchmark
from bench.statistics.agreement import MSE
from bench.statistics.types import ResamplingPlan
from metrics.errors import UsageError
from metrics.types import ScorerOptions
from tests.bench.conftest import Bench
from tests.bench.datasets.adapters.external_sets import write_audioeval, write_musiceval, write_pam


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """Three small data sets; the third has one metric less."""
    folder = tmp_path_factory.mktemp("across")
    sets = {"pam:audio": write_pam, "audioeval": write_audioeval, "musiceval": write_musiceval}
    for name, write in sets.items():
        metrics = ("random", "caption-length") if name != "musiceval" else ("random",)
        request = RunRequest(
            name, metrics, data_root=write(folder / "data" / name.replace(":", "-")),
            resampling=ResamplingPlan(n_resamples=99, unit="pair"), out=folder / name.replace(":", "-"),
        )  # fmt: skip
        run_benchmark(request)
    return folder / "pam-audio", folder / "audioeval", folder / "musiceval"


def value(run: Run, metric: str) -> tuple[float, float, float]:
    estimates = run.analysis.estimates
    [one] = [e for e in estimates if (e.metric, e.stratum, e.statistic) == (metric, "all", "srcc")]
    return one.estimate, one.low, one.high


def test_average_interval_and_ranks(runs: tuple[Path, Path, Path]) -> None:
    two = [read_run(run) for run in runs[:2]]
    found = across(two)
    assert found.datasets == ("pam:audio", "audioeval")
    for metric in ("random", "caption-length"):
        values = np.array([value(run, metric) for run in two])
        mean, low, high = found.averages[metric]
        assert mean == pytest.approx(values[:, 0].mean())
        # Independent estimates: widths add as squares, whatever the quantile.
        assert (high - low) ** 2 == pytest.approx(((values[:, 2] - values[:, 1]) ** 2).sum() / 4)
    better = [value(run, "random")[0] > value(run, "caption-length")[0] for run in two]
    assert found.mean_ranks["random"] == np.mean([1 if b else 2 for b in better])
    assert sum(found.mean_ranks.values()) == 3


def test_a_metric_that_is_missing_somewhere_has_no_average(runs: tuple[Path, Path, Path]) -> None:
    found = across([read_run(run) for run in runs])
    assert set(found.averages) == {"random"}
    [table] = build_across(found).sections[0].tables
    rows = {row.label: row for row in table.rows}
    assert rows["caption-length"].cells[-1].value == "–"
    assert any("was not scored" in note for note in table.notes())
    assert [row.label for row in table.rows] == ["random", "caption-length"]


def test_formats(bench: Bench, runs: tuple[Path, Path, Path], tmp_path: Path) -> None:
    text = bench("across", *runs).out
    assert "by data set" in text
    assert "musiceval (test)" in text
    assert r"\toprule" in bench("across", *runs, "--format", "latex").out
    assert bench("across", *runs, "--format", "json", "--output", tmp_path / "a.json").status == 0
    content = json.loads((tmp_path / "a.json").read_text())
    assert content["datasets"][0] == "pam:audio"
    assert content["estimates"]["caption-length"][2] is None


def test_ranks_of_errors_go_the_other_way(runs: tuple[Path, Path, Path]) -> None:
    two = [read_run(run) for run in runs[:2]]
    found = across(two, MSE)
    mse = {metric: [one.estimate if one else math.nan for one in ones] for metric, ones in found.estimates.items()}
    expected = np.mean([1 if a < b else 2 for a, b in zip(mse["random"], mse["caption-length"], strict=True)])
    assert found.mean_ranks["random"] == expected


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
            resampling=ResamplingPlan(n_resamples=9),
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
                    resampling=ResamplingPlan(n_resamples=9),
                    out=tmp_path / f"run-{name.replace(':', '-')}",
                )
            )
        )
    assert set(across(runs).averages) == {"mine"}
