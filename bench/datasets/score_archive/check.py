"""What is wrong with a file of scores, or with an entry of the archive, in words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bench.datasets.score_archive.entries import entry_problems, read_entry
from bench.datasets.score_archive.load import scores_of
from bench.datasets.score_archive.pairs import Pairs
from bench.datasets.score_files import read_score_file, score_column, ways_of_naming
from bench.files.csvfile import CsvRow, quoted, read_csv
from metrics.errors import DataError, UsageError
from metrics.types import RemarkCallback, no_remark


def problems_of_folder(folder: Path) -> Iterator[str]:
    """Yield what is wrong with an entry: first its facts, then its files, then their content."""
    try:
        entry = read_entry(folder.resolve())
    except DataError as error:
        yield str(error)
        return
    yield from entry_problems(entry)


def problems_of_file(path: Path) -> Iterator[str]:
    """Yield what is wrong with a file for ``--scores``, whatever its data set: numbers, names that are empty or repeat.

    Names that differ in their spelling alone are two here.
    """
    try:
        score = score_column(path)
        table = read_csv(path, [score], spreadsheet=True)
        ways = ways_of_naming(path, score, (*table.columns, *table.ignored))
        names = [name for name in (ways[0].name, ways[0].text) if name]
        rows = read_csv(path, [score, *names], spreadsheet=True).rows
    except DataError as error:
        yield str(error)
        return
    lines: dict[tuple[str, ...], int] = {}
    for row in rows:
        yield from _problems_of_row(row, score, names)
        key = tuple(row[name] for name in names)
        first = lines.setdefault(key, row.line)
        if first != row.line:
            shown = quoted(" / ".join(key))
            yield str(row.error(f"{' and '.join(names)} {shown} is also on line {first}; keep one row a pair"))


def problems_on_dataset(path: Path, pairs: Pairs, remark: RemarkCallback = no_remark) -> Iterator[str]:
    """Yield why scores in a file, or in an entry's folder, cannot be those of a data set's pairs.

    Args:
        path: what nothing else is wrong with.
        pairs: of the data set.
        remark: told which rows would not be used.
    """
    try:
        if path.is_dir():
            scores_of(read_entry(path.resolve()), pairs.wanted, remark)
        else:
            read_score_file(path, pairs.frame, remark)
    except (DataError, UsageError) as error:
        yield str(error)


def _problems_of_row(row: CsvRow, score: str, names: list[str]) -> Iterator[str]:
    try:
        row.number(score)
        for name in names:
            row.text(name)
    except DataError as error:
        yield str(error)
