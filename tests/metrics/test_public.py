"""What is promised to the authors of scorers: one list, in the package and in the docs, and enough for the examples."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import metrics

ROOT = Path(__file__).parents[2]
PROMISED = re.findall(r"^- `(metrics\.\w+)`: (.+)\.$", metrics.__doc__ or "", re.MULTILINE)


def test_the_docs_list_the_modules_that_the_package_lists() -> None:
    assert len(PROMISED) == 6
    rows = re.findall(r"^\| `(metrics\.\w+)` \| (.+) \|$", (ROOT / "docs/scorers.md").read_text(), re.MULTILINE)
    assert rows == PROMISED
    assert all(importlib.import_module(name).__doc__ for name, _ in PROMISED)


def test_the_examples_need_no_other_module() -> None:
    examples = ROOT / "examples"
    sources = [path for path in examples.rglob("*.py") if "tests" not in path.relative_to(examples).parts]
    nodes = [node for path in sources for node in ast.walk(ast.parse(path.read_text()))]
    used = {
        node.module for node in nodes if isinstance(node, ast.ImportFrom) and str(node.module).startswith("metrics")
    }
    assert "metrics.types" in used
    assert used - {"metrics"} <= {name for name, _ in PROMISED}
