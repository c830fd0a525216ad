"""Mean ratings of a run's pairs in the dimensions that are not its target: ``dimensions.csv``.

It is there where listeners rated more than one thing, such as relevance and quality. See `bench.files.means`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from bench.files.means import read_means, write_means

DIMENSIONS_NAME = "dimensions.csv"
COLUMN = "dimension"


def write_dimensions(ratings: Mapping[str, Mapping[str, float]], folder: Path) -> None:
    """Write ``dimensions.csv`` from ratings by pair_id, by dimension; no file where there are none."""
    write_means(folder / DIMENSIONS_NAME, COLUMN, ratings)


def read_dimensions(folder: Path, pair_ids: Sequence[str], scale: tuple[float, float]) -> dict[str, np.ndarray]:
    """Read ``dimensions.csv``; nothing where a run has none.

    Raises:
        DataError: see `bench.files.means.read_means`.
    """
    return read_means(folder / DIMENSIONS_NAME, COLUMN, pair_ids, scale)
