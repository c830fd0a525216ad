"""What sentinels know of the clips of a run, on disk: loudness and duration, measured once.

``sentinels.csv`` has a row a pair: ``pair_id,loudness_dbfs,duration_s,reason``. Where a clip could not be heard both
numbers are empty, and the reason says why. A run of which no clip could be heard has no such file. What else sentinels
know (system, source, caption) stands in ``scores.csv``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from bench.files.csvfile import CsvRow, read_csv, write_csv
from metrics.errors import DataError

SENTINELS_NAME = "sentinels.csv"
COLUMNS = ("pair_id", "loudness_dbfs", "duration_s", "reason")


@dataclass(frozen=True)
class ClipFacts:
    """What was measured of each pair's clip.

    Attributes:
        loudness_dbfs: root-mean-square level, dBFS; NaN where the clip could not be heard.
        duration_s: length, seconds; NaN where it could not be heard.
        reasons: why; empty where it was heard.
    """

    loudness_dbfs: Float[np.ndarray, " pairs"]
    duration_s: Float[np.ndarray, " pairs"]
    reasons: tuple[str, ...]

    @property
    def heard_any(self) -> bool:
        return not np.isnan(self.duration_s).all()

    def take(self, rows: Int[np.ndarray, " chosen"]) -> ClipFacts:
        """Return those of the pairs in ``rows``, in this order."""
        return ClipFacts(self.loudness_dbfs[rows], self.duration_s[rows], tuple(self.reasons[row] for row in rows))


def write_facts(facts: ClipFacts | None, pair_ids: Sequence[str], folder: Path) -> None:
    """Write ``sentinels.csv``; no file where nothing was measured."""
    if facts is None or not facts.heard_any:
        (folder / SENTINELS_NAME).unlink(missing_ok=True)
        return
    columns = (list(pair_ids), facts.loudness_dbfs, facts.duration_s, facts.reasons)
    write_csv(folder / SENTINELS_NAME, dict(zip(COLUMNS, columns, strict=True)))


def read_facts(folder: Path, pair_ids: Sequence[str]) -> ClipFacts | None:
    """Read what `write_facts` wrote; None where there is no such file.

    Raises:
        DataError: it is damaged, or has other pairs than ``scores.csv`` or in another order.
    """
    path = folder / SENTINELS_NAME
    if not path.exists():
        return None
    rows = read_csv(path, COLUMNS).rows
    if [row["pair_id"] for row in rows] != list(pair_ids):
        raise DataError(f"{path} has other pairs than scores.csv, or in another order; run 'bench run' again")
    return ClipFacts(
        np.array([_number(row, "loudness_dbfs") for row in rows]),
        np.array([_number(row, "duration_s") for row in rows]),
        tuple(row["reason"] for row in rows),
    )


def _number(row: CsvRow, column: str) -> float:
    return row.number(column) if row.get(column) else np.nan
