"""Whose code a manifest asks for.

A manifest names metrics, and some names are code: a file, a package's entry point, an environment with packages to
install. Whoever wrote the manifest chose them, so none of it runs unless the user says so (``--trust``), and a file
runs only if it is the one that the run's signature names.
"""

from __future__ import annotations

from pathlib import Path

from bench.files.manifest import RunManifest
from metrics.errors import DataError, UsageError
from metrics.families import ONE_FILE
from metrics.plugins import one_file
from metrics.registry import split_name

ISOLATED = "isolated"


def refuse_untrusted(folder: Path, manifest: RunManifest, metrics: tuple[str, ...], trust: bool) -> None:
    """See that making the run again runs no code that is not part of this package, or only code that is trusted.

    Nothing of that code is imported or installed here.

    Args:
        folder: of the run.
        manifest: which names the metrics and their signatures.
        metrics: those that are about to run.
        trust: whether the user vouches for their code.

    Raises:
        UsageError: it would, and ``trust`` is False.
        DataError: the file of a metric is not the one that made the scores.
    """
    foreign = [metric for metric in metrics if is_foreign(metric)]
    if foreign and not trust:
        raise UsageError(
            f"{folder} names metrics whose code is not part of clap-bench, and which may install packages: "
            f"{', '.join(foreign)}; read that code, then add --trust to run it"
        )
    for metric in foreign:
        _refuse_other_file(folder, metric, manifest.signatures[metric])


def is_foreign(metric: str) -> bool:
    """Say whether a metric is code of others: a file, an installed plugin, or whatever an environment is built for."""
    family, _ = split_name(metric)
    return family is ONE_FILE or family.origin is not None or family.name == ISOLATED


def _refuse_other_file(folder: Path, metric: str, signature: str) -> None:
    name = metric.removeprefix(f"{ISOLATED}:")
    if not one_file.is_file_name(name):
        return
    origin = one_file.read(name).origin
    if f"{origin.name}:{origin.version}" not in signature.split("|"):
        raise DataError(
            f"metric {metric!r}: {origin.name} has sha256 {origin.version}…, which is not in the signature that "
            f"{folder} has of it ({signature}); it is not run: get the file that made the run"
        )
