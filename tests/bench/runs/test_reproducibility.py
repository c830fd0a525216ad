"""The same command gives the same files: from a fresh process, elsewhere, in another language, on other threads."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[3]
STATISTICS = ("estimates.json", "differences.json", "evenness.json", "reliability.json", "system_agreement.json")


def run(folder: Path, data: Path, threads: int = 2, **environment: str) -> Path:
    """Run the benchmark in a process of its own and with a cache of its own; return the run's folder."""
    folder.mkdir()
    command = [sys.executable, "-m", "bench", "run", "--dataset", "demo", "--split", "validation", "--resamples", "199"]
    command += ["--data-root", str(data), "--metrics", "tiny,human:tiny-wsce+mae,loudness,random", "--out", "run"]
    settings = {
        "PYTHONPATH": str(ROOT),
        "CLAP_BENCH_CACHE_DIR": str(folder / "cache"),
        "OMP_NUM_THREADS": str(threads),
        "NUMBA_NUM_THREADS": str(threads),
        **environment,
    }
    subprocess.run(command, cwd=folder, env={**os.environ, **settings}, check=True, capture_output=True, timeout=300)
    return folder / "run"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def first(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(tmp_path_factory.mktemp("first") / "here", data)


@pytest.mark.slow
def test_elsewhere_and_in_another_language_files_are_equal_to_the_byte(first: Path, data: Path, tmp_path: Path) -> None:
    elsewhere = {"LC_ALL": "C", "TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "7", "LANGUAGE": "ar", "COLUMNS": "40"}
    second = run(tmp_path / "élan vital ✓", data, **elsewhere)
    written = {path.name for path in first.iterdir()} - {"manifest.json", "report.md", ".lock"}
    assert {"scores.csv", "estimates.json", "leakage.json", "ratings.csv"} <= written
    for name in written:
        assert (second / name).read_bytes() == (first / name).read_bytes(), name
    reports = [(folder / "report.md").read_text(encoding="utf-8").split("- run:")[0] for folder in (first, second)]
    assert reports[0] == reports[1]


@pytest.mark.slow
def test_threads_change_no_statistic_and_hardly_a_score(first: Path, data: Path, tmp_path: Path) -> None:
    single = run(tmp_path / "single", data, threads=1)
    assert np.abs(scores_of(single) - scores_of(first)).max() < 1e-6
    (single / "scores.csv").write_bytes((first / "scores.csv").read_bytes())
    for threads in (1, 2):
        recompute(single, threads)
        again = json.loads((single / "again.json").read_text(encoding="utf-8"))
        for name in STATISTICS:
            assert again[name.removesuffix(".json")] == json.loads((first / name).read_text(encoding="utf-8")), name


def scores_of(folder: Path) -> np.ndarray:
    with (folder / "scores.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return np.array([[float(row[metric]) for metric in ("tiny", "human:tiny-wsce+mae", "loudness")] for row in rows])


def recompute(folder: Path, threads: int) -> None:
    command = [sys.executable, "-m", "bench", "report", str(folder), "--recompute", "--format", "json"]
    command += ["--output", str(folder / "again.json")]
    settings = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": str(threads), "NUMBA_NUM_THREADS": str(threads)}
    subprocess.run(command, env={**os.environ, **settings}, check=True, capture_output=True, timeout=300)
