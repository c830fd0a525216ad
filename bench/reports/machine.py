"""Reports for programs."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence

from bench.analysis import Analysis
from bench.leakage import Leakage
from bench.provenance import RunManifest
from bench.records import plain


def as_json(manifest: RunManifest, analysis: Analysis, leakage: Sequence[Leakage] = ()) -> str:
    """Return the manifest, the leakage and all statistics as one JSON object; NaN becomes null."""
    content = {"manifest": dataclasses.asdict(manifest), "leakage": plain(leakage), **plain(analysis)}
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"
