"""What a stranger's run folder may do to whoever opens it: run code, install packages, overwrite, allocate, hang."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from functools import partial
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from metrics import registry
from metrics.isolated import environments
from tests.bench.conftest import write_ratings
from tests.commands import Bench, Outcome, make_runner

SCORER = """
from pathlib import Path
import numpy as np
from metrics.types import ScorerSpec

Path("PWNED").touch()

class Length:
    spec = ScorerSpec("length")
    def score(self, pairs):
        return np.array([float(len(pair.caption)) for pair in pairs])

def make(argument, options):
    return Length()
"""
INLINE = '# /// script\n# dependencies = ["evil"]\n# ///\n' + SCORER
METRIC = "scorer.py:make"


@pytest.fixture(autouse=True)
def _own_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(name="bench")
def _bench(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Bench:
    return partial(make_runner(monkeypatch, capsys), "bench")


@pytest.fixture
def run(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a one-file scorer, as a stranger sends it: made once, copied for every test."""
    Path("scorer.py").write_text(SCORER)
    write_ratings(Path("ratings.csv"))
    kept = tmp_path_factory.getbasetemp() / "stranger"
    if not kept.exists():
        arguments = ("--dataset", "ratings.csv", "--metrics", METRIC, "--resamples", "9", "--out", kept)
        assert bench("run", *arguments).status == 0
        Path("PWNED").unlink()
    return Path(shutil.copytree(kept, "run"))


def edit(run: Path, change: Callable[[dict[str, Any]], None], name: str = "manifest.json") -> None:
    content = json.loads((run / name).read_text())
    change(content)
    (run / name).write_text(json.dumps(content))


def rename_metric(run: Path, name: str) -> None:
    def change(manifest: dict[str, Any]) -> None:
        manifest["signatures"] = {name: manifest["signatures"][METRIC]}

    edit(run, change)


def refused(result: Outcome, status: int, *words: str) -> None:
    assert result.status == status, result.err
    assert result.err.count("\n") == 1
    assert all(word in result.err for word in words), result.err
    assert not Path("PWNED").exists()


def test_a_file_of_the_manifest_runs_only_when_it_is_trusted(bench: Bench, run: Path) -> None:
    refused(bench("reproduce", run, "--out", "again"), 2, METRIC, "add --trust")
    assert not Path("again").exists()
    result = bench("reproduce", run, "--out", "again", "--trust")
    assert result.status == 0, result.err
    assert Path("PWNED").exists()


@pytest.mark.parametrize("content", [SCORER + "\n# edited", INLINE])
def test_a_file_that_did_not_make_the_run_is_not_run_even_if_trusted(bench: Bench, run: Path, content: str) -> None:
    Path("scorer.py").write_text(content)
    refused(bench("reproduce", run, "--out", "again", "--trust"), 1, "scorer.py has sha256", "it is not run")


@pytest.mark.parametrize("name", ["isolated:ms", "isolated:scorer.py:make", "iso.py:make"])
def test_no_environment_is_built_for_a_manifest(
    bench: Bench,
    run: Path,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path("iso.py").write_text(INLINE)
    rename_metric(run, name)
    commands: list[object] = []
    monkeypatch.setattr(environments, "_run", lambda command, *_: commands.append(command))
    refused(bench("reproduce", run, "--out", "again"), 2, name, "--trust")
    assert not commands


def test_a_plugin_of_the_manifest_is_not_imported(
    bench: Bench,
    run: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path("plug.py").write_text(SCORER)
    monkeypatch.syspath_prepend(str(Path.cwd()))
    point = EntryPoint("plug", "plug:make", registry.ENTRY_POINT_GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda **_: (point,))
    rename_metric(run, "plug")
    refused(bench("reproduce", run, "--out", "again"), 2, "plug", "--trust")


@pytest.mark.parametrize("command", ["report", "report --recompute", "report --format json", "compare", "across"])
def test_reading_a_run_executes_nothing(bench: Bench, run: Path, command: str) -> None:
    shutil.copytree(run, "other")
    name, *options = command.split()
    bench(name, run, *(["other"] if name in ("compare", "across") else []), *options)
    assert not Path("PWNED").exists()


@pytest.mark.parametrize("out", ["run", "./run/../run", "link", "run/inside", "link/inside/deeper"])
def test_the_run_that_is_verified_is_never_written_to(bench: Bench, run: Path, out: str) -> None:
    Path("link").symlink_to("run", target_is_directory=True)
    before = {path.name: path.read_bytes() for path in run.iterdir() if path.is_file()}
    refused(bench("reproduce", run, "--out", out, "--trust"), 2, "the run that is made again")
    assert {path.name: path.read_bytes() for path in run.iterdir() if path.is_file()} == before


@pytest.mark.parametrize(
    ("place", "name", "value"),
    [
        ("resampling", "n_resamples", 10**9),
        ("resampling", "n_resamples", 0),
        ("resampling", "n_resamples", 1.5),
        ("resampling", "confidence_level", 1.0),
        ("resampling", "seed", -1),
        ("dataset", "n_pairs", 10**30),
        ("dataset", "scale", [0, float("inf")]),
        ("dataset", "scale", [5, 1]),
    ],
)
def test_numbers_of_a_manifest_have_bounds(bench: Bench, run: Path, place: str, name: str, value: object) -> None:
    shutil.copytree(run, "other")
    edit(run, lambda manifest: manifest[place].update({name: value}))
    for command in (("report", run, "--recompute"), ("compare", run, "other"), ("reproduce", run, "--trust")):
        refused(bench(*command), 1, f"{name} is ", "expected")


def test_numbers_of_records_have_bounds(bench: Bench, run: Path) -> None:
    edit(run, lambda records: records[0].update(n_pairs=10**30), "estimates.json")  # type: ignore[call-overload]
    refused(bench("report", run), 1, "n_pairs is 1000", "expected a whole number")


READERS = {
    "manifest.json": "reproduce",
    "scores.csv": "compare",
    "cosines.csv": "report",
    "failures.csv": "report",
    "ratings.csv": "report --recompute",
    "estimates.json": "across",
    "leakage.json": "report --format json",
}


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("kind", ["pipe", "/dev/zero"])
def test_only_regular_files_of_a_run_are_read(bench: Bench, run: Path, name: str, kind: str) -> None:
    (run / name).unlink()
    if kind == "pipe":
        os.mkfifo(run / name)
    else:
        (run / name).symlink_to(kind)
    command, *options = READERS[name].split()
    runs = [run, run] if command in ("compare", "across") else [run]
    refused(bench(command, *runs, *options), 1, f"{run / name} is a device, a pipe or a socket, expected a file")


def test_a_link_to_a_regular_file_is_read(bench: Bench, run: Path) -> None:
    shutil.move(run / "scores.csv", "kept.csv")
    (run / "scores.csv").symlink_to(Path("kept.csv").absolute())
    assert bench("report", run).status == 0


def test_a_lock_that_is_a_link_is_left_alone(bench: Bench) -> None:
    write_ratings(Path("ratings.csv"))
    victim = Path("victim")
    victim.write_text("precious")
    Path("out").mkdir()
    Path("out/.lock").symlink_to(victim.absolute())
    result = bench("run", "--dataset", "ratings.csv", "--metrics", "random", "--resamples", "9", "--out", "out")
    assert result.status == 1, result.err
    assert victim.read_text() == "precious"
