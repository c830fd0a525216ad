"""Results for programs, as one JSON object; NaN becomes null."""

from __future__ import annotations

from bench.files.records import json_text


def render(facts: object) -> str:
    """Return the facts as JSON; records, arrays and NaN as `bench.files.records.json_text` writes them."""
    return json_text(facts) + "\n"
