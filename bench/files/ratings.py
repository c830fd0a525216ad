"""Single ratings of a run's pairs, on disk: what noise ceilings and evenness are computed from.

``ratings.csv`` has a row a rating: ``pair_id,listener_id,score``, on the data set's scale, after screening. Data sets
that give only means have none; then whatever needs single ratings is left out of the report, with the reason.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float, Int

from bench.files.csvfile import read_csv, refuse_repeated, write_csv

RATINGS_NAME = "ratings.csv"
COLUMNS = ("pair_id", "listener_id", "score")


@dataclass(frozen=True)
class RatingTable:
    """Ratings as arrays.

    Attributes:
        scores: on the data set's scale.
        pair: for each rating the row of its pair in the score table.
        listener: for each rating a number that stands for its listener.
    """

    scores: Float[np.ndarray, " ratings"]
    pair: Int[np.ndarray, " ratings"]
    listener: Int[np.ndarray, " ratings"]

    def of_pairs(self, rows: Int[np.ndarray, " chosen"], n_pairs: int) -> RatingTable:
        """Return the ratings of the pairs in ``rows`` (out of ``n_pairs``), renumbered in the order of ``rows``."""
        new_row = np.full(n_pairs, -1)
        new_row[rows] = np.arange(len(rows))
        kept = new_row[self.pair] >= 0
        return RatingTable(self.scores[kept], new_row[self.pair[kept]], self.listener[kept])


def write_ratings(ratings: Iterable[tuple[str, str, float]], folder: Path) -> None:
    """Write ``ratings.csv`` from (pair_id, listener_id, score); no file where there are no ratings."""
    columns = list(zip(*ratings, strict=True))
    if columns:
        write_csv(folder / RATINGS_NAME, dict(zip(COLUMNS, columns, strict=True)))


def read_ratings(
    folder: Path, pair_ids: Sequence[str], scale: tuple[float, float] = (-math.inf, math.inf)
) -> RatingTable | None:
    """Read ``ratings.csv``; None where a run has none.

    Args:
        folder: of the run.
        pair_ids: of its pairs.
        scale: lowest and highest rating.

    Raises:
        DataError: it is damaged, names a pair that the run does not have, or has a rating off the scale or two of one
            pair by one listener.
    """
    path = folder / RATINGS_NAME
    if not path.exists():
        return None
    rows = read_csv(path, COLUMNS).rows
    row_of = {pair_id: row for row, pair_id in enumerate(pair_ids)}
    foreign = next((row for row in rows if row["pair_id"] not in row_of), None)
    if foreign is not None:
        raise foreign.error(f"pair {foreign['pair_id']!r} is not in scores.csv; run 'bench run' again")
    refuse_repeated(rows, ("pair_id", "listener_id"))
    return RatingTable(
        scores=np.array([row.number("score", *scale) for row in rows]),
        pair=np.array([row_of[row["pair_id"]] for row in rows]),
        listener=pd.factorize(np.array([row["listener_id"] for row in rows], dtype=object))[0],
    )
