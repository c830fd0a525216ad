"""Shapes and types in signatures are checked while the tests run, and only then; the hub is the local one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from jaxtyping import install_import_hook

from tests import hub, typechecker
from tests.commands import Bench, make_runner

ROOT = Path(__file__).parents[1]


def _modules_with_shapes() -> Iterator[str]:
    """Modules whose signatures name shapes: to check the others too would triple the time of a small run."""
    for package in ("bench", "finetune", "metrics"):
        for path in (ROOT / package).rglob("*.py"):
            if "from jaxtyping import" in path.read_text(encoding="utf-8"):
                yield ".".join(path.relative_to(ROOT).with_suffix("").parts)


CHECKED = list(_modules_with_shapes())
install_import_hook(CHECKED, f"{typechecker.__name__}.check")
hub.use()


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the workers of pytest-xdist share, gone with their own."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session", autouse=True)
def own_folders(shared_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the user's cache and variants out of the tests, and the tests out of them.

    Workers share the cache: the demo's clips are put in place whole, and the store of embeddings is made for several.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLAP_BENCH_CACHE_DIR", str(shared_folder / "cache"))
        patch.setenv("CLAP_BENCH_HUMAN_DIR", str(tmp_path_factory.mktemp("human")))
        patch.setenv("CLAP_BENCH_SCORES_DIR", str(tmp_path_factory.mktemp("scores")))
        yield


@pytest.fixture(scope="session")
def local_hub() -> Callable[..., Path]:
    """Build what is needed of the local hub, once: ``local_hub("laion", "ms")``."""
    return hub.need


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Bench:
    """Call ``bench ARGUMENTS`` in this process."""
    return partial(make_runner(monkeypatch, capsys), "bench")
