"""Mean ratings of a run's pairs under the other screenings of its data set: ``screenings.csv``.

It is there where a data set says by which rules its listeners can be screened. See `bench.files.means`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from bench.files.means import read_means, write_means

SCREENINGS_NAME = "screenings.csv"
COLUMN = "screening"


def write_screenings(ratings: Mapping[str, Mapping[str, float]], folder: Path) -> None:
    """Write ``screenings.csv`` from ratings by pair_id, by screening; no file where there are none."""
    write_means(folder / SCREENINGS_NAME, COLUMN, ratings)


def read_screenings(folder: Path, pair_ids: Sequence[str], scale: tuple[float, float]) -> dict[str, np.ndarray]:
    """Read ``screenings.csv``; nothing where a run has none.

    Raises:
        DataError: see `bench.files.means.read_means`.
    """
    return read_means(folder / SCREENINGS_NAME, COLUMN, pair_ids, scale)
