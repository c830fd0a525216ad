"""Mean ratings of a run's pairs under the other screenings of its data set, on disk.

``screenings.csv`` has a row a screening and pair: ``screening,pair_id,rating``, on the data set's scale. It is there
where a data set says by which rules its listeners can be screened; a pair that a rule leaves no ratings has no row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float

from bench.files.csvfile import read_csv, refuse_repeated, write_csv

SCREENINGS_NAME = "screenings.csv"
COLUMNS = ("screening", "pair_id", "rating")

Screenings = Mapping[str, Float[np.ndarray, " pairs"]]
"""The mean rating of each row of a score table, NaN where there is none, by screening."""


def write_screenings(ratings: Mapping[str, Mapping[str, float]], folder: Path) -> None:
    """Write ``screenings.csv`` from ratings by pair_id, by screening; no file where there are none."""
    rows = [(screening, pair, rating) for screening, means in ratings.items() for pair, rating in means.items()]
    if rows:
        write_csv(folder / SCREENINGS_NAME, dict(zip(COLUMNS, zip(*rows, strict=True), strict=True)))


def read_screenings(folder: Path, pair_ids: Sequence[str], scale: tuple[float, float]) -> dict[str, np.ndarray]:
    """Read ``screenings.csv``; nothing where a run has none.

    Args:
        folder: of the run.
        pair_ids: of its pairs.
        scale: lowest and highest rating.

    Raises:
        DataError: it is damaged, names a pair that the run does not have or one pair twice, or has a rating off the
            scale.
    """
    path = folder / SCREENINGS_NAME
    if not path.exists():
        return {}
    rows = read_csv(path, COLUMNS).rows
    refuse_repeated(rows, ("screening", "pair_id"))
    row_of = {pair_id: row for row, pair_id in enumerate(pair_ids)}
    found: dict[str, np.ndarray] = {}
    for row in rows:
        if row["pair_id"] not in row_of:
            raise row.error(f"pair {row['pair_id']!r} is not in scores.csv; run 'bench run' again")
        means = found.setdefault(row["screening"], np.full(len(pair_ids), np.nan))
        means[row_of[row["pair_id"]]] = row.number("rating", *scale)
    return found
