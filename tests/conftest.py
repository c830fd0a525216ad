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
    "finetune.base",
    "finetune.checkpoint",
    "finetune.config",
    "finetune.convert",
    "finetune.data",
    "finetune.evaluation",
    "finetune.features",
    "finetune.loop",
    "finetune.losses",
    "finetune.machinery",
    "finetune.model",
    "finetune.order",
    "finetune.pipeline",
    "finetune.pretrain",
    "finetune.pretraining_data",
    "finetune.rated_data",
    "finetune.splits",
    "finetune.state",
    "finetune.tiny",
    "finetune.validation",
    "finetune.workplace",
]
install_import_hook(CHECKED, f"{typechecker.__name__}.check")
