"""The pipeline from ratings to a run's folder: numbers equal to scipy's, every file there, crashes survived."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from filelock import FileLock
from scipy import stats

from bench.files import workspace
from bench.runs import outcomes
from bench.runs import run as run_module
from bench.runs.folder import read_run
from bench.runs.run import RunRequest, run_benchmark
from bench.statistics.types import ResamplingPlan
from metrics.errors import ClapBenchError, DataError, UsageError

FEW = ResamplingPlan(n_resamples=99)


@pytest.fixture
def request_(ratings_csv: Path, planted_csv: Path) -> RunRequest:
    return RunRequest(
        dataset=str(ratings_csv),
        metrics=("random", "caption-length"),
        score_files={"planted": planted_csv},
        resampling=FEW,
        out=Path("out"),
    )


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a run except the manifest, which tells the time."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in ("manifest.json", "report.md", ".lock")
    }


def test_folder_of_a_run(request_: RunRequest) -> None:
    run = run_benchmark(request_)
    names = {path.name for path in run.folder.iterdir()} - {".lock"}
    assert names >= {
        "manifest.json",
        "scores.csv",
        "cosines.csv",
        "failures.csv",
        "estimates.json",
        "differences.json",
        "report.md",
    }
    assert ".partial" not in names
    assert set(run.manifest.outputs) == {name for name in names if "." in name} - {"manifest.json"}
    assert [path for path in run.folder.iterdir() if path.suffix == ".tmp"] == []


def test_point_estimates_are_scipys(request_: RunRequest) -> None:
    run = run_benchmark(request_)
    scores = pd.read_csv(run.folder / "scores.csv")
    by_id = {(e.metric, e.stratum, e.statistic): e for e in run.analysis.estimates}
    for metric in ("random", "caption-length", "planted"):
        for stratum, part in [("all", scores), ("source=natural", scores[scores["source"] == "natural"])]:
            x, y = part["rating"].to_numpy(), part[metric].to_numpy()
            expected = {
                "srcc": stats.spearmanr(x, y).statistic,
                "lcc": stats.pearsonr(x, y).statistic,
                "ktau": stats.kendalltau(x, y).statistic,
                "mse": np.mean((x / 10 - y) ** 2),
            }
            for statistic, value in expected.items():
                found = by_id[metric, stratum, statistic]
                if (metric, statistic) == ("caption-length", "mse"):
                    assert np.isnan(found.estimate), "words are no ratings"
                    continue
                assert found.estimate == pytest.approx(value, abs=1e-12)
                assert found.n_pairs == len(part)
                assert found.low <= found.estimate <= found.high


def test_ratings_are_means_over_listeners(request_: RunRequest, ratings_csv: Path) -> None:
    run = run_benchmark(request_)
    means = pd.read_csv(ratings_csv).groupby("pair_id")["rating"].mean()
    table = run.table.pairs.set_index("pair_id")
    np.testing.assert_allclose(table["rating"], means[table.index])
    assert set(table["n_ratings"]) == {2}
    assert run.table.pairs["caption_id"].nunique() == 20


def test_a_run_reads_back_as_it_was(request_: RunRequest) -> None:
    run = run_benchmark(request_)
    again = read_run(run.folder)
    assert again.manifest == run.manifest
    assert repr(again.analysis) == repr(run.analysis)  # two listeners are too few for an interval, and NaN is not NaN
    np.testing.assert_array_equal(again.table.scores["planted"], run.table.scores["planted"])


def test_statistics_follow_scores_that_were_edited(request_: RunRequest) -> None:
    run = run_benchmark(request_)
    path = run.folder / "scores.csv"
    scores = pd.read_csv(path)
    scores.assign(planted=scores["rating"] / 10).to_csv(path, index=False)
    estimates = read_run(run.folder).analysis.estimates
    (srcc,) = (e for e in estimates if (e.metric, e.stratum, e.statistic) == ("planted", "all", "srcc"))
    assert srcc.estimate == pytest.approx(1)


def test_calibration_on_another_split(request_: RunRequest, tmp_path: Path, ratings_csv: Path) -> None:
    tested = run_benchmark(replace(request_, score_files={}))
    with pytest.raises(UsageError, match="holds pairs of this run"):
        read_run(tested.folder, calibrate_on=tested.folder)
    text = ratings_csv.read_text(encoding="utf-8").replace("caption number", "another caption").replace("/", "_")
    (tmp_path / "other.csv").write_text(text, encoding="utf-8")
    other = replace(request_, dataset=str(tmp_path / "other.csv"), score_files={}, out=Path("other"))
    run_benchmark(other)
    found = read_run(tested.folder, calibrate_on=Path("other")).analysis
    assert {error.calibration for error in found.calibrated_errors} == {"training data"}
    assert {accuracy.calibration for accuracy in found.pairwise_accuracies} == {"training data"}
    run_benchmark(replace(other, metrics=("random",), out=Path("fewer")))
    with pytest.raises(UsageError, match="has no scores of caption-length"):
        read_run(tested.folder, calibrate_on=Path("fewer"))


def test_manifest_tells_where_every_number_comes_from(request_: RunRequest) -> None:
    manifest = json.loads((run_benchmark(request_).folder / "manifest.json").read_text())
    assert manifest["dataset"]["n_pairs"] == 60
    assert manifest["dataset"]["n_ratings"] == 120
    assert len(manifest["dataset"]["sha256"]) == 64
    assert set(manifest["signatures"]) == {"random", "caption-length", "planted"}
    assert manifest["packages"]["numpy"] == np.__version__
    assert manifest["resampling"]["seed"] == 0
    assert manifest["finished"] >= manifest["started"]


def test_same_request_same_files_to_the_byte(request_: RunRequest) -> None:
    first = run_benchmark(request_)
    second = run_benchmark(replace(request_, out=Path("elsewhere")))
    assert contents(first.folder) == contents(second.folder)


def test_runs_without_out_get_a_folder_each(request_: RunRequest) -> None:
    first = run_benchmark(replace(request_, out=None))
    assert first.folder.parent == Path("results")
    assert workspace.newest_run() == first.folder


def test_a_finished_metric_is_not_run_again(request_: RunRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_off(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(run_module, "analyse", break_off)
        with pytest.raises(KeyboardInterrupt):
            run_benchmark(replace(request_, out=None))
    (unfinished,) = Path("results").iterdir()
    assert not (unfinished / "manifest.json").exists()

    def refuse(*_: object) -> None:
        raise AssertionError("scored again")

    monkeypatch.setattr(outcomes, "checked_scores", refuse)
    assert run_benchmark(replace(request_, out=None)).folder == unfinished


KILLED_RUN = """
import os, signal, sys
from pathlib import Path
from bench.files import workspace
from bench.runs.run import RunRequest, run_benchmark
from bench.statistics.types import ResamplingPlan
keep = workspace.save_outcome
def keep_and_die(folder, pairs, metric, *rest):
    keep(folder, pairs, metric, *rest)
    if metric == "random":
        os.kill(os.getpid(), signal.SIGKILL)
