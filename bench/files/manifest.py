"""The manifest of a run: enough to trace every printed number to data, code and settings."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from bench import __version__
from bench.datasets.types import RatingScale
from metrics.errors import DataError, reason_of
from metrics.files import read_json, write_text

MANIFEST_NAME = "manifest.json"
TOKEN_VARIABLES = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HUGGINGFACE_HUB_TOKEN")
PACKAGES = (
    "numpy",
    "scipy",
    "pandas",
    "numba",
    "soundfile",
    "soxr",
    "torch",
    "torchaudio",
    "transformers",
    "laion-clap",
    "msclap",
    "accelerate",
)


@dataclass(frozen=True, slots=True)
class Option:
    """The value of a command-line option, and whether the user passed it or it is the default."""

    value: Any
    passed: bool


@dataclass(frozen=True, slots=True)
class DatasetRecord:
    """Which data a run used: ``sha256`` is that of the rating file, ``scale`` the lowest and highest rating."""

    name: str
    split: str | None
    screening: str | None
    sha256: str
    scale: tuple[float, float]
    n_pairs: int
    n_ratings: int
    audio_root: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunManifest:
    """Everything about a run that its score table does not say.

    Attributes:
        run_id: name of the run's folder unless ``--out`` gave another.
        plan: hash of what determines the scores; a run that was cut off is continued only under the same plan.
        started, finished: UTC, ISO 8601.
        argv: the command as typed.
        options: by name, see `Option`.
        code: ``version``, ``commit`` and ``dirty`` of this software; commit None outside a checkout.
        environment: Python, platform and device.
        packages: installed version by distribution name.
        resampling: how intervals were made, so that they can be made again from ``scores.csv``.
        dataset: see `DatasetRecord`.
        bands: edges of the score bands, on the data set's scale.
        signatures: `metrics.types.ScorerSpec.signature` by metric.
        notes: remarks of scorers, by metric.
        outputs: SHA-256 by file name, of every other file in the folder.
    """

    run_id: str
    plan: str
    started: str
    finished: str
    argv: tuple[str, ...]
    options: Mapping[str, Option]
    resampling: Mapping[str, Any]
    dataset: DatasetRecord
    bands: tuple[float, ...]
    signatures: Mapping[str, str]
    notes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    code: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    packages: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)


def write_manifest(manifest: RunManifest, folder: Path) -> None:
    """Write ``manifest.json``: the last file of a run, so that its presence says that the run is complete."""
    write_text(folder / MANIFEST_NAME, json.dumps(dataclasses.asdict(manifest), indent=2, ensure_ascii=False) + "\n")


def read_manifest(folder: Path) -> RunManifest:
    """Read ``manifest.json``; where an older version wrote no bands, they are what it cut: the scale in the middle.

    Raises:
        DataError: there is none, or it is not what `write_manifest` wrote.
    """
    path = folder / MANIFEST_NAME
    try:
        raw = read_json(path)
        raw["options"] = {name: Option(**option) for name, option in raw["options"].items()}
        raw["dataset"] = DatasetRecord(
            **{**raw["dataset"], "scale": tuple(raw["dataset"]["scale"]), "notes": tuple(raw["dataset"]["notes"])}
        )
        raw["bands"] = tuple(map(float, raw.get("bands", [RatingScale(*raw["dataset"].scale).midpoint])))
        raw["notes"] = {metric: tuple(notes) for metric, notes in raw["notes"].items()}
        return RunManifest(**{**raw, "argv": tuple(raw["argv"])})
    except FileNotFoundError:
        raise DataError(
            f"{folder} holds no finished run: {MANIFEST_NAME} is missing; give a folder of 'bench run'"
        ) from None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(f"{path} is not a run manifest ({reason_of(error)}); run 'bench run' again") from error


def describe_code() -> dict[str, Any]:
    """Return version, commit and dirty flag of this software; commit is None outside a git checkout."""
    root = Path(__file__).resolve().parents[2]
    commit = _git(root, "rev-parse", "HEAD") if (root / ".git").exists() else None
    dirty = bool(_git(root, "status", "--porcelain")) if commit else None
    return {"version": __version__, "commit": commit, "dirty": dirty}


def describe_environment(device: str) -> dict[str, str]:
    """Return Python, operating system and device in words."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "device": device,
        "executable": Path(sys.executable).name,
    }


def installed_packages() -> dict[str, str]:
    """Return the installed version of each package that can take part in a score or a statistic."""
    return {name: found for name in PACKAGES if (found := _version_of(name)) is not None}


def redact(argv: Iterable[str]) -> tuple[str, ...]:
    """Return the command line with every access token removed; see `redact_text`."""
    return tuple(map(redact_text, argv))


def redact_text(text: str) -> str:
    """Return a text without the tokens in the environment, and without anything that looks like one."""
    for name in TOKEN_VARIABLES:
        if secret := os.environ.get(name):
            text = text.replace(secret, "…")
    return re.sub(r"\b(hf_|api_|sk-)\w{8,}", r"\1…", text)


def _version_of(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def _git(root: Path, *arguments: str) -> str | None:
    try:
        answer = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()
