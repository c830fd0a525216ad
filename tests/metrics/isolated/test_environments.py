"""Environments are whole or not used, built once, and say why they cannot be built."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from metrics.errors import UnavailableError
from metrics.families import BUILT_IN, isolated_names
from metrics.isolated import environments
from metrics.isolated.environments import CORE, ensure_environment, environment_folder, is_built
from metrics.registry import availability
from metrics.types import no_progress

ROOT = Path(__file__).parents[3]
BUILD = """
import sys
from metrics.isolated.environments import ensure_environment
print(ensure_environment([sys.argv[1]], "probe", lambda *_: None))
"""


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAP_BENCH_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def wheel(tmp_path: Path) -> str:
    """A package without dependencies, so that no network is needed."""
    path = tmp_path / "probe-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("probe.py", "answer = 42\n")
        archive.writestr("probe-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: probe\nVersion: 1.0\n")
        archive.writestr("probe-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("probe-1.0.dist-info/RECORD", "")
    return str(path)


def start(requirement: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", BUILD, requirement]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True)


def works(python: Path) -> bool:
    return subprocess.run([python, "-I", "-c", "import probe; assert probe.answer == 42"], check=False).returncode == 0


@pytest.mark.slow
def test_an_environment_is_built_once_and_again_if_it_was_cut_off(wheel: str) -> None:
    folder, seen = environment_folder([wheel]), []
    python = ensure_environment([wheel], "probe", lambda *now: seen.append(now))
    assert works(python)
    assert is_built(folder)
    assert seen[0][0] == "building the environment of probe"
    (folder / "left-alone").touch()
    assert ensure_environment([wheel], "probe", no_progress) == python
    assert (folder / "left-alone").exists()
    (folder / environments.COMPLETE).unlink()
    (folder / "lib").rename(folder / "half")
    assert works(ensure_environment([wheel], "probe", no_progress))
    assert not (folder / "left-alone").exists(), "half an environment was mended instead of built anew"


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="kills a process group")
def test_a_killed_build_is_never_used_and_of_two_processes_one_builds(wheel: str) -> None:
    folder = environment_folder([wheel])
    killed = start(wheel)
    while not (folder / "pyvenv.cfg").exists():
        time.sleep(0.02)
    os.killpg(killed.pid, 9)
    killed.communicate()
    assert not is_built(folder)
    both = [start(wheel), start(wheel)]
    answers = {process.communicate(timeout=300)[0].strip() for process in both}
    assert [process.returncode for process in both] == [0, 0]
    assert answers == {str(environments.python_of(folder))}
    assert works(environments.python_of(folder))
    installed = folder.with_suffix(".log").read_text().count("Successfully installed probe-1.0")
    assert installed == 1 or shutil.which("uv")


@pytest.mark.slow
def test_requirements_that_cannot_be_met_are_an_error_and_leave_nothing_built(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("UV_OFFLINE", "1")
    wanted = ["no-such-package-anywhere==7"]
    with pytest.raises(UnavailableError, match=r"building the environment of odd failed: .*no-such-package-anywhere"):
        ensure_environment(wanted, "odd", no_progress)
    assert not is_built(environment_folder(wanted))


def test_a_folder_belongs_to_requirements_in_any_order() -> None:
    assert environment_folder(["a", "b"]) == environment_folder(["b", "a"]) != environment_folder(["a"])


def test_an_environment_whose_python_is_gone_is_not_built() -> None:
    folder = environment_folder(["a"])
    folder.mkdir(parents=True)
    (folder / environments.COMPLETE).touch()
    assert not is_built(folder)


def test_uv_is_used_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    uv = tmp_path / "uv"
    uv.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    commands = environments._commands(tmp_path / "e", ["six"])
    assert [command[0] for command in commands] == [str(uv), str(uv)]
    monkeypatch.setenv("PATH", "")
    assert environments._commands(tmp_path / "e", ["six"])[0][0] == sys.executable


def test_requirements_are_those_of_pyproject() -> None:
    """Written in both, because a checkout has no metadata and an installed package no pyproject.toml."""
    tomllib = pytest.importorskip("tomllib")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert set(CORE) <= set(project["dependencies"])
    for family in BUILT_IN:
        if family.isolated:
            extra = project["optional-dependencies"][family.extra]
            assert set(extra) <= set(family.isolated) <= {*extra, *project["dependencies"]}


def test_core_is_what_is_imported_for_a_scorer_without_a_model() -> None:
    code = "import sys, metrics.clap_score, metrics.baselines, metrics.isolated.scorer\nprint(*sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    answer = subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True)
    imported = {name.partition(".")[0] for name in answer.stdout.split()}
    ours = {"metrics", "numpy", "soundfile", "soxr", "jaxtyping", "platformdirs"}
    assert ours <= imported
    assert {Requirement(requirement).name for requirement in CORE} == ours - {"metrics"}
    assert not imported & {"torch", "transformers", "pandas", "scipy", "typer", "rich"}


@pytest.mark.parametrize("name", ["laion", "ms"])
def test_what_can_be_isolated_says_what_is_missing(name: str) -> None:
    assert name in isolated_names()
    state = availability(f"isolated:{name}")
    assert not state.available
    if find_spec("msclap") and state.downloadable:
        assert state.reason == "its environment is not built yet"
