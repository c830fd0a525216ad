"""Shapes and types in signatures are checked while the tests run, and only then; the hub is the local one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from jaxtyping import install_import_hook

from tests import hub, typechecker

# Not bench.cli, bench.commands and finetune.cli: typer calls commands with a context of a class of its own.
CHECKED = [
    "metrics",
    "bench.analysis",
    "bench.compare",
    "bench.csvfile",
    "bench.datasets",
    "bench.leakage",
    "bench.provenance",
    "bench.reports",
    "bench.reproduce",
    "bench.run",
    "bench.scores",
    "bench.scoring",
    "bench.statistics",
    "bench.workspace",
    "finetune.base",
    "finetune.checkpoint",
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
hub.use()


@pytest.fixture(scope="session", autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the user's cache and variants out of the tests, and the tests out of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLAP_BENCH_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("CLAP_BENCH_HUMAN_DIR", str(tmp_path_factory.mktemp("human")))
        yield


@pytest.fixture(scope="session")
def local_hub() -> Callable[..., Path]:
    """Build what is needed of the local hub, once: ``local_hub("laion", "ms")``."""
    return hub.need
