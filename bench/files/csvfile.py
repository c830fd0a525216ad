"""CSV files: written here and read here, the user's own too, and strictly.

Files are UTF-8 (a byte order mark is accepted), comma-separated, with a header; text that holds commas or quotes is
quoted as in RFC 4180. Every record has as many fields as the header. Columns that nobody asked for are kept apart and
can be reported. Line numbers are those that a text editor shows, so that an error can be found; every error is one
line that names the file, the line, what was found, what was expected and what to do.
"""

from __future__ import annotations

import csv
import hashlib
import io
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.files.csv_text import decode, explain, read_bytes
from metrics.errors import DataError, closest
from metrics.files import write_text

LONGEST_FIELD = csv.field_size_limit()
_NO_TEXT = re.compile("[\0\ud800-\udfff]")
_LONGEST_QUOTE = 60  # characters of a user's value that an error message repeats


@dataclass(frozen=True, slots=True)
class CsvRow:
    """One record: ``line`` is where it starts in its file (1 is the header), ``fields`` maps column to text."""

    path: Path
    line: int
    fields: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.fields[column]

    def get(self, column: str) -> str | None:
        """Return the text in ``column``, or None where the file has no such column or the field is empty."""
        return self.fields.get(column) or None

    def error(self, problem: str) -> DataError:
        """Return an error (to be raised) that says where in the file ``problem`` was found."""
        return DataError(f"{self.path}, line {self.line}: {problem}")

    def text(self, column: str) -> str:
        """Return the text in ``column``.

        Raises:
            DataError: the field is empty or blank.
        """
        if not self.fields[column].strip():
            raise self.error(f"{column} is empty; fill it in or remove the row")
        return self.fields[column]

    def number(self, column: str, low: float = -math.inf, high: float = math.inf) -> float:
        """Return the finite number in ``column``.

        Raises:
            DataError: not a number, NaN or infinite, or outside ``[low, high]``.
        """
        value = _parse_number(self.fields[column])
        if value is None:
            raise self.error(f"{column} is {quoted(self.fields[column])}, expected a number; correct or remove the row")
        if not math.isfinite(value):
            raise self.error(
                f"{column} is {quoted(self.fields[column])}, expected a finite number; remove the row if there is none"
            )
        if not low <= value <= high:
            raise self.error(f"{column} is {value:g}, expected {low:g} to {high:g}; correct the row or name its scale")
        return value


@dataclass(frozen=True, slots=True)
class CsvTable:
    """A file that was read completely.

    Attributes:
        path: as the caller gave it.
        sha256: of the bytes that were read.
        rows: in the order of the file.
        columns: the required and optional columns that the file has.
        ignored: its other columns.
    """

    path: Path
    sha256: str
    rows: tuple[CsvRow, ...]
    columns: tuple[str, ...]
    ignored: tuple[str, ...] = ()


def write_csv(path: Path, columns: Mapping[str, Iterable[object]]) -> None:
    """Write a table, whole or not at all, so that `read_csv` gives every text and every float64 back.

    Args:
        path: the file.
        columns: values by name, equally many; None and NaN become empty fields.

    Raises:
        DataError: a text holds what no CSV file can, see `check_text`.
    """
    write_text(path, csv_text(columns, str(path)))


def csv_text(columns: Mapping[str, Iterable[object]], where: str = "table") -> str:
    """Return what `write_csv` writes; ``where`` names the table in errors."""
    buffer = io.StringIO()
    writer = csv_writer(buffer)
    writer.writerow(columns)
    cells = [[_cell(value) for value in values] for values in columns.values()]
    for name, values in zip(columns, cells, strict=True):
        check_text(f"{where}, column {name!r}", (value for value in values if isinstance(value, str)))
    writer.writerows(zip(*cells, strict=True))
    return buffer.getvalue()


def csv_writer(stream: io.TextIOBase) -> Any:
    """Return a writer of the standard library that ends lines by ``\\n`` and quotes a lone carriage return too.

    Before Python 3.13 it quotes no other line ends than those it writes itself, and readers take all for line ends.
    """
    return csv.writer(_LineEnds(stream), lineterminator="\r\n")


def check_text(where: str, values: Iterable[str]) -> None:
    """Raise `DataError` if one of ``values`` holds a NUL, half a character (a surrogate), or more than a field may."""
    for value in values:
        if _NO_TEXT.search(value):
            raise DataError(
                f"{where}: {quoted(value)} holds a NUL or half a character, which no CSV file can; remove it"
            )
        if len(value) > LONGEST_FIELD:
            raise DataError(
                f"{where}: a text of {len(value):,} characters, expected {LONGEST_FIELD:,} or fewer; give a shorter one"
            )


