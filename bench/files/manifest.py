"""The manifest of a run: enough to trace every printed number to data, code and settings."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from bench import __version__
from bench.files.limits import MAX_EDGES, check_values
from bench.files.records import read_typed
from bench.statistics.types import ResamplingPlan
from metrics.errors import DataError
from metrics.files import write_text
from metrics.models.hardware import describe_hardware

MANIFEST_NAME = "manifest.json"
SECRET_VARIABLES = (
    *("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HUGGINGFACE_HUB_TOKEN", "GITHUB_TOKEN", "GH_TOKEN", "WANDB_API_KEY"),
    *("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
)
SHORTEST_SECRET = 8
"""Characters; a shorter value is no secret, and its letters stand everywhere."""

TOKENS = re.compile(
    r"\b(?P<kind>(?:hf_|api_org_)(?=[A-Za-z0-9]{34}\b)|hf_(?:oauth|jwt)_(?=[\w.-]{32})|gh[pousr]_(?=[A-Za-z0-9]{36}\b)|"
    r"github_pat_(?=\w{82}\b)|sk-(?=[A-Za-z0-9]{48}\b)|sk-(?:proj|svcacct|admin|ant-[a-z]+\d\d)-(?=[\w-]{40}))[\w.-]+"
)
"""Access tokens by the prefixes and lengths that their issuers give them."""

CREDENTIALS = re.compile(r"(?<![A-Za-z0-9+.-])(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)[^\s/?#\"'<>]*@")
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
class CodeRecord:
    """This software: its version, and in a checkout of it the commit, and whether there were other changes."""

    version: str = "unknown"
    commit: str | None = None
    dirty: bool | None = None


@dataclass(frozen=True, slots=True)
class DatasetRecord:
    """Which data a run used: ``sha256`` is that of the rating file, ``scale`` the lowest and highest rating.

    ``dimension`` is what was rated, and the target of metrics; empty in runs of older versions, and for votes.
    ``names_listeners`` is false for votes whose listeners are places (`bench.datasets.votes.VotedDataset`).
    """

    name: str
    split: str | None
    screening: str | None
    sha256: str
    scale: tuple[float, float]
    n_pairs: int
    n_ratings: int
    audio_root: str
    notes: tuple[str, ...] = ()
    dimension: str = ""
    names_listeners: bool = True

    def __post_init__(self) -> None:
        """Raise `ValueError` for a scale that rates nothing, or counts below 0."""
        low, high = self.scale
        if not -math.inf < low < high < math.inf:
            raise ValueError(f"scale is {low:g} to {high:g}, expected two finite numbers, the lower one first")
        if min(self.n_pairs, self.n_ratings) < 0:
            raise ValueError(f"n_pairs is {self.n_pairs} and n_ratings {self.n_ratings}, expected 0 or more")


@dataclass(frozen=True, slots=True)
class ClipsRecord:
    """All clips that a run was computed from, in two lines.

    Attributes:
        n_clips: how many were read; 0 where no metric heard any.
        sha256: hash of their contents' hashes, in the order of the pairs.
    """

    n_clips: int
    sha256: str


@dataclass(frozen=True, slots=True)
class RunManifest:
    """Everything about a run that its score table does not say.

    Attributes:
        run_id: name of the run's folder unless ``--out`` gave another.
        plan: hash of what determines the scores; a run that was cut off is continued only under the same plan.
        started, finished: UTC, ISO 8601.
        argv: the command as typed.
        options: by name, see `Option`.
        code: see `CodeRecord`.
        environment: Python, platform, device, and what of it models ran on (see `metrics.models.hardware`).
        packages: installed version by distribution name.
        resampling: how intervals were made, so that they can be made again from ``scores.csv``.
        dataset: see `DatasetRecord`.
        bands: edges of the score bands, on the data set's scale; none in a run on votes.
        by: kinds of strata that captions give (`bench.analysis.strata.BY_CAPTION`).
        baselines, sentinels, margin: see `bench.analysis.context.Settings`.
        analysis: version of the files of statistics (`bench.analysis.results.VERSION`).
        signatures: `metrics.types.ScorerSpec.signature` by metric.
        external: SHA-256 of the file of scores, by metric, of metrics that were computed elsewhere.
        notes: remarks of scorers, by metric.
        clips: what was read of the clips; None in runs of older versions, which did not note it.
        kind: whether the run is about ratings, or about votes (`bench.runs.votes`), which have no scale: -1 to 1 stands
            for one.
        outputs: SHA-256 by file name, of every other file in the folder.
    """

    run_id: str
    plan: str
    started: str
    finished: str
    argv: tuple[str, ...]
    options: Mapping[str, Option]
    resampling: ResamplingPlan
    dataset: DatasetRecord
    bands: tuple[float, ...]
    signatures: Mapping[str, str]
    by: tuple[str, ...] = ()
    baselines: tuple[str, ...] = ()
    sentinels: bool = True
    margin: float | None = None
    analysis: int = 1
    external: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    clips: ClipsRecord | None = None
    kind: Literal["ratings", "votes"] = "ratings"
    code: CodeRecord = field(default_factory=CodeRecord)
    environment: Mapping[str, Any] = field(default_factory=dict)
    packages: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise `ValueError` for edges that cut the scale into no bands."""
        if self.kind == "votes" and not self.bands:
            return
        low, high = self.dataset.scale
        rise = all(a < b for a, b in pairwise((low, *self.bands, high)))
        if not (rise and 1 <= len(self.bands) <= MAX_EDGES):
            raise ValueError(
                f"bands is {_shown(self.bands)}, expected one to {MAX_EDGES} numbers that rise from above {low:g} to "
                f"below {high:g}, the ends of the scale"
            )


