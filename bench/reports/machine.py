"""Reports for programs."""

from __future__ import annotations

from collections.abc import Sequence

from bench.analysis import Analysis
from bench.leakage import Leakage
from bench.provenance import RunManifest
from bench.records import json_text, plain


def as_json(manifest: RunManifest, analysis: Analysis, leakage: Sequence[Leakage] = ()) -> str:
    """Return the manifest, the leakage and all statistics as one JSON object; NaN becomes null."""
    return json_text({"manifest": manifest, "leakage": leakage, **plain(analysis)}) + "\n"
