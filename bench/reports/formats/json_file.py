"""Reports for programs."""

from __future__ import annotations

from collections.abc import Sequence

from bench.analysis.analyse import Analysis
from bench.analysis.leakage import Leakage
from bench.files.manifest import RunManifest
from bench.files.records import json_text, plain


def as_json(manifest: RunManifest, analysis: Analysis, leakage: Sequence[Leakage] = ()) -> str:
    """Return the manifest, the leakage and all statistics as one JSON object; NaN becomes null."""
    return json_text({"manifest": manifest, "leakage": leakage, **plain(analysis)}) + "\n"
