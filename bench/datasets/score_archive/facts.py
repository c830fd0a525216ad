"""The facts of an entry of the archive of scores: ``scores.json``, beside the files that it names.

An entry is a folder. ``scores.json`` names each of its files with its SHA-256: a CSV file ``pair_id,score`` for every
metric on every data set, and documents (``LICENSE…``, ``NOTICE…``). Whoever made an entry may be a stranger, so nothing
that it says reaches a path, a table or a signature before it was checked here. The layout is in docs/scores.md.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.files.metric_names import name_problem
from bench.files.paths import path_problem
from bench.files.records import Mismatch, json_text, read_typed
from metrics.errors import DataError
from metrics.files import write_text

FACTS_NAME = "scores.json"
FORMAT = 1
REMEDY = "see docs/scores.md for what it must hold, and tell whoever made it"

MOST_FACTS_BYTES = 2**22
MOST_FILE_BYTES = 2**28
MOST_TOTAL_BYTES = 2**30
MOST_FILES = 1_000
MOST_PAIRS = 10**7
LONGEST_LINE = 2_000
LONGEST_NAME = 200

_FILE = re.compile(r"(?:[A-Za-z0-9][\w+-]{0,99}/)?[A-Za-z0-9][\w.+-]{0,120}\.csv", re.ASCII)
_DOCUMENT = re.compile(r"(?:LICEN[CS]E|NOTICE|CITATION)[\w.-]{0,60}", re.ASCII)
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class MetricFile:
    """The scores of one metric on one data set.

    Attributes:
        metric: its name, as in tables.
        file: path from the entry's folder, with forward slashes.
        sha256: of the file.
        n_pairs: rows of the file; pairs that the metric failed on count.
        n_scores: rows that hold a score.
        signature: what the metric was, as whoever made the entry says; empty where nobody knows.
    """

    metric: str
    file: str
    sha256: str
    n_pairs: int
    n_scores: int
    signature: str = ""

    def __post_init__(self) -> None:
        """Raise `ValueError` for a name, a path, a hash or a number that none can be."""
        if problem := name_problem(self.metric):
            raise ValueError(f"a metric cannot be called {_quoted(self.metric)}: {problem}")
        check_line("a metric's name", self.metric, LONGEST_NAME)
        check_line("signature", self.signature)
        if problem := path_problem(self.file):
            raise ValueError(f"file {_quoted(self.file)} {problem}")
        if not _FILE.fullmatch(self.file):
            raise ValueError(
                f"file is {_quoted(self.file)}, expected NAME.csv or FOLDER/NAME.csv, of letters, digits and _ + - ."
            )
        _check_sha256(self.file, self.sha256)
        if not 1 <= self.n_scores <= self.n_pairs <= MOST_PAIRS:
            raise ValueError(
                f"{self.file} has n_pairs {self.n_pairs} and n_scores {self.n_scores}, expected 1 or more scores, and "
                f"as many pairs or more, up to {MOST_PAIRS:,}"
            )


@dataclass(frozen=True, slots=True)
class ScoredDataset:
    """The pairs that metrics were run on.

    Attributes:
        name: as in ``--dataset``; of a user's own file its name without folders.
        split: which part; None where there are no parts, or all were scored.
        sha256: of the file of ratings or votes, as in a run's manifest; None where nobody knows.
        metrics: their files; each metric once.
    """

    name: str
    split: str | None
    sha256: str | None
    metrics: tuple[MetricFile, ...]

    def __post_init__(self) -> None:
        """Raise `ValueError` for a name or a hash that none can be, no metric, or a metric that comes twice."""
        for what, text in (("a data set's name", self.name), ("split", self.split or "all")):
            check_line(what, text, LONGEST_NAME)
            if not text.strip() or "/" in text or "\\" in text:
                raise ValueError(f"{what} is {_quoted(text)}, expected a name without slashes")
        if self.sha256 is not None:
            _check_sha256(self.name, self.sha256)
        if not self.metrics:
            raise ValueError(f"{self.label} has no metrics, expected one or more")
        _refuse_twice("metric", (unicodedata.normalize("NFC", one.metric) for one in self.metrics))

    @property
    def label(self) -> str:
        """The name and, if there is one, the split."""
        return self.name if self.split is None else f"{self.name} ({self.split})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What ``scores.json`` holds.

    Attributes:
        format: version of the layout, `FORMAT`.
        summary: what the scores are, in one line.
        source: where they were published, or what made them.
        licence: of the scores; empty where none is stated.
        note: a remark that belongs under every table made from them; empty where there is none.
        datasets: what was scored, and where the scores lie.
        documents: SHA-256 by name, of texts that have to lie beside the scores.
    """

    format: int
    summary: str
    source: str
    licence: str = ""
    note: str = ""
    datasets: tuple[ScoredDataset, ...]
    documents: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise `ValueError` for texts of several lines, and for files or data sets that come twice."""
        for name in ("summary", "source", "licence", "note"):
            check_line(name, getattr(self, name))
        for name in ("source", "licence"):
            if "|" in getattr(self, name):  # which separates the parts of a signature
                raise ValueError(f"{name} is {_quoted(getattr(self, name))}, expected a text without |")
        for name, sha256 in self.documents.items():
            if not _DOCUMENT.fullmatch(name):
                raise ValueError(f"a document is called {_quoted(name)}, expected LICENSE…, NOTICE… or CITATION…")
            _check_sha256(name, sha256)
        if not self.datasets:
            raise ValueError("datasets is empty, expected one or more")
        _refuse_twice("data set", (repr((one.name, one.split, one.sha256)) for one in self.datasets))
        _refuse_twice("file", (name.casefold() for name in self.files))  # one file on macOS and Windows
        if len(self.files) > MOST_FILES:
            raise ValueError(f"it names {len(self.files):,} files, expected at most {MOST_FILES:,}")

    @property
    def files(self) -> list[str]:
        """All files of the entry but ``scores.json`` itself, in the order in which it names them."""
        return [*self.documents, *(one.file for dataset in self.datasets for one in dataset.metrics)]

    @property
    def metrics(self) -> list[str]:
        """All metrics, each once."""
        return list(dict.fromkeys(one.metric for dataset in self.datasets for one in dataset.metrics))


def read_facts(folder: Path) -> Facts:
    """Read ``scores.json`` of an entry; its files are not opened.

    Raises:
        DataError: it is missing, a link, too large, no JSON, of another format, or says what cannot be.
    """
    path = folder / FACTS_NAME
    if path.is_symlink():
        raise DataError(f"{path} is a link, expected a file; {REMEDY}")
    if path.is_file() and path.stat().st_size > MOST_FACTS_BYTES:
        raise DataError(f"{path} holds more than {MOST_FACTS_BYTES:,} bytes; {REMEDY}")
    facts: Facts = read_typed(path, Facts, REMEDY, _of_this_format)
    return facts


def write_facts(facts: Facts, folder: Path) -> None:
    """Write ``scores.json``."""
    write_text(folder / FACTS_NAME, json_text(facts, indent=2) + "\n")


def check_line(what: str, text: str, longest: int = LONGEST_LINE) -> None:
    """Raise `ValueError` unless ``text`` is one line that can be printed, of at most ``longest`` characters."""
    if not text.isprintable() or len(text) > longest:
        raise ValueError(
            f"{what} is {_quoted(text)}, expected one line of at most {longest:,} characters that can be printed"
        )


def _of_this_format(raw: Any) -> Any:
    found = raw.get("format") if isinstance(raw, dict) else None
    if isinstance(found, int) and not isinstance(found, bool) and found > FORMAT:
        raise Mismatch(f"format is {found}, which a newer version of clap-bench wrote; this one reads {FORMAT}")
    if found != FORMAT or isinstance(found, bool):
        raise Mismatch(f"format is {_quoted(found)}, expected {FORMAT}")
    return raw


def _check_sha256(what: str, sha256: str) -> None:
    if not _SHA256.fullmatch(sha256):
        raise ValueError(f"sha256 of {what} is {_quoted(sha256)}, expected 64 digits of 0-9 and a-f")


def _refuse_twice(what: str, names: Iterable[str]) -> None:
    name, count = max(Counter(names).items(), key=lambda item: item[1], default=("", 1))
    if count > 1:
        raise ValueError(f"{what} {_quoted(name)} comes twice")


def _quoted(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else shown[:60] + "…"