def read_csv(
    path: Path, required: Sequence[str], optional: Sequence[str] = (), *, empty: bool = False, spreadsheet: bool = False
) -> CsvTable:
    """Read a CSV file whole.

    Args:
        path: the file.
        required: columns that must be there, in any order.
        optional: columns that may be there; all others are left out of the rows and named in ``ignored``.
        empty: whether a header without rows will do.
        spreadsheet: whether to pass over rows of nothing but empty fields at the end, as spreadsheets leave behind.

    Raises:
        UsageError: there is no such file.
        DataError: it cannot be read, is empty, is not UTF-8, lacks a column, has a column twice, or has a record that
            is cut off, wrongly quoted, or longer or shorter than the header.
    """
    content = read_bytes(path)
    records = _records(path, decode(path, content))
    _, header = next(records, (1, []))
    columns = check_header(path, header, required)
    wanted = {name: columns.index(name) for name in columns if name in {*required, *optional}}
    kept = _without_empty_end(records) if spreadsheet else records
    rows = tuple(_rows(path, kept, len(columns), wanted))
    if not rows and not empty:
        raise DataError(f"{path}: no rows below the header; add at least one, or check that the file was written whole")
    ignored = tuple(name for name in columns if name and name not in wanted)
    return CsvTable(path, hashlib.sha256(content).hexdigest(), rows, tuple(wanted), ignored)


def refuse_repeated(rows: Iterable[CsvRow], columns: Sequence[str]) -> None:
    """Raise `DataError` if two rows hold the same in all of ``columns``."""
    lines: dict[tuple[str, ...], int] = {}
    for row in rows:
        key = tuple(row[name] for name in columns)
        first = lines.setdefault(key, row.line)
        if first != row.line:
            named = ", ".join(f"{name} {quoted(value)}" for name, value in zip(columns, key, strict=True))
            raise row.error(f"{named} is also on line {first}; remove one of the rows")


def quoted(value: str) -> str:
    """Return a user's value for an error message: in quotes, on one line, cut where it is long."""
    shown = value if len(value) <= _LONGEST_QUOTE else value[:_LONGEST_QUOTE] + "…"
    return repr(shown)


def check_header(path: Path, header: list[str], required: Sequence[str]) -> list[str]:
    """Return the names of a table's columns without white space around them.

    Raises:
        DataError: there are none, a required one is missing, or one appears twice.
    """
    columns = [name.strip() for name in header]
    if not any(columns):
        raise DataError(f"{path}: is empty, expected a header with the columns {', '.join(required)}; write it again")
    if columns[0].lower().startswith("sep="):
        raise DataError(
            f"{path}: the first line is {quoted(','.join(header))}, which only Excel understands; remove it, and save "
            "the file with commas"
        )
    missing = next((name for name in required if name not in columns), None)
    if missing:
        raise DataError(f"{path}: no column {missing!r} ({_found(columns)}); {_renaming(missing, columns, required)}")
    # Unnamed columns may repeat: spreadsheets leave them behind.
    repeated = sorted({name for name in columns if name and columns.count(name) > 1})
    if repeated:
        raise DataError(f"{path}: column {quoted(repeated[0])} appears more than once; remove or rename one of them")
    return columns


class _LineEnds:
    """Passes records on with ``\\n`` in place of the ``\\r\\n`` that ends each; inside of them nothing changes."""

    def __init__(self, stream: io.TextIOBase) -> None:
        self._stream = stream

    def write(self, record: str) -> None:
        self._stream.write(record.removesuffix("\r\n") + "\n")


def _cell(value: Any) -> Any:
    number = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(number, float) and math.isnan(number) else number


def _records(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (line at which it starts, fields) of each record; empty lines are passed over."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    start = 1
    try:
        for record in reader:
            if record:
                yield start, record
            start = reader.line_num + 1
    except csv.Error as error:
        raise DataError(f"{path}, line {start}: {explain(error)}") from error


def _found(columns: list[str]) -> str:
    for separator in (";", "\t"):
        if len(columns) == 1 and separator in columns[0]:
            return f"its fields seem to be separated by {separator!r}: save it with commas"
    found = ", ".join(quoted(column) for column in columns)
    return f"found {found if len(found) <= 3 * _LONGEST_QUOTE else found[: 3 * _LONGEST_QUOTE] + '…'}"


def _renaming(name: str, columns: Sequence[str], required: Sequence[str]) -> str:
    spare = closest(name, [column for column in columns if column not in required])
    meant = f"rename {quoted(spare)}, if that is it, to {name!r}" if spare else "add or rename it"
    return f"{meant}: expected {', '.join(required)}"


def _without_empty_end(records: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    empty: list[tuple[int, list[str]]] = []
    for line, record in records:
        empty.append((line, record))
        if any(field.strip() for field in record):
            yield from empty
            empty.clear()


def _rows(
    path: Path, records: Iterator[tuple[int, list[str]]], n_columns: int, wanted: dict[str, int]
) -> Iterator[CsvRow]:
    for line, record in records:
        check_width(path, line, record, n_columns)
        yield CsvRow(path, line, {name: record[index] for name, index in wanted.items()})


def _parse_number(text: str) -> float | None:
    # float() also reads "1_000", which no other tool takes for a thousand.
    if "_" in text:
        return None
    try:
        return float(text)
    except ValueError:
        return None


def check_width(path: Path, line: int, record: Sequence[str], n_columns: int) -> None:
    """Raise `DataError` unless a record has as many fields as the header."""
    if len(record) != n_columns:
        raise DataError(
            f"{path}, line {line}: {len(record)} fields, expected {n_columns} as in the header; "
            "write it again: it may be cut off, or a text that holds a comma may lack its quotes"
        )
