"""Virtual environments for scorers whose packages do not go together with clap-bench's, or with each other's.

An environment belongs to a list of requirements and a Python version, whose hash names its folder under the user's
cache folder (``environments/``), so scorers with the same requirements share one. It is built with uv where uv is on
PATH, and with venv and pip otherwise, by one process at a time. The last thing written into it is ``built.json``: a
folder without it was cut off, and is built anew. Deleting a folder is always safe while no scorer runs in it.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock

from metrics.errors import UnavailableError
from metrics.files import cache_folder, write_json
from metrics.types import ProgressCallback

CORE = ("jaxtyping>=0.2.34", "numpy>=1.26", "platformdirs>=4", "soundfile>=0.12.1", "soxr>=0.4")
"""What `metrics.types`, `metrics.audio`, `metrics.windows` and `metrics.clap_score` import, as in pyproject.toml."""

COMPLETE = "built.json"
COMPLAINT_LENGTH = 400


def environment_folder(requirements: Sequence[str]) -> Path:
    """Return where the environment with ``requirements`` is, or will be."""
    facts = [sorted(requirements), sys.implementation.name, platform.python_version(), sysconfig.get_platform()]
    return cache_folder() / "environments" / hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def is_built(folder: Path) -> bool:
    """Say whether an environment is complete, and its Python still there."""
    return (folder / COMPLETE).is_file() and python_of(folder).exists()


def python_of(folder: Path) -> Path:
    """Return the interpreter of an environment."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def ensure_environment(requirements: Sequence[str], label: str, progress: ProgressCallback) -> Path:
    """Return the interpreter of the environment with ``requirements``, building it if need be.

    Args:
        requirements: as pip takes them.
        label: whom the environment is for, in progress and messages.
        progress: told how many lines the installer has written.

    Raises:
        UnavailableError: it cannot be built: no network, requirements that cannot be met, a full disk.
    """
    folder = environment_folder(requirements)
    folder.parent.mkdir(parents=True, exist_ok=True)
    if not is_built(folder):
        with FileLock(f"{folder}.lock"):
            if not is_built(folder):
                _build(folder, requirements, label, progress)
    return python_of(folder)


def _build(folder: Path, requirements: Sequence[str], label: str, progress: ProgressCallback) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    log = folder.with_suffix(".log")
    log.unlink(missing_ok=True)
    for command in _commands(folder, requirements):
        _run(command, log, f"building the environment of {label}", progress)
    record = {"requirements": list(requirements), "python": platform.python_version()}
    write_json(folder / COMPLETE, record)


def _commands(folder: Path, requirements: Sequence[str]) -> list[list[str]]:
    python = str(python_of(folder))
    if uv := shutil.which("uv"):
        make = [uv, "venv", "--python", sys.executable, str(folder)]
        return [make, [uv, "pip", "install", "--python", python, *requirements]]
    make = [sys.executable, "-m", "venv", str(folder)]
    return [make, [python, "-m", "pip", "install", "--disable-pip-version-check", *requirements]]


def _run(command: Sequence[str], log: Path, doing: str, progress: ProgressCallback) -> None:
    with (
        log.open("a", encoding="utf-8") as record,
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        ) as process,
    ):
        assert process.stdout is not None
        for n_lines, line in enumerate(process.stdout, start=1):
            record.write(line)
            progress(doing, n_lines, 0)
    if process.returncode:
        raise UnavailableError(
            f"{doing} failed: {_complaint(log)}; correct the requirements, or check network and disk space; "
            f"all that {Path(command[0]).name} said is in {log}"
        )
    progress(doing, 1, 1)


def _complaint(log: Path) -> str:
    """Return what the installer says from its first error on, or its last line."""
    said = (line.strip() for line in log.read_text(encoding="utf-8").splitlines())
    lines = [line for line in said if line and "Ignored the following versions" not in line]
    first = next((i for i, line in enumerate(lines) if line.lower().startswith("error")), len(lines) - 1)
    return " ".join(lines[first:])[:COMPLAINT_LENGTH] if lines else "it said nothing"
