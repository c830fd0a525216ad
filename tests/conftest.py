"""Shapes and types in signatures are checked while the tests run, and only then."""

from __future__ import annotations

from jaxtyping import install_import_hook

from tests import typechecker

# Not bench.cli, bench.commands and finetune.cli: typer calls commands with a context of a class of its own.
CHECKED = [
    "metrics",
    "bench.analysis",
    "bench.csvfile",
    "bench.datasets",
    "bench.provenance",
    "bench.reports",
    "bench.run",
    "bench.scores",
    "bench.statistics",
    "bench.workspace",
]
install_import_hook(CHECKED, f"{typechecker.__name__}.check")
