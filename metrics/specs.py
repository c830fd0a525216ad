"""What the specs of all CLAP scorers have in common."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from metrics.clap_score import SCORING_VERSION
from metrics.types import ScorerOptions

AUDIO_PACKAGES = ("soundfile", "soxr", "torch")


def packages(*names: str) -> tuple[tuple[str, str], ...]:
    """Return (name, version) of packages, of those on the audio path, and of the scoring code itself."""
    return (*((name, _version(name)) for name in (*names, *AUDIO_PACKAGES)), SCORING_VERSION)


def run_options(options: ScorerOptions) -> tuple[tuple[str, str], ...]:
    """Return the settings of a run that can change a score and have no field of their own.

    In single precision devices agree to rounding; in half precision they do not, and the device is named.
    """
    named: list[tuple[str, str]] = []
    if options.window == "as-published":
        named.append(("seed", str(options.seed)))
    if options.precision != "fp32":
        from metrics.models.forward import choose_device

        named.append(("device", choose_device(options.device).type))
    return tuple(named)


def published_option(found_sha256: str, published_sha256: str | None) -> tuple[tuple[str, str], ...]:
    """Return a remark for the signature if a file is not the one that was published under its name."""
    differs = published_sha256 is not None and found_sha256 != published_sha256
    return (("weights", "not-as-published"),) if differs else ()


def digest_of(paths: Iterable[Path]) -> str:
    """Return a short hash of small files, by name and content, in any order."""
    digest = hashlib.sha256()
    for path in sorted(paths, key=lambda path: path.name):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:8]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"
