"""Parquet files: rows in, tables out. Nothing is held but the rows asked for and one page of each column.

pyarrow is imported inside the functions: it takes a second, and the command line's help does without.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.files.csvfile import quoted
from metrics.errors import DataError, reason_of
from metrics.files import open_regular, replacing

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

Facts = Mapping[str, Any]
MOST_ROWS = 10**9
MOST_GROUP_BYTES = 2**30
"""Of one column, unpacked: what a row group may take in memory."""
LONGEST_FIELD_BYTES = 4 * csv.field_size_limit()
METADATA_KEY = b"clap_bench"
SEAL = "seal"


def columns(path: Path) -> list[str]:
    """Return the names of the columns.

    Raises:
        DataError: this is no Parquet file, or one that was cut off.
    """
    with _open(path) as file:
        return list(file.schema_arrow.names)


def count_rows(path: Path) -> int:
    """Return the number of rows, from the footer.

    Raises:
        DataError: there are more than `MOST_ROWS`.
    """
    with _open(path) as file:
        n_rows = int(file.metadata.num_rows)
    if n_rows > MOST_ROWS:
        raise DataError(f"{path}: {n_rows:,} rows, expected {MOST_ROWS:,} or fewer; write it as several files")
    return n_rows


def check_texts(path: Path, names: Sequence[str]) -> None:
    """See that the named columns can be read as text in bounded memory; only the footer is read.

    Raises:
        DataError: one holds structs, lists or maps, or a row group holds more than `MOST_GROUP_BYTES` of it.
    """
    import pyarrow as pa

    with _open(path) as file:
        for name in names:
            kind = file.schema_arrow.field(name).type
            if pa.types.is_nested(kind):
                raise DataError(
                    f"{path}: column {quoted(name)} holds {quoted(str(kind))}, expected text; write the text, or of "
                    "an Audio column the path, into a column of its own"
                )
        for group in range(file.metadata.num_row_groups):
            _check_group(path, file.metadata.row_group(group), group, names)


def read_rows(path: Path, names: Sequence[str], first: int, count: int) -> Iterator[tuple[str | None, ...]]:
    """Yield the rows ``first`` to ``first + count - 1``: the named columns (see `check_texts`) as text.

    Only the row groups that hold these rows are opened. Within its group a row is found by reading from the group's
    start, so groups of about a million rows or fewer are best.

    Raises:
        DataError: a page is damaged, or a text is not UTF-8, or longer than a field of a CSV file may be.
    """
    import pyarrow as pa

    with _open(path, names) as file:
        groups, skipped = _groups(file.metadata, first, count)
        try:
            for batch in file.iter_batches(batch_size=16_384, row_groups=groups, columns=list(names)):
                start = min(skipped, batch.num_rows)
                skipped -= start
                part = batch.slice(start, min(count, batch.num_rows - start))
                count -= part.num_rows
                yield from zip(*(_texts(path, name, part.column(name)) for name in names), strict=True)
                if not count:
                    return
        except (OSError, ValueError, pa.ArrowException) as error:
            raise DataError(
                f"{path} is damaged, or its texts are not UTF-8 ({reason_of(error)}); write it again"
            ) from error


def write_table(table: pa.Table, path: Path, facts: Facts) -> None:
    """Write a table whole or not at all, with ``facts`` and a seal over both in its metadata."""
    import pyarrow.parquet as pq

    sealed = {**facts, SEAL: seal_of(table, facts)}
    labelled = table.replace_schema_metadata({METADATA_KEY: json.dumps(sealed)})
    # pyarrow takes no name of a file that is not UTF-8.
    with replacing(path) as temporary, temporary.open("wb") as stream:
        pq.write_table(labelled, stream, compression="zstd", write_page_checksum=True)


def read_table(path: Path) -> tuple[Facts, pa.Table]:
    """Return what `write_table` was told, or no facts, and the table.

    Raises:
        DataError: this is no Parquet file, or it was cut off or changed since `write_table` wrote it.
    """
    import pyarrow as pa

    try:
        with _open(path, page_checksum_verification=True) as file:
            table = file.read()
        facts = json.loads((table.schema.metadata or {}).get(METADATA_KEY, b"{}"))
        # Files of older versions have no seal.
        whole = SEAL not in facts or facts.pop(SEAL) == seal_of(table, facts)
    except (OSError, ValueError, TypeError, AttributeError, KeyError, pa.ArrowException) as error:
        raise DataError(f"{path} is damaged ({reason_of(error)}); remove it to have it computed again") from error
    if not whole:
        raise DataError(f"{path} is not as it was written; remove it to have it computed again")
    return facts, table


def seal_of(table: pa.Table, facts: Facts) -> str:
    """Return a hash of facts and of every column's name, type and values.

    The checksums of Parquet's pages leave out their headers and the file's footer; this is of what is read back.
    """
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
    for name in table.column_names:
        column = table.column(name).combine_chunks()
        digest.update(json.dumps([name, str(column.type), len(column)]).encode())
        for part in _bytes_of(column):
            digest.update(part)
    return digest.hexdigest()


def _bytes_of(column: pa.Array) -> Iterator[bytes]:
    """Yield which values of a column are there, and the values; for texts, lengths first."""
    import pyarrow as pa
    import pyarrow.compute as pc

    yield column.is_valid().to_numpy(zero_copy_only=False).tobytes()
    if pa.types.is_string(column.type):
        texts = column.fill_null("")
        yield pc.binary_length(texts).to_numpy(zero_copy_only=False).tobytes()
        yield "".join(texts.to_pylist()).encode()
    else:
        yield column.fill_null(0).to_numpy(zero_copy_only=False).tobytes()


@contextmanager
def _open(
    path: Path, texts: Sequence[str] = (), *, page_checksum_verification: bool = False
) -> Iterator[pq.ParquetFile]:
    """Open a file; of the columns ``texts``, a text that many rows share is held once."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with ExitStack() as opened:
        try:
            file = pq.ParquetFile(
                opened.enter_context(open_regular(path)),
                read_dictionary=list(texts),
                page_checksum_verification=page_checksum_verification,
            )
        except (OSError, pa.ArrowException) as error:
            raise DataError(
                f"{path} is not a Parquet file, or was cut off ({type(error).__name__}); write it again"
            ) from error
        yield file


