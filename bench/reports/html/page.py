"""The page as text: template, styles, scripts and data put together under a policy that lets nothing else run.

The data travel as JSON in which no character can end the element that holds them, and the scripts insert every string
as text. Should markup ever slip in, the Content-Security-Policy lets only the scripts and styles run whose hashes it
names, and lets no request leave but those for clips beside the page.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

PAGE_NAME = "report.html"
STYLES = ("vendor/tabulator_simple.min.css", "assets/page.css", "assets/tables.css", "assets/pairs.css")
LIBRARY = "vendor/tabulator.min.js"
SCRIPTS = (
    *("dom", "theme", "intervals", "tables", "agreement", "detail", "player", "explorer", "pairs", "comparisons"),
    *("filters", "run", "main"),
)
"""Files in ``assets``, joined in this order into one function, so that they share names with each other only."""


def render_page(content: Mapping[str, Any]) -> str:
    """Return the whole page; ``content`` is what `bench.reports.html.content.page_content` gave."""
    style = "\n".join(_read(name) for name in STYLES)
    library = _read(LIBRARY)
    script = _one_function(_read(f"assets/{name}.js") for name in SCRIPTS)
    parts = {
        "title": html.escape(content["title"]),
        "policy": html.escape(policy([library, script], [style])),
        "style": style,
        "data": json_island(content),
        "library": library,
        "script": script,
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], _read("assets/page.html"))


def json_island(content: Any) -> str:
    """Return ``content`` as JSON that stays data inside HTML: pure ASCII, without ``<``, ``>`` and ``&``.

    Raises:
        ValueError: a number is NaN or infinite, which JSON does not know.
    """
    text = json.dumps(content, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def policy(scripts: Sequence[str], styles: Sequence[str]) -> str:
    """Return the Content-Security-Policy under which exactly these scripts and styles run."""
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {' '.join(map(_source_hash, scripts))}",
            f"style-src {' '.join(map(_source_hash, styles))}",
            "img-src data:",
            "media-src 'self' file: data:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def _source_hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _one_function(texts: Any) -> str:
    return "(() => {\n'use strict';\n" + "\n".join(texts) + "\n})();"


def _read(name: str) -> str:
    return files("bench.reports.html").joinpath(name).read_text(encoding="utf-8")
