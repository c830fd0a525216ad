"""Reports for programs."""

from __future__ import annotations

from collections.abc import Sequence

from bench.analysis.analyse import Analysis
from bench.analysis.leakage import Leakage
from bench.files.manifest import RunManifest
from bench.files.records import json_text, plain


def as_json(manifest: RunManifest, analysis: Analysis, leakage: Sequence[Leakage] = (), warning: str = "") -> str:
    """Return the manifest, the leakage and all statistics as one JSON object; NaN becomes null.

    Its ``warning`` (see `bench.reports.layout.Report`) is null where there is none.
    """
    return json_text({"warning": warning or None, "manifest": manifest, "leakage": leakage, **plain(analysis)}) + "\n"