def _shown(numbers: Sequence[float]) -> str:
    """Return a list of numbers, shortened where somebody else's file has many."""
    shown = ", ".join(f"{number:g}" for number in numbers[: MAX_EDGES + 1])
    return f"[{shown}{', …' if len(numbers) > MAX_EDGES + 1 else ''}]"


def write_manifest(manifest: RunManifest, folder: Path) -> None:
    """Write ``manifest.json``: the last file of a run, so that its presence says that the run is complete."""
    write_text(folder / MANIFEST_NAME, json.dumps(dataclasses.asdict(manifest), indent=2, ensure_ascii=False) + "\n")


def read_manifest(folder: Path) -> RunManifest:
    """Read ``manifest.json``; where an older version wrote no bands, they are what it cut: the scale in the middle.

    Raises:
        DataError: there is none, or it is not what `write_manifest` wrote.
    """
    path = folder / MANIFEST_NAME
    if not path.exists():
        raise DataError(f"{folder} holds no finished run: {MANIFEST_NAME} is missing; give a folder of 'bench run'")
    manifest: RunManifest = read_typed(path, RunManifest, "run 'bench run' again", _renewed)
    check_values(path, dataclasses.asdict(manifest.resampling))
    check_values(path, {name: option.value for name, option in manifest.options.items()})
    check_values(path, dataclasses.asdict(manifest.dataset))
    check_values(path, {"margin": manifest.margin})
    return manifest


def external_signature(metric: str, sha256: str) -> str:
    """Return the signature of scores that were computed elsewhere."""
    return f"{metric}|scores from a file|sha256:{sha256[:16]}"


def _renewed(raw: Any) -> Any:
    """Return a manifest with the fields that older versions did not write: ``external`` and ``bands``."""
    if not isinstance(raw, dict):
        return raw
    if "external" not in raw and "signatures" in raw:
        raw["external"] = _external_of(raw["signatures"])
    if "bands" not in raw and "dataset" in raw:
        raw["bands"] = [sum(raw["dataset"]["scale"]) / 2]
    return raw


def _external_of(signatures: Mapping[str, str]) -> dict[str, str]:
    """Return the field of that name of a run that is older than it; of the hash the signature has the beginning."""
    found = {metric: signature.rpartition("|sha256:")[2] for metric, signature in signatures.items()}
    return {
        metric: start
        for metric, start in found.items()
        if len(start) == 16 and signatures[metric] == external_signature(metric, start)
    }


def describe_code() -> dict[str, Any]:
    """Return version, commit and dirty flag of this software; commit is None outside a git checkout."""
    root = Path(__file__).resolve().parents[2]
    commit = _git(root, "rev-parse", "HEAD") if (root / ".git").exists() else None
    dirty = bool(_git(root, "status", "--porcelain")) if commit else None
    return {"version": __version__, "commit": commit, "dirty": dirty}


def describe_environment(device: str, batch_size: int | None = None) -> dict[str, Any]:
    """Return Python, operating system, the device asked for, and `metrics.models.hardware.describe_hardware`."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "device": device,
        "executable": Path(sys.executable).name,
        **describe_hardware(device, batch_size),
    }


def installed_packages() -> dict[str, str]:
    """Return the installed version of each package that can take part in a score or a statistic."""
    return {name: found for name in PACKAGES if (found := _version_of(name)) is not None}


def redact(argv: Iterable[str]) -> tuple[str, ...]:
    """Return the command line without secrets; see `redact_text`."""
    return tuple(map(redact_text, argv))


def redact_text(text: str) -> str:
    """Return a text without the secrets in the environment, access tokens, and names and passwords in URLs."""
    for name in SECRET_VARIABLES:
        secret = os.environ.get(name, "")
        if len(secret) >= SHORTEST_SECRET:
            text = text.replace(secret, "…")
    return TOKENS.sub(r"\g<kind>…", CREDENTIALS.sub(r"\g<scheme>…@", text))


def _version_of(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def _git(root: Path, *arguments: str) -> str | None:
    try:
        # Without its optional locks, a status does not get in the way of a commit that is made at the same time.
        command = ["git", "--no-optional-locks", "-C", str(root), *arguments]
        answer = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()