def _check_group(path: Path, group: pq.RowGroupMetaData, index: int, names: Sequence[str]) -> None:
    if group.total_byte_size <= MOST_GROUP_BYTES:  # of most files no more is asked: pyarrow aborts on a damaged column
        return
    for column in map(group.column, range(group.num_columns)):
        if column.path_in_schema in names and column.total_uncompressed_size > MOST_GROUP_BYTES:
            raise DataError(
                f"{path}: row group {index} holds {column.total_uncompressed_size:,} bytes of "
                f"{quoted(column.path_in_schema)}, expected {MOST_GROUP_BYTES:,} or fewer; write it with smaller row "
                "groups"
            )


def _texts(path: Path, name: str, column: pa.Array) -> list[str | None]:
    """Return a column as text, of which equal ones are one object where the file holds them once."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type):
        column.validate(full=True)  # of a damaged file, a number may be that of no text
        texts = _texts(path, name, column.dictionary)
        return [None if number is None else texts[number] for number in column.indices.to_pylist()]
    values = column.cast(pa.large_string())
    longest = pc.max(pc.binary_length(values)).as_py() or 0
    if longest > LONGEST_FIELD_BYTES:
        raise DataError(
            f"{path}: a text in column {quoted(name)} has {longest:,} bytes, expected {LONGEST_FIELD_BYTES:,} or "
            "fewer; cut it or remove its row"
        )
    found: list[str | None] = values.to_pylist()
    return found


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
