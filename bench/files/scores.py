"""The score table: for each pair what listeners said and what each metric said, failures explicit.

``scores.csv`` is the one file that statistics and reports are recomputed from: one row a pair, first what is known
of the pair, then one column a metric. An empty cell is a score that failed; ``failures.csv`` says why. Numbers are
written with the fewest digits that give the same float64 back.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int

from bench.files.csvfile import CsvRow, check_text, quoted, read_csv, refuse_repeated, write_csv
from bench.files.metric_names import PAIR_COLUMNS
from metrics.errors import DataError, UsageError
from metrics.types import ScoreFailure

TEXT_COLUMNS = PAIR_COLUMNS[:-2]
UNKNOWN_IS_NONE = ("source", "system", "split")
SCORES_NAME = "scores.csv"
COSINES_NAME = "cosines.csv"
MOST_RATINGS = 10**9
FAILURES_NAME = "failures.csv"
FAILURE_COLUMNS = ("pair_id", "metric", "reason")


@dataclass(frozen=True)
class ScoreTable:
    """Pairs and their scores.

    Attributes:
        pairs: a row a pair with the columns `PAIR_COLUMNS`; unknown source, system and split are None.
        scores: by metric, one a pair in the order of the rows; NaN where the metric failed.
        cosines: raw cosines by metric, for the metrics that have them.
        failures: by metric.
    """

    pairs: pd.DataFrame
    scores: Mapping[str, Float[np.ndarray, " pairs"]]
    cosines: Mapping[str, Float[np.ndarray, " pairs"]] = field(default_factory=dict)
    failures: Mapping[str, tuple[ScoreFailure, ...]] = field(default_factory=dict)

    @property
    def metrics(self) -> list[str]:
        return list(self.scores)

    @property
    def n_failures(self) -> int:
        return sum(len(failures) for failures in self.failures.values())

    def scored_by_all(self) -> Bool[np.ndarray, " pairs"]:
        """Mask of the pairs that every metric scored: metrics are compared on these and no others."""
        mask = np.ones(len(self.pairs), dtype=bool)
        for values in self.scores.values():
            mask &= ~np.isnan(values)
        return mask

    def unscored(self) -> list[str]:
        """Return the metrics that scored no pair at all."""
        return [metric for metric, values in self.scores.items() if np.isnan(values).all()]

    def where(self, rows: pd.Series) -> ScoreTable:
        """Return the table with the rows that a mask chooses; failures stay as they are."""
        return self.take(np.flatnonzero(rows.to_numpy(dtype=bool)))

    def take(self, indices: Int[np.ndarray, " rows"]) -> ScoreTable:
        """Return the table with these rows, in this order; failures stay as they are."""
        return replace(
            self,
            pairs=self.pairs.iloc[indices].reset_index(drop=True),
            scores={name: values[indices] for name, values in self.scores.items()},
            cosines={name: values[indices] for name, values in self.cosines.items()},
        )

    def without(self, metrics: Collection[str]) -> ScoreTable:
        """Return the table with the columns of ``metrics`` left out."""
        return replace(
            self,
            scores={name: values for name, values in self.scores.items() if name not in metrics},
            cosines={name: values for name, values in self.cosines.items() if name not in metrics},
            failures={name: failures for name, failures in self.failures.items() if name not in metrics},
        )


def make_pairs_frame(columns: Mapping[str, Sequence[object]]) -> pd.DataFrame:
    """Return the frame of `ScoreTable.pairs` from one sequence for each of `PAIR_COLUMNS`.

    Raises:
        DataError: a text cannot be written to ``scores.csv``; see `bench.files.csvfile.check_text`.
    """
    known = {name: [value or None for value in columns[name]] for name in UNKNOWN_IS_NONE}
    for name in TEXT_COLUMNS:
        check_text(name, (value for value in {**columns, **known}[name] if isinstance(value, str)))
    # As object, None stays None under every pandas; pandas 3 would infer strings and turn it into NaN.
    frame: pd.DataFrame = pd.DataFrame(
        {name: pd.Series({**columns, **known}[name], dtype=object) for name in PAIR_COLUMNS}
    )
    numbers: pd.DataFrame = frame.astype({"rating": np.float64, "n_ratings": np.int64})
    return numbers


def parse_score_files(scores: Sequence[str]) -> dict[str, Path]:
    """Split each ``NAME=FILE.csv``.

    Raises:
        UsageError: no name, no file, or a name given twice.
    """
    files: dict[str, Path] = {}
    for item in scores:
        name, equals, path = item.partition("=")
        if not (name and equals and path):
            raise UsageError(f"--scores {item!r} is not NAME=FILE.csv; write e.g. --scores mymetric=scores.csv")
        if name in files:
            raise UsageError(f"--scores names {name!r} twice; give each file its own name")
        files[name] = Path(path)
    return files


def write_table(table: ScoreTable, folder: Path) -> None:
    """Write ``scores.csv``, ``cosines.csv`` and ``failures.csv``, each whole or not at all."""
    pairs = {name: table.pairs[name].tolist() for name in PAIR_COLUMNS}
    write_csv(folder / SCORES_NAME, {**pairs, **table.scores})
    write_csv(folder / COSINES_NAME, {"pair_id": pairs["pair_id"], **table.cosines})
    failures = [(f.pair_id, metric, f.reason) for metric, failed in table.failures.items() for f in failed]
    columns = list(zip(*failures, strict=True)) or [()] * len(FAILURE_COLUMNS)
    write_csv(folder / FAILURES_NAME, dict(zip(FAILURE_COLUMNS, columns, strict=True)))


def read_table(folder: Path, scale: tuple[float, float] = (-math.inf, math.inf)) -> ScoreTable:
    """Read what `write_table` wrote.

    Args:
        folder: where it is.
        scale: lowest and highest rating.

    Raises:
        DataError: ``scores.csv`` is missing, damaged, has no metric, a pair twice or a rating off the scale, or
            ``cosines.csv`` or ``failures.csv`` has other pairs or metrics.
    """
    path = folder / SCORES_NAME
    if not path.exists():
        raise DataError(f"{folder} has no {SCORES_NAME}; give the folder of a finished 'bench run'")
    header = read_csv(path, PAIR_COLUMNS)
    metrics = list(header.ignored)
    if not metrics:
        raise DataError(f"{path} has no metric columns behind {PAIR_COLUMNS[-1]!r}; run 'bench run' again")
    table = read_csv(path, PAIR_COLUMNS, metrics)
    refuse_repeated(table.rows, ("pair_id",))
    pairs = _pairs_frame_from(table.rows, scale)
    return ScoreTable(
        pairs=pairs,
        scores={metric: _column(table.rows, metric) for metric in metrics},
        cosines=_read_cosines(folder / COSINES_NAME, list(pairs["pair_id"]), metrics),
        failures=_read_failures(folder / FAILURES_NAME, set(pairs["pair_id"]), metrics),
    )


def _pairs_frame_from(rows: Sequence[CsvRow], scale: tuple[float, float]) -> pd.DataFrame:
    columns: dict[str, list[object]] = {name: [row[name] for row in rows] for name in PAIR_COLUMNS}
    columns["rating"] = [row.number("rating", *scale) for row in rows]
    columns["n_ratings"] = [_count(row) for row in rows]
    return make_pairs_frame(columns)


def _count(row: CsvRow) -> int:
    number = row.number("n_ratings")
    if not (number == int(number) and 0 <= number <= MOST_RATINGS):
        raise row.error(f"n_ratings is {number:g}, expected a whole number from 0; run 'bench run' again")
    return int(number)


def _column(rows: Sequence[CsvRow], metric: str) -> Float[np.ndarray, " pairs"]:
    return np.array([row.number(metric) if row.get(metric) else np.nan for row in rows], dtype=np.float64)


def _read_cosines(
    path: Path, pair_ids: Sequence[str], known: Collection[str]
) -> dict[str, Float[np.ndarray, " pairs"]]:
    if not path.exists():
        return {}
    metrics = list(read_csv(path, ["pair_id"]).ignored)
    foreign = next((metric for metric in metrics if metric not in known), None)
    if foreign is not None:
        raise DataError(f"{path} has a column {quoted(foreign)}, no metric of {SCORES_NAME}; run 'bench run' again")
    rows = read_csv(path, ["pair_id"], metrics).rows
    if [row["pair_id"] for row in rows] != pair_ids:
        raise DataError(f"{path} has other pairs than {SCORES_NAME}, or in another order; run 'bench run' again")
    return {metric: _column(rows, metric) for metric in metrics}


def _read_failures(
    path: Path, pair_ids: Collection[str], metrics: Sequence[str]
) -> dict[str, tuple[ScoreFailure, ...]]:
    failures: dict[str, list[ScoreFailure]] = {metric: [] for metric in metrics}
    rows = read_csv(path, FAILURE_COLUMNS, empty=True).rows if path.exists() else ()
    for row in rows:
        pair_id, metric = row["pair_id"], row["metric"]
        if pair_id not in pair_ids:
            raise row.error(f"pair_id {quoted(pair_id)} is not in {SCORES_NAME}; run 'bench run' again")
        if metric not in failures:
            raise row.error(f"metric {quoted(metric)} is not in {SCORES_NAME}; run 'bench run' again")
        failures[metric].append(ScoreFailure(pair_id, row["reason"]))
    return {metric: tuple(failed) for metric, failed in failures.items()}
