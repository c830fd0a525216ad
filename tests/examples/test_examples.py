"""The examples, installed and used as their READMEs say."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import distributions
from pathlib import Path

import pytest

from tests.metrics.clips import write_tone

ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "examples" / "clap-bench-sound-words"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the plugin by pip into a folder of its own, for the import path of single commands."""
    # Not by find_spec: asked for pip, old versions of setuptools take their distutils away from the whole process.
    if not {"pip", "hatchling"} <= {distribution.name for distribution in distributions()}:
        pytest.skip("needs pip and hatchling")
    folder = tmp_path_factory.mktemp("site-packages")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--target", folder, PLUGIN], check=True)
    return folder


@pytest.fixture
def ratings(tmp_path: Path) -> Path:
    """Eight clips with a caption and a rating each."""
    path = tmp_path / "ratings.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        rows = csv.writer(stream)
        rows.writerow(["pair_id", "audio_path", "text", "rating"])
        for i in range(8):
            write_tone(tmp_path / f"{i}.wav", seed=i)
            rows.writerow([i, f"{i}.wav", ("birds chirp", "an engine hums", "a door slams", "rain")[i % 4], i])
    return path


def bench(arguments: Sequence[object], folder: Path, *import_path: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (*import_path, ROOT)))}
    command = [sys.executable, "-m", *map(str, arguments)]
    return subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)


def run(metrics: str, ratings: Path, *import_path: Path) -> tuple[dict[str, str], list[dict[str, str]]]:
    """Return signatures and scores of ``bench run``."""
    arguments = ["bench", "run", "--dataset", ratings, "--metrics", metrics, "--resamples", "9", "--out", "o"]
    outcome = bench(arguments, ratings.parent, *import_path)
    assert outcome.returncode == 0, outcome.stderr
    with (ratings.parent / "o" / "scores.csv").open(encoding="utf-8") as stream:
        return json.loads((ratings.parent / "o" / "manifest.json").read_text())["signatures"], list(
            csv.DictReader(stream)
        )


def test_the_plugin_is_listed_once_installed(installed: Path, tmp_path: Path) -> None:
    names = {}
    for import_path in ((), (installed,)):
        outcome = bench(["bench", "metrics", "--json"], tmp_path, *import_path)
        names[import_path] = {record["name"]: record for record in json.loads(outcome.stdout)}
    assert "sound-words" not in names[()]
    assert names[installed,]["sound-words"]["available"]
    assert names[installed,]["sound-words"]["summary"] == "plugin from clap-bench-sound-words 1.0"


def test_the_plugin_runs(installed: Path, ratings: Path) -> None:
    signatures, rows = run("sound-words,random", ratings, installed)
    assert signatures["sound-words"].startswith("sound-words|numpy:")
    assert signatures["sound-words"].endswith("|clap-bench-sound-words:1.0")
    scores = [float(row["sound-words"]) for row in rows]
    assert 0 <= min(scores) < max(scores) <= 1


def test_the_plugin_s_own_tests_pass(installed: Path) -> None:
    outcome = bench(["pytest", "-q", "-p", "no:cacheprovider", "tests"], PLUGIN, installed)
    assert outcome.returncode == 0, outcome.stdout


def test_the_one_file_scorer_runs(ratings: Path) -> None:
    name = f"{ROOT / 'examples' / 'one_file.py'}:make"
    signatures, rows = run(name, ratings)
    assert signatures[name].startswith("bandwidth|energy-below:0.95|one_file.py:")
    assert len({row[name] for row in rows}) == 8
