"""The entries of the archive of scores on this machine: those of the package, then those in the user's folder."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.datasets.score_archive.facts import (
    FACTS_NAME,
    MOST_FILE_BYTES,
    MOST_TOTAL_BYTES,
    Facts,
    MetricFile,
    read_facts,
)
from bench.files.csvfile import CsvTable, quoted, read_csv, refuse_repeated
from bench.files.paths import path_problem
from bench.files.records import read_typed
from metrics.errors import DataError, UsageError, did_you_mean
from metrics.files import scores_folder, sha256_of_file

PACKAGED = Path(__file__).parent / "packaged"
ORIGIN_NAME = "pulled.json"
COLUMNS = ("pair_id", "score")

_NAME = re.compile(r"[A-Za-z0-9][\w.+-]{0,99}", re.ASCII)
REPO = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an entry was pulled from: ``pulled.json``, which is no part of the entry."""

    repo: str
    commit: str

    def __post_init__(self) -> None:
        """Raise `ValueError` unless it names a repository and a commit."""
        if not (REPO.fullmatch(self.repo) and COMMIT.fullmatch(self.commit)):
            raise ValueError("expected repo as OWNER/NAME, and commit as 40 digits of 0-9 and a-f")

    def __str__(self) -> str:
        return f"{self.repo}@{self.commit[:12]}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry.

    Attributes:
        name: of its folder, as in ``--scores-from``.
        folder: where it lies.
        facts: what its ``scores.json`` says.
        origin: where it was pulled from; None for those of the package, and those that were made here.
    """

    name: str
    folder: Path
    facts: Facts
    origin: Origin | None = None

    @property
    def is_packaged(self) -> bool:
        """Whether it comes with clap-bench."""
        return self.folder.parent == PACKAGED

    @property
    def place(self) -> str:
        """Where it came from, in words."""
        return "the package" if self.is_packaged else str(self.origin or "this machine")


def entry_names() -> list[str]:
    """Return the names of all entries, damaged ones too: the package's first, then the user's."""
    packaged = sorted(path.name for path in PACKAGED.iterdir() if (path / FACTS_NAME).is_file())
    own = scores_folder()
    users = sorted(path.parent.name for path in own.glob(f"*/{FACTS_NAME}") if not path.parent.name.startswith("."))
    return [*packaged, *(name for name in users if not is_packaged(name))]


def is_packaged(name: str) -> bool:
    """Say whether an entry of the package has this name, in any case: no other may have it."""
    return name.casefold() in {path.name.casefold() for path in PACKAGED.iterdir()}


def check_entry_name(name: str) -> None:
    """Raise `UsageError` unless an entry of the user's own may have this name."""
    if not _NAME.fullmatch(name) or path_problem(name):
        raise UsageError(
            f"scores cannot be called {name!r}; give --name with letters, digits and _ . + -, a letter or digit first"
        )
    if is_packaged(name):
        raise UsageError(f"scores called {name!r} come with clap-bench; give another --name")


def find_entry(name: str) -> Entry:
    """Return the entry of that name; its facts are read, its scores are not.

    Raises:
        UsageError: there is none.
        DataError: its ``scores.json`` is damaged.
    """
    if REPO.fullmatch(name.partition("@")[0]):
        raise UsageError(
            f"{name!r} is the address of a repository; give 'bench scores pull {name}', then the name that it has here"
        )
    known = entry_names()
    if name not in known:
        raise UsageError(
            f"unknown scores {name!r}{did_you_mean(name, known)} (known: {', '.join(known)}; 'bench scores pull' and "
            "'bench scores add' bring others)"
        )
    packaged = PACKAGED / name
    return read_entry(packaged if packaged.is_dir() else scores_folder() / name)


def read_entry(folder: Path) -> Entry:
    """Return the entry in a folder, by the folder's name; its scores are not read.

    Raises:
        DataError: its ``scores.json`` is missing or damaged.
    """
    return Entry(folder.name, folder, read_facts(folder), origin_of(folder))


def origin_of(folder: Path) -> Origin | None:
    """Return where the entry in a folder was pulled from; None if it was not.

    Raises:
        DataError: what was noted of it is damaged.
    """
    if not (folder / ORIGIN_NAME).is_file():
        return None
    origin: Origin = read_typed(folder / ORIGIN_NAME, Origin, f"remove {folder} and pull the scores again")
    return origin


