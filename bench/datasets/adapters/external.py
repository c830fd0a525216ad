"""What the adapters of other people's data sets share: finding their files and their columns.

Their files lie where the user has put them: ``--data-root``, else a folder of the data set's name in the user's data
folder. Nothing of them is part of this project. Layouts are those that their publishers describe; where several
spellings of a column are in use, all are accepted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bench.datasets.entry import DatasetEntry, Presence
from bench.files.csvfile import CsvRow, CsvTable, read_csv
from metrics.errors import DataError, UnavailableError, UsageError, did_you_mean
from metrics.files import data_folder

Spellings = Mapping[str, Sequence[str]]
"""Names that a column has been seen under, by the name that the adapter uses."""

ONLY_MEANS = "Only mean ratings are published: how many listeners each mean has, and so its noise, is unknown."


def set_folder(name: str, root: Path | None) -> Path:
    """Return ``root``, else the folder of the data set in the user's data folder."""
    return root if root is not None else data_folder() / name


def find_set(entry: DatasetEntry, root: Path | None) -> Presence:
    """Say what of another's data set is in ``root``, or where its files belong."""
    folder = set_folder(entry.family, root)
    ratings = any((folder / name).exists() for name in entry.ratings)
    return Presence(folder, ratings, next(folder.rglob("*.wav"), None) is not None)


def refuse_unknown_split(name: str, split: str, known: Sequence[str]) -> None:
    """Raise `UsageError` unless a data set has the split."""
    if split not in known:
        raise UsageError(f"{name} has no split {split!r}{did_you_mean(split, known)} (known: {', '.join(known)})")


def refuse_missing(path: Path, how_to_get: str) -> None:
    """Raise `UnavailableError` unless ``path`` exists."""
    if not path.exists():
        raise UnavailableError(f"{path}: no such file; {how_to_get} or name the folder of a copy with --data-root")


def read_columns(path: Path, required: Spellings) -> CsvTable:
    """Read a CSV file whose columns may be spelt in several ways; rows have the adapter's own names.

    Raises:
        DataError: see `bench.files.csvfile.read_csv`.
    """
    seen = _header(path)
    own = {next((spelt for spelt in names if spelt in seen), names[0]): name for name, names in required.items()}
    table = read_csv(path, list(own))
    rows = tuple(CsvRow(row.path, row.line, {own[k]: v for k, v in row.fields.items()}) for row in table.rows)
    return CsvTable(path, table.sha256, rows, tuple(own[column] for column in table.columns), table.ignored)


def has_any_column(path: Path, names: Sequence[str]) -> bool:
    """Say whether a CSV file is there and its header has one of these columns."""
    return any(name in names for name in _header(path))


def read_lines(path: Path, separator: str, n_fields: int) -> Iterator[CsvRow]:
    """Yield the rows of a list without a header; their fields are called ``0``, ``1`` ….

    Raises:
        DataError: not UTF-8, or a line with fewer fields.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read as UTF-8 text ({error}); fetch the file again") from error
    for number, line in enumerate(lines, start=1):
        fields = line.split(separator, n_fields - 1)
        if line.strip() and len(fields) < n_fields:
            found = f"{path}, line {number}: {len(fields)} fields"
            raise DataError(f"{found}, expected {n_fields} separated by {separator!r}; fetch the file again")
        if line.strip():
            yield CsvRow(path, number, {str(k): field.strip() for k, field in enumerate(fields)})


def hash_of(*paths: Path) -> str:
    """Return the SHA-256 of files one after the other."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _header(path: Path) -> list[str]:
    try:
        with path.open(encoding="utf-8-sig") as stream:
            return [name.strip().strip('"') for name in stream.readline().split(",")]
    except (OSError, UnicodeDecodeError):
        return []  # `read_csv` says what is wrong
