"""Mean ratings of a run's pairs by something else than the run's own, on disk: a row a name and pair.

``NAME_OF_COLUMN,pair_id,rating``, on the data set's scale; a pair that has no such mean has no row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float

from bench.files.csvfile import read_csv, refuse_repeated, write_csv

Means = Mapping[str, Float[np.ndarray, " pairs"]]
"""The mean rating of each row of a score table, NaN where there is none, by name."""


def write_means(path: Path, column: str, ratings: Mapping[str, Mapping[str, float]]) -> None:
    """Write mean ratings by pair_id, by the name that stands in ``column``; no file where there are none."""
    rows = [(name, pair, rating) for name, means in ratings.items() for pair, rating in means.items()]
    if rows:
        write_csv(path, dict(zip((column, "pair_id", "rating"), zip(*rows, strict=True), strict=True)))


def read_means(
    path: Path, column: str, pair_ids: Sequence[str], scale: tuple[float, float]
) -> dict[str, Float[np.ndarray, " pairs"]]:
    """Read what `write_means` wrote; nothing where there is no such file.

    Args:
        path: the file.
        column: the one that holds names.
        pair_ids: of the run's pairs.
        scale: lowest and highest rating.

    Raises:
        DataError: it is damaged, names a pair that the run does not have or one pair twice, or has a rating off the
            scale.
    """
    if not path.exists():
        return {}
    rows = read_csv(path, (column, "pair_id", "rating")).rows
    refuse_repeated(rows, (column, "pair_id"))
    row_of = {pair_id: row for row, pair_id in enumerate(pair_ids)}
    found: dict[str, np.ndarray] = {}
    for row in rows:
        if row["pair_id"] not in row_of:
            raise row.error(f"pair {row['pair_id']!r} is not in scores.csv; run 'bench run' again")
        means = found.setdefault(row[column], np.full(len(pair_ids), np.nan))
        means[row_of[row["pair_id"]]] = row.number("rating", *scale)
    return found