def refuse_other_folder(folder: Path) -> None:
    """Raise `UsageError` if an entry would take the place of something that is none."""
    if os.path.lexists(folder) and not (folder / FACTS_NAME).is_file():
        raise UsageError(f"{folder} is there and holds no {FACTS_NAME}; give another --name, or move it away")


def entry_problems(entry: Entry) -> Iterator[str]:
    """Yield what is wrong with the files of an entry: links, files that nobody named, lying hashes, no scores."""
    yield from file_problems(entry)
    for one in (one for dataset in entry.facts.datasets for one in dataset.metrics):
        if _is_regular(entry.folder / one.file):  # or it was spoken of already
            try:
                read_scores(entry, one)
            except DataError as error:
                yield str(error)
    for name, sha256 in entry.facts.documents.items():
        path = entry.folder / name
        if _is_regular(path) and (found := sha256_of_file(path)) != sha256:
            yield f"{path}: has sha256 {found}, expected {sha256} as {FACTS_NAME} says"


def file_problems(entry: Entry) -> Iterator[str]:
    """Yield what can be wrong with an entry's files before one of them is opened."""
    named = {FACTS_NAME, ORIGIN_NAME, *entry.facts.files}
    n_bytes = 0
    for path in _everything_in(entry.folder):
        is_named = path.relative_to(entry.folder).as_posix() in named
        if path.is_symlink() or not (path.is_dir() or path.is_file()):
            yield f"{path}: is a link or a device, expected a file"
        elif path.is_file() and is_named:
            n_bytes += path.stat().st_size
        elif path.is_file() and not path.name.startswith("."):  # such as file managers leave behind
            yield f"{path}: is not named in {FACTS_NAME}; remove it, or name it there"
    if n_bytes > MOST_TOTAL_BYTES:
        yield f"{entry.folder}: holds {n_bytes:,} bytes, expected at most {MOST_TOTAL_BYTES:,}"
    missing = [name for name in entry.facts.files if not os.path.lexists(entry.folder / name)]
    yield from (f"{entry.folder / name}: is missing, but {FACTS_NAME} names it" for name in missing)


def _everything_in(folder: Path) -> Iterator[Path]:
    """Yield what lies under a folder, in the order of names; no link is followed."""
    for top, folders, files in os.walk(folder):
        folders.sort()
        yield from (Path(top) / name for name in (*folders, *sorted(files)))


def read_scores(entry: Entry, one: MetricFile) -> dict[str, float | None]:
    """Return the scores in a file by pair; None where the metric failed.

    Raises:
        DataError: the file is missing, a link, too large, not the one that ``scores.json`` names, or holds anything but
            pairs, each once, and finite numbers.
    """
    path = entry.folder / one.file
    if path.is_symlink() or path.parent.is_symlink():
        raise DataError(f"{path}: is a link, expected a file; {_remedy(entry)}")
    if not path.is_file():
        raise DataError(f"{path}: is missing, but {FACTS_NAME} names it; {_remedy(entry)}")
    if path.stat().st_size > MOST_FILE_BYTES:
        raise DataError(f"{path}: holds more than {MOST_FILE_BYTES:,} bytes, the most that is read; {_remedy(entry)}")
    table = read_csv(path, COLUMNS)
    if table.sha256 != one.sha256:
        raise DataError(
            f"{path}: has sha256 {table.sha256}, expected {one.sha256} as {FACTS_NAME} says; {_remedy(entry)}"
        )
    scores = _scores_of(table)
    n_scores = sum(score is not None for score in scores.values())
    if (len(scores), n_scores) != (one.n_pairs, one.n_scores):
        raise DataError(
            f"{path}: has {len(scores):,} pairs and {n_scores:,} scores, expected {one.n_pairs:,} and {one.n_scores:,} "
            f"as {FACTS_NAME} says; {_remedy(entry)}"
        )
    return scores


def _is_regular(path: Path) -> bool:
    return path.is_file() and not path.is_symlink() and not path.parent.is_symlink()


def _scores_of(table: CsvTable) -> dict[str, float | None]:
    if table.ignored:
        found, expected = quoted(table.ignored[0]), " and ".join(COLUMNS)
        raise DataError(f"{table.path}: found the column {found}, expected {expected} alone; remove it")
    refuse_repeated(table.rows, ("pair_id",))
    return {row.text("pair_id"): row.number("score") if row.get("score") else None for row in table.rows}


def _remedy(entry: Entry) -> str:
    if entry.is_packaged:
        return "install clap-bench again"
    if entry.origin:
        return f"'bench scores pull {entry.origin.repo}' brings it again"
    return f"'bench scores check {entry.folder}' says what else is wrong"
