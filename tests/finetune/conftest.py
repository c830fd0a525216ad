from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bench.datasets.types import RatedDataset
from tests.finetune.small import halves, load_small, pair_set, small_dataset, small_model

if TYPE_CHECKING:  # whoever only collects tests does not wait for torch
    from finetune.data.pairs import PairSet


@pytest.fixture(scope="package", autouse=True)
def one_thread() -> Iterator[None]:
    """Small models gain nothing from threads, and lose much where cores are shared; the tests elsewhere keep theirs."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small ClapModel with its processor."""
    return small_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="session")
def rated(tmp_path_factory: pytest.TempPathFactory) -> RatedDataset:
    """24 rated pairs with clips on disk."""
    return small_dataset(tmp_path_factory.mktemp("clips"))


@pytest.fixture(scope="session")
def pair_sets(
    model_folder: Path, rated: RatedDataset, tmp_path_factory: pytest.TempPathFactory
) -> tuple[PairSet, PairSet]:
    """16 pairs for training, 8 for validation."""
    return halves(pair_set(load_small(model_folder), rated, tmp_path_factory.mktemp("cache")))


@pytest.fixture
def files_no_larger_than() -> Callable[[int], AbstractContextManager[None]]:
    """Make writing fail beyond a number of bytes, as on a full disk."""

    @contextmanager
    def limit(n_bytes: int) -> Iterator[None]:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return limit
