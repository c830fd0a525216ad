"""Reports for programs."""

from __future__ import annotations

import dataclasses
import json

from bench.analysis import Analysis, plain_record
from bench.provenance import RunManifest


def as_json(manifest: RunManifest, analysis: Analysis) -> str:
    """Return manifest, estimates and differences as one JSON object; NaN becomes null."""
    content = {
        "manifest": dataclasses.asdict(manifest),
        "estimates": [plain_record(record) for record in analysis.estimates],
        "differences": [plain_record(record) for record in analysis.differences],
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"
