"""Parquet files: rows in, tables out. Nothing is held but the rows asked for and one page of each column.

pyarrow is imported inside the functions: it takes a second, and the command line's help does without.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metrics.errors import DataError
from metrics.files import open_regular, replacing

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

METADATA_KEY = b"clap_bench"


def columns(path: Path) -> list[str]:
    """Return the names of the columns.

    Raises:
        DataError: this is no Parquet file, or one that was cut off.
    """
    with _open(path) as file:
        return list(file.schema_arrow.names)


def count_rows(path: Path) -> int:
    """Return the number of rows, from the footer."""
    with _open(path) as file:
        return int(file.metadata.num_rows)


def read_rows(path: Path, names: Sequence[str], first: int, count: int) -> Iterator[tuple[str | None, ...]]:
    """Yield the rows ``first`` to ``first + count - 1``: the named columns as text.

    Only the row groups that hold these rows are opened. Within its group a row is found by reading from the group's
    start, so groups of about a million rows or fewer are best.
    """
    import pyarrow as pa

    with _open(path) as file:
        groups, skipped = _groups(file.metadata, first, count)
        for batch in file.iter_batches(batch_size=16_384, row_groups=groups, columns=list(names)):
            start = min(skipped, batch.num_rows)
            skipped -= start
            part = batch.slice(start, min(count, batch.num_rows - start))
            count -= part.num_rows
            yield from zip(*(part.column(name).cast(pa.string()).to_pylist() for name in names), strict=True)
            if not count:
                return


def write_table(table: pa.Table, path: Path, facts: Mapping[str, Any]) -> None:
    """Write a table whole or not at all, with ``facts`` in its metadata."""
    import pyarrow.parquet as pq

    labelled = table.replace_schema_metadata({METADATA_KEY: json.dumps(facts)})
    # pyarrow takes no name of a file that is not UTF-8.
    with replacing(path) as temporary, temporary.open("wb") as stream:
        pq.write_table(labelled, stream, compression="zstd")


def read_table(path: Path) -> pa.Table:
    """Return a whole table.

    Raises:
        DataError: this is no Parquet file, or one that was cut off.
    """
    with _open(path) as file:
        return file.read()


def read_facts(path: Path) -> tuple[Mapping[str, Any], int]:
    """Return what `write_table` was told, or nothing, and the number of rows; only the footer is read.

    Raises:
        DataError: this is no Parquet file, or one that was cut off.
    """
    with _open(path) as file:
        raw = (file.schema_arrow.metadata or {}).get(METADATA_KEY, b"{}")
        return json.loads(raw), int(file.metadata.num_rows)


@contextmanager
def _open(path: Path) -> Iterator[pq.ParquetFile]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with ExitStack() as opened:
        try:
            file = pq.ParquetFile(opened.enter_context(open_regular(path)))
        except (OSError, pa.ArrowException) as error:
            raise DataError(
                f"{path} is not a Parquet file, or was cut off ({type(error).__name__}); write it again"
            ) from error
        yield file


def _groups(metadata: pq.FileMetaData, first: int, count: int) -> tuple[list[int], int]:
    """Return the row groups that hold the rows, and how many rows of the first of them come before."""
    groups: list[int] = []
    before, start = 0, 0
    for group in range(metadata.num_row_groups):
        stop = start + metadata.row_group(group).num_rows
        if start < first + count and stop > first:
            before = first - start if not groups else before
            groups.append(group)
        start = stop
    return groups, before