workspace.save_outcome = keep_and_die
run_benchmark(RunRequest(sys.argv[1], ("random", "caption-length"), score_files={"planted": Path(sys.argv[2])},
              resampling=ResamplingPlan(n_resamples=99), out=Path("out")))
"""


def test_a_killed_run_goes_on_and_ends_like_an_unbroken_one(
    request_: RunRequest, ratings_csv: Path, planted_csv: Path
) -> None:
    environment = os.environ | {"PYTHONPATH": str(Path(run_module.__file__).parents[2])}
    arguments = [sys.executable, "-c", KILLED_RUN, str(ratings_csv), str(planted_csv)]
    killed = subprocess.run(arguments, env=environment, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert not (Path("out") / "manifest.json").exists()
    resumed = run_benchmark(request_)
    unbroken = run_benchmark(replace(request_, out=Path("unbroken")))
    assert contents(resumed.folder) == contents(unbroken.folder)


def test_two_runs_cannot_share_a_folder(request_: RunRequest) -> None:
    Path("out").mkdir()
    with FileLock("out/.lock"), pytest.raises(ClapBenchError, match="another run is writing to out"):
        run_benchmark(request_)


def test_out_that_holds_something_else_is_left_alone(request_: RunRequest) -> None:
    Path("out").mkdir()
    Path("out/thesis.tex").write_text("precious")
    with pytest.raises(UsageError, match="not empty and holds no run"):
        run_benchmark(request_)
    assert list(Path("out").iterdir()) == [Path("out/thesis.tex")]


def test_out_of_another_run_is_refused(request_: RunRequest) -> None:
    run_benchmark(request_)
    with pytest.raises(UsageError, match="other data, metrics or settings"):
        run_benchmark(replace(request_, metrics=("random",)))


def test_out_that_is_a_file_is_refused(request_: RunRequest) -> None:
    Path("out").write_text("")
    with pytest.raises(UsageError, match="is a file"):
        run_benchmark(request_)


def test_unwritable_out_is_a_clear_error(request_: RunRequest) -> None:
    # /proc refuses new folders even to root, whom permission bits do not stop.
    with pytest.raises(ClapBenchError, match=r"cannot write to /proc/out .*choose another --out"):
        run_benchmark(replace(request_, out=Path("/proc/out")))


def test_everything_that_is_missing_is_named_before_any_work(request_: RunRequest) -> None:
    with pytest.raises(UsageError, match=r"unknown metric 'ranodm'; did you mean 'random'\?"):
        run_benchmark(replace(request_, metrics=("ranodm",)))
    assert not Path("out").exists()


@pytest.mark.parametrize("name", ["random", "rating", "a\nb"])
def test_score_files_cannot_take_a_name_in_use(request_: RunRequest, planted_csv: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"a metric cannot be called|two metrics are called"):
        run_benchmark(replace(request_, score_files={name: planted_csv}))


def test_nothing_to_run(request_: RunRequest) -> None:
    with pytest.raises(UsageError, match="give --metrics, --scores or --scores-from"):
        run_benchmark(replace(request_, metrics=(), score_files={}))


def test_missing_audio_fails_pairs_not_the_run(request_: RunRequest) -> None:
    run = run_benchmark(replace(request_, metrics=("loudness", "random")))
    assert len(run.table.failures["loudness"]) == 60
    assert run.table.unscored() == ["loudness"]
    report = (run.folder / "report.md").read_text()
    assert "Pairs without a score: loudness 60" in report
    assert "Left out, since they scored no pair: loudness" in report
    assert {e.metric for e in run.analysis.estimates} == {"random", "planted"}


def test_damaged_manifest_is_a_clear_error(request_: RunRequest) -> None:
    folder = run_benchmark(request_).folder
    for damage in (b"", b"{", b"[]", b'{"run_id": 1}'):
        (folder / "manifest.json").write_bytes(damage)
        with pytest.raises(DataError, match=r"manifest\.json is damaged"):
            read_run(folder)


def test_folder_without_a_run(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no finished run"):
        read_run(tmp_path)
    with pytest.raises(UsageError, match="no finished run in results/"):
        workspace.newest_run()


def test_access_tokens_never_reach_the_manifest(request_: RunRequest) -> None:
    run = run_benchmark(replace(request_, argv=("bench", "run", "--token", "hf_" + "abcdefgh" * 4 + "ij")))
    assert "abcdefgh" not in (run.folder / "manifest.json").read_text()
