"""Writes plugin packages as pip would install them: a module and its metadata."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

GOOD = """
import numpy as np
from metrics.types import ScorerSpec

class Words:
    spec = ScorerSpec("words")
    def score(self, pairs):
        return np.array([len(pair.caption.split()) / 100 for pair in pairs])

def make(argument, options):
    return Words()
"""


def scoring(body: str) -> str:
    """Return the source of a scorer whose ``score(pairs)`` is ``body``."""
    return GOOD.partition("    def score")[0] + (
        "    def score(self, pairs):\n" + textwrap.indent(body, " " * 8) + "\n\ndef make(a, o): return Words()\n"
    )


def install(folder: Path, name: str, source: str, metrics: Sequence[str] = ("words",), version: str = "1.2") -> Path:
    """Write package ``name``, offering ``metrics``, into a folder for the import path; return the module's file."""
    module = folder / f"{name.replace('-', '_')}.py"
    module.write_text(source)
    metadata = folder / f"{module.stem}-{version}.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    points = "".join(f"{metric} = {module.stem}:make\n" for metric in metrics)
    (metadata / "entry_points.txt").write_text(f"[clap_bench.scorers]\n{points}")
    return module
