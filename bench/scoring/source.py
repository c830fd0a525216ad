"""The pairs to score: a CSV or Parquet file that is never held whole.

Columns: ``audio_path`` and ``text``, optionally ``system`` and ``pair_id``; others are ignored. A *shard* is a run of
consecutive rows; row numbers start at 0. A CSV file is read through once, to check every record and to note at which
byte each shard starts, so that any worker can go to any shard at once. Parquet files are read by row groups.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from bench.files.csv_text import explain, not_text, not_utf8
from bench.files.csvfile import check_header, check_width
from bench.scoring import parquet
from metrics.errors import DataError, UsageError

REQUIRED = ("audio_path", "text")
OPTIONAL = ("system", "pair_id")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Shard:
    """Consecutive rows of the file: ``offset`` is the byte at which they start in a CSV file, 0 for Parquet."""

    index: int
    first_row: int
    n_rows: int
    offset: int = 0


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One row as the file has it; an absent or empty system and pair_id is None."""

    audio_path: str
    text: str
    system: str | None = None
    pair_id: str | None = None


def find_shards(path: Path, size: int) -> tuple[Shard, ...]:
    """Check the file and divide it into shards of ``size`` rows; the last one may have fewer.

    Raises:
        UsageError: no such file, or neither CSV nor Parquet by its name.
        DataError: the file is broken, lacks a column, or has no rows.
    """
    n_rows, offsets = _layout(path, size)
    if not n_rows:
        raise DataError(f"{path}: no rows; add at least one, or check that the file was written whole")
    starts = range(0, n_rows, size)
    return tuple(
        Shard(index, start, min(size, n_rows - start), offsets[index] if offsets else 0)
        for index, start in enumerate(starts)
    )


def read_shard(path: Path, shard: Shard) -> list[SourceRow]:
    """Return the rows of one shard.

    Raises:
        DataError: the file was changed or cut since it was divided.
    """
    rows = list(_read_parquet(path, shard) if _is_parquet(path) else _read_csv(path, shard))
    if len(rows) != shard.n_rows:
        raise DataError(f"{path} was changed while it was being scored; choose another --out and start again")
    return rows


def _is_parquet(path: Path) -> bool:
    kind = path.suffix.lower()
    if not path.is_file():
        raise UsageError(f"{path}: no such file; give a CSV or Parquet file with the columns {', '.join(REQUIRED)}")
    if kind not in (".csv", ".parquet"):
        raise UsageError(f"{path}: expected a name that ends in .csv or .parquet")
    return kind == ".parquet"


def _layout(path: Path, size: int) -> tuple[int, list[int]]:
    """Return the number of rows and, for CSV, the byte at which each shard starts."""
    if _is_parquet(path):
        check_header(path, parquet.columns(path), REQUIRED)
        parquet.check_texts(path, list(_parquet_columns(path).values()))
        return parquet.count_rows(path), []
    with path.open("rb") as stream:
        columns = _header(path, stream)
        n_rows, offsets = 0, []
        for offset, line, fields in _records(path, stream, first_line=2):
            check_width(path, line, fields, len(columns))
            if n_rows % size == 0:
                offsets.append(offset)
            n_rows += 1
    return n_rows, offsets


def _read_csv(path: Path, shard: Shard) -> Iterator[SourceRow]:
    with path.open("rb") as stream:
        columns = _header(path, stream)
        place = {name: columns.index(name) for name in (*REQUIRED, *OPTIONAL) if name in columns}
        stream.seek(shard.offset)
        for _, _, fields in islice(_records(path, stream, shard.first_row), shard.n_rows):
            yield SourceRow(
                fields[place["audio_path"]],
                fields[place["text"]],
                (fields[place["system"]] or None) if "system" in place else None,
                (fields[place["pair_id"]] or None) if "pair_id" in place else None,
            )


def _read_parquet(path: Path, shard: Shard) -> Iterator[SourceRow]:
    columns = _parquet_columns(path)
    for values in parquet.read_rows(path, list(columns.values()), shard.first_row, shard.n_rows):
        row = dict(zip(columns, values, strict=True))
        yield SourceRow(row["audio_path"] or "", row["text"] or "", row.get("system") or None, row.get("pair_id"))


def _parquet_columns(path: Path) -> dict[str, str]:
    """Return the names that the columns of interest have in the file, white space around them included."""
    found = {name.strip(): name for name in parquet.columns(path)}
    return {name: found[name] for name in (*REQUIRED, *OPTIONAL) if name in found}


def _header(path: Path, stream: BinaryIO) -> list[str]:
    """Read the first record and leave the stream behind it."""
    _, _, fields = next(_records(path, stream, first_line=1), (0, 1, []))
    return check_header(path, list(fields), REQUIRED)


def _records(path: Path, stream: BinaryIO, first_line: int) -> Iterator[tuple[int, int, list[str]]]:
    """Yield (byte and line at which it starts, fields) of each record; empty lines are passed over."""
    position, line = stream.tell(), first_line

    def lines() -> Iterator[str]:
        nonlocal position, line
        while raw := stream.readline():
            text = _decode(path, line, raw.removeprefix(BYTE_ORDER_MARK) if position == 0 else raw)
            position += len(raw)
            line += 1
            yield text

    reader = csv.reader(lines(), strict=True)
    start = (position, line)
    try:
        for fields in reader:
            if fields:
                yield (*start, fields)
            start = (position, line)  # the reader takes no line beyond the record's
    except csv.Error as error:
        raise DataError(f"{path}, line {start[1]}: {explain(error)}") from error


def _decode(path: Path, line: int, raw: bytes) -> str:
    if b"\0" in raw:
        raise not_text(path, line)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise not_utf8(path, line, f"byte 0x{raw[error.start]:02x}") from error
