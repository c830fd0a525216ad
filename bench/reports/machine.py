"""Reports for programs."""

from __future__ import annotations

import dataclasses
import json

from bench.analysis import Analysis
from bench.provenance import RunManifest
from bench.records import plain


def as_json(manifest: RunManifest, analysis: Analysis) -> str:
    """Return the manifest and all statistics as one JSON object; NaN becomes null."""
    content = {"manifest": dataclasses.asdict(manifest), **plain(analysis)}
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"
