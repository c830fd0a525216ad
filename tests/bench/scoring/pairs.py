"""Files of pairs for the tests, and reading back what was scored."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from bench.scoring.job import ScoringRequest
from tests.metrics.clips import write_tone

SYSTEMS = ("alpha", "beta", "")
N_CLIPS = 6


def rows_of(n: int) -> list[tuple[str, str, str]]:
    """Return rows with captions that hold commas, quotes, line breaks and letters of several bytes."""
    hard = ('rain, then "thunder"', "a dog\nbarks twice", "ein Käuzchen ruft", "a bell")
    return [(f"{i % N_CLIPS}.wav", f"{hard[i % 4]} {i}", SYSTEMS[i % 3]) for i in range(n)]


def write_pairs(path: Path, rows: Sequence[Sequence[str]], columns: Sequence[str] = ("audio_path", "text", "system")):
    """Write a CSV or Parquet file, in row groups of 7."""
    if path.suffix == ".parquet":
        table = pa.table({name: [row[i] for row in rows] for i, name in enumerate(columns)})
        pq.write_table(table, path, row_group_size=7)
        return path
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([columns, *rows])
    return path


def write_clips(folder: Path) -> None:
    for i in range(N_CLIPS):
        write_tone(folder / f"{i}.wav", 0.3, seed=i)


def request_for(source: Path, out: Path, metrics: str = "random", size: int = 8, **settings: object) -> ScoringRequest:
    return ScoringRequest(source, tuple(metrics.split(",")), out, shard_size=size, **settings)  # type: ignore[arg-type]


def scores_of(out: Path) -> pa.Table:
    """Return all shards of a folder as one table, in their order."""
    return pa.concat_tables([pq.read_table(path) for path in sorted(out.glob("shard-*.parquet"))])
