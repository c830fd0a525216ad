"""What the adapters of other people's data sets share: finding their files and their columns.

Their files lie where the user has put them: ``--data-root``, else a folder of the data set's name in the user's data
folder. Nothing of them is part of this project. Layouts are those that their publishers describe; where several
spellings of a column are in use, all are accepted.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from bench.datasets.adapters.assembly import PairFacts, RatedRow
from bench.datasets.entry import DatasetEntry, Presence
from bench.datasets.types import RatingScale
from bench.files.csvfile import CsvRow, CsvTable, read_csv
from metrics.errors import DataError, UnavailableError, UsageError, did_you_mean
from metrics.files import data_folder

Spellings = Mapping[str, Sequence[str]]
"""Names that a column has been seen under, by the name that the adapter uses."""

RECORDING = "real"
"""What listening tests of text-to-audio systems call the recording that a caption was written for."""
RELEVANCE, QUALITY = "relevance", "quality"
REL_DIMENSIONS = (RELEVANCE, QUALITY)
REL_COLUMNS: Spellings = {
    "system": ("Model", "model"),
    "file": ("File Name", "file_name", "Filename"),
    "text": ("Text", "text"),
}
REL_RATINGS: Spellings = {RELEVANCE: ("REL", "rel"), QUALITY: ("OVL", "ovl")}
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


def read_columns(path: Path, required: Spellings, optional: Spellings | None = None) -> CsvTable:
    """Read a CSV file whose columns may be spelt in several ways; rows have the adapter's own names.

    Args:
        path: the file.
        required, optional: the columns that must and that may be there.

    Raises:
        DataError: see `bench.files.csvfile.read_csv`.
    """
    seen = _header(path)
    must, may = (
        {next((spelt for spelt in names if spelt in seen), names[0]): name for name, names in spellings.items()}
        for spellings in (required, optional or {})
    )
    own = {**may, **must}
    table = read_csv(path, list(must), list(may))
    rows = tuple(CsvRow(row.path, row.line, {own[k]: v for k, v in row.fields.items()}) for row in table.rows)
    return CsvTable(path, table.sha256, rows, tuple(own[column] for column in table.columns), table.ignored)


def has_any_column(path: Path, names: Sequence[str]) -> bool:
    """Say whether a CSV file is there and its header has one of these columns."""
    return any(name in names for name in _header(path))


def read_rel(path: Path, dimension: str) -> CsvTable:
    """Read a file of `REL_COLUMNS` and `REL_RATINGS`, of which only the target must be there.

    Raises:
        DataError: see `bench.files.csvfile.read_csv`.
    """
    return read_columns(path, {**REL_COLUMNS, dimension: REL_RATINGS[dimension]}, REL_RATINGS)


def in_dimensions(
    row: CsvRow, dimension: str, dimensions: Iterable[str], scale: RatingScale
) -> tuple[float, dict[str, float]]:
    """Return the rating in the target dimension, and those in the others that the row has.

    Args:
        row: with a column of the name of each dimension.
        dimension: the target.
        dimensions: all of them.
        scale: of all ratings.

    Raises:
        DataError: a rating is not on the scale, or that in the target is missing.
    """
    others = (name for name in dimensions if name != dimension and row.get(name))
    target = row.number(dimension, scale.low, scale.high)
    return target, {name: row.number(name, scale.low, scale.high) for name in others}


def rel_row(row: CsvRow, scale: RatingScale, places: Iterable[Path], dimension: str) -> RatedRow:
    """Return a row of `read_rel`: the mean ratings of one system's clip for one caption.

    Args:
        row: as `read_columns` gives it.
        scale: of the ratings.
        places: folders in which the clip may lie, the likeliest first.
        dimension: the target.
    """
    system, name = row.text("system"), row.text("file").removesuffix(".wav")
    facts = PairFacts(
        pair_id=f"{system}/{name}",
        audio_path=first_existing(folder / f"{name}.wav" for folder in places),
        caption=row.text("text"),
        source="natural" if system == RECORDING else "synthesized",
        system=system,
        caption_id=None,
        split=None,
    )
    target, others = in_dimensions(row, dimension, REL_DIMENSIONS, scale)
    return RatedRow(facts, "", target, row, others)


def first_existing(paths: Iterable[Path]) -> Path:
    """Return the first path that exists, else the first of all: the one to name as missing."""
    listed = list(paths)
    return next((path for path in listed if _exists(path)), listed[0])


def read_lines(path: Path, separator: str, n_fields: Collection[int]) -> Iterator[CsvRow]:
    """Yield the rows of a list without a header; their fields are called ``0``, ``1`` ….

    Quotes around a field are taken off, as upstream's pandas does; a line whose quotes are not those of a table is
    taken as it stands. What is beyond the last field belongs to it.

    Args:
        path: the list.
        separator: between fields.
        n_fields: how many fields a line may have.

    Raises:
        DataError: not UTF-8, or a line with another number of fields.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read as UTF-8 text ({error}); fetch the file again") from error
    most = max(n_fields)
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        fields = _fields(line, separator)
        fields = [*fields[: most - 1], separator.join(fields[most - 1 :])] if len(fields) > most else fields
        if len(fields) not in n_fields:
            found = f"{path}, line {number}: {len(fields)} fields"
            expected = " or ".join(map(str, sorted(n_fields)))
            raise DataError(f"{found}, expected {expected} separated by {separator!r}; fetch the file again")
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


def _fields(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator, strict=True))
    except csv.Error:
        return line.split(separator)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name that no file can have: until Python 3.12 an error
        return False
