"""What a run keeps of leads, equivalence and screenings, and that all of it is made again from its folder alone."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.datasets.catalog import load_dataset
from bench.files.screenings import SCREENINGS_NAME, read_screenings, write_screenings
from bench.runs.folder import Run, read_run
from bench.runs.reproduce import request_of
from bench.runs.run import RunRequest, run_benchmark
from bench.statistics.types import ResamplingPlan
from metrics.errors import DataError
from tests.bench.conftest import write_scores
from tests.bench.datasets.adapters.synthetic_relate import write_relate
from tests.commands import Bench


def planted(folder: Path, dataset: str, root: Path | None = None, split: str | None = None) -> dict[str, Path]:
    """Write scores of three metrics, the first the best."""
    rng = np.random.default_rng(0)
    rated = load_dataset(dataset, data_root=root, split=split).pairs
    return {
        f"metric{m}": write_scores(
            folder / f"metric{m}.csv", {r.pair.pair_id: r.mean_rating + (1 + 2 * m) * rng.normal() for r in rated}
        )
        for m in range(3)
    }


def same(one: Run, other: Run) -> bool:
    fields = ("interactions", "equivalences", "screenings", "mapped_errors", "system_agreement")
    return all(repr(getattr(one.analysis, f)) == repr(getattr(other.analysis, f)) for f in fields)


def test_leads_and_equivalence_are_read_and_made_again(bench: Bench, ratings_csv: Path, tmp_path: Path) -> None:
    files = planted(tmp_path, str(ratings_csv))
    scores = [argument for name, path in files.items() for argument in ("--scores", f"{name}={path}")]
    command = ("run", "--dataset", ratings_csv, *scores, "--resamples", 99, "--out", tmp_path / "run")
    assert bench(*command, "--margin", 0.9).status == 0
    run = read_run(tmp_path / "run")
    assert run.manifest.margin == 0.9
    assert request_of(run.folder, run.manifest, None).margin == 0.9
    assert {one.margin for one in run.analysis.equivalences} == {0.9}
    assert len(run.analysis.equivalences) == 3 * 3  # pairs of metrics, and strata: all and the two sources
    assert [(i.stratum_a, i.stratum_b) for i in run.analysis.interactions] == [
        *[("source=natural", "source=synthesized")] * 3,
        *[("system=alpha", "system=beta")] * 3,
    ]
    assert run.analysis.screenings == ()
    assert not (tmp_path / "run" / SCREENINGS_NAME).exists()
    assert same(run, read_run(tmp_path / "run", recompute=True))
    text = bench("report", tmp_path / "run", "--format", "markdown").out
    assert "Equivalence within ±0.9" in text
    assert "Leads on natural and on synthesized clips" in text


@pytest.mark.parametrize("margin", ["0", "-0.1", "nan", "3"])
def test_a_margin_is_a_difference_that_two_correlations_can_have(
    bench: Bench, ratings_csv: Path, tmp_path: Path, margin: str
) -> None:
    out = bench("run", "--dataset", ratings_csv, "--metrics", "random", "--margin", margin, "--out", tmp_path / "run")
    assert out.status == 2
    assert not (tmp_path / "run").exists()


def test_baselines_take_no_part(ratings_csv: Path, tmp_path: Path) -> None:
    files = planted(tmp_path, str(ratings_csv))
    request = RunRequest(
        str(ratings_csv), ("random", "caption-length"), score_files=files, margin=0.1,
        resampling=ResamplingPlan(n_resamples=19), out=tmp_path / "run",
    )  # fmt: skip
    found = run_benchmark(request).analysis
    for records in (found.interactions, found.equivalences):
        assert {name for one in records for name in (one.metric_a, one.metric_b)} == set(files)


def test_other_screenings_are_kept_in_the_run(tmp_path: Path) -> None:
    root = write_relate(tmp_path / "relate")
    files = planted(tmp_path, "relate", root)
    plan = ResamplingPlan(n_resamples=99, unit="pair")
    run = run_benchmark(
        RunRequest("relate", (), data_root=root, score_files=files, resampling=plan, out=tmp_path / "run")
    )
    found = run.analysis.screenings
    assert list(dict.fromkeys(one.screening for one in found)) == ["released", "anchor-mean", "none"]
    agreement = {e.metric: e.estimate for e in run.analysis.estimates if (e.stratum, e.statistic) == ("all", "srcc")}
    assert {one.metric_a for one in found} == {max(agreement, key=lambda metric: agreement[metric])}
    every = load_dataset("relate", data_root=root, screening="none").pairs
    pair_ids = list(run.table.pairs["pair_id"])
    kept = read_screenings(run.folder, pair_ids, (0.0, 10.0))
    means = {one.pair.pair_id: one.mean_rating for one in every}
    np.testing.assert_array_equal(kept["none"], [means[pair] for pair in pair_ids])
    assert not np.array_equal(kept["none"], run.table.pairs["rating"])
    shutil.rmtree(root)
    assert same(read_run(run.folder), run)
    assert same(read_run(run.folder, recompute=True), run)


def test_a_part_that_exists_as_released_only_has_no_other_screenings(tmp_path: Path) -> None:
    root = write_relate(tmp_path / "relate")
    files = planted(tmp_path, "relate", root, "csv-test")
    request = RunRequest("relate", (), split="csv-test", data_root=root, score_files=files, out=tmp_path / "run")
    run = run_benchmark(replace(request, resampling=ResamplingPlan(n_resamples=19, unit="pair")))
    assert run.analysis.screenings == ()


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("none,b,5", "pair 'b' is not in scores.csv"),
        ("none,a,11", "rating"),
        ("none,a,5\nnone,a,5", "a"),
    ],
)
def test_damaged_screenings_are_refused(tmp_path: Path, row: str, message: str) -> None:
    (tmp_path / SCREENINGS_NAME).write_text(f"screening,pair_id,rating\n{row}\n")
    with pytest.raises(DataError, match=message):
        read_screenings(tmp_path, ["a"], (0.0, 10.0))


def test_screenings_are_read_as_they_were_written(tmp_path: Path) -> None:
    write_screenings({"strict": {"a": 0.1, "c": 1 / 3}, "none": {"b": 10.0}}, tmp_path)
    found = read_screenings(tmp_path, ["a", "b", "c"], (0.0, 10.0))
    np.testing.assert_array_equal(found["strict"], [0.1, np.nan, 1 / 3])
    np.testing.assert_array_equal(found["none"], [np.nan, 10.0, np.nan])
    write_screenings({}, tmp_path / "nowhere")
    assert read_screenings(tmp_path / "nowhere", ["a"], (0.0, 10.0)) == {}
