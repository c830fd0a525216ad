"""Addresses in place of paths are refused in words; folders whose names are not UTF-8 are used as any other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import soundfile

from tests.bench.conftest import write_ratings
from tests.commands import Bench, make_runner

ODD = os.fsdecode(b"caf\xe9")


@pytest.fixture(autouse=True)
def _own_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(name="bench")
def _bench(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Bench:
    return partial(make_runner(monkeypatch, capsys), "bench")


COMMANDS = (
    "bench run --dataset demo --metrics random --out URL",
    "bench run --dataset demo --metrics random --out=URL",
    "bench run --dataset URL.csv --metrics random",
    "bench run --dataset demo --metrics random --data-root URL",
    "bench run --dataset demo --scores a=URL.csv",
    "bench run --dataset demo --metrics hf:URL",
    "bench run --dataset demo --metrics random,laion:URL",
    "bench demo --out URL",
    "bench score URL.parquet --metrics random --out out",
    "bench score pairs.csv --metrics random --out URL",
    "bench score pairs.csv --metrics random --out out --audio-root URL",
    "bench report URL",
    "bench report --output URL --format html",
    "bench report --figures URL",
    "bench report --calibrate-on URL",
    "bench compare URL URL",
    "bench across URL URL",
    "bench reproduce URL",
    "bench reproduce run --out URL",
    "bench datasets pull relate --data-root URL",
    "bench datasets audit URL.csv",
    "bench datasets overlap demo --trained URL",
    "bench scores pull URL",
    "bench scores push caf-score --to URL",
    "bench scores add URL",
    "bench scores add run --name URL",
    "bench scores check URL.csv",
    "bench run --dataset demo --scores-from URL",
    "bench metrics --pull hf:URL",
    "bench --log-file URL metrics",
    "finetune train --base URL",
    "finetune train --dataset URL.csv",
    "finetune train --cache-dir URL",
    "finetune train --tensorboard URL",
    "finetune pretrain --out URL",
    "finetune list --out URL",
    "finetune --log-file URL list",
)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("url", ["s3://bucket/x", "https://host/x"])
def test_addresses_are_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str, url: str
) -> None:
    result = make_runner(monkeypatch, capsys)(*command.replace("URL", url).split())
    assert result.status == 2
    assert result.err.count("\n") == 1
    assert "no URLs yet; give a local path" in result.err
    assert not list(Path().iterdir())


@pytest.mark.parametrize("words", [("--source", "https://host/x"), ("--source=https://host/x",)])
def test_the_source_of_scores_may_be_an_address(bench: Bench, words: tuple[str, ...]) -> None:
    result = bench("scores", "add", "run", *words)
    assert "no URLs" not in result.err
    assert "run holds no finished run" in result.err


@pytest.mark.parametrize("scheme", ["gs", "hf", "http", "file", "abfss", "s3+x", "S3"])
def test_addresses_of_any_scheme(bench: Bench, scheme: str) -> None:
    assert bench("report", f"{scheme}://a/b").err == f"error: {scheme}://a/b: no URLs yet; give a local path\n"


def test_addresses_in_the_environment(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAP_BENCH_CACHE_DIR", "s3://bucket/cache")
    result = bench("metrics")
    assert (result.status, result.err.count("no URLs yet")) == (2, 1)


@pytest.mark.parametrize("name", ["a:b", "C:/x", "a//b", "x:/y", "1://x"])
def test_paths_with_colons_and_slashes_are_paths(bench: Bench, name: str) -> None:
    assert "no URLs" not in bench("report", name).err


def in_its_own_process(*arguments: str | Path) -> None:
    """Run ``bench`` where the file system's encoding is UTF-8 with escapes, whatever this process was begun with."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3]), "PYTHONUTF8": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "bench", *map(str, arguments)],
        env=environment, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode in (0, 3), done.stderr.decode("utf-8", errors="replace")
    done.stdout.decode("utf-8")
    done.stderr.decode("utf-8")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
@pytest.mark.parametrize("inside", [True, False])
def test_folders_that_are_not_utf8_hold_whole_runs(monkeypatch: pytest.MonkeyPatch, inside: bool) -> None:
    """As working directory, and as data set, output, log, clips, from outside."""
    place = Path(ODD)
    ratings = write_ratings_into(place)
    if inside:
        monkeypatch.chdir(place)
        place = Path()
        ratings = Path(ratings.name)
    run, again, jobs, log = (place / name for name in ("run", "again", "job", "log.jsonl"))
    logged = ("--log-file", log)
    metrics = ("--metrics", "loudness,random")
    in_its_own_process(*logged, "run", "--dataset", ratings, *metrics, "--resamples", "9", "--out", run)
    for option in ("markdown", "json", "csv", "latex", "html"):
        in_its_own_process(*logged, "report", run, "--format", option)
    in_its_own_process("report", run, "--figures", place / "figures")
    in_its_own_process("report", run, "--format", "html", "--embed-audio", "1")
    in_its_own_process(*logged, "reproduce", run, "--out", again)
    in_its_own_process(*logged, "compare", run, again)
    in_its_own_process(*logged, "score", ratings, *metrics, "--out", jobs)
    in_its_own_process(*logged, "datasets", "audit", ratings)
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    assert Path(manifest["dataset"]["audio_root"]).is_dir()
    assert ODD in manifest["dataset"]["audio_root"]
    assert (jobs / "summary.json").is_file()
    assert all(json.loads(line)["event"] != "failed" for line in log.read_text(encoding="utf-8").splitlines())


def write_ratings_into(place: Path) -> Path:
    (place / "audio" / "alpha").mkdir(parents=True)
    soundfile.write(os.fsencode(place / "audio" / "alpha" / "0.wav"), [0.1, -0.1] * 8000, 16000)
    return write_ratings(place / "ratings.csv")


def test_a_metric_is_named_by_text(bench: Bench) -> None:
    result = bench("run", "--dataset", "demo", "--metrics", f"{ODD}.py:make")
    assert result.status == 2
    assert "is not UTF-8" in result.err
