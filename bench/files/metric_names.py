"""What metrics may be called, whoever names them: each is a column of ``scores.csv`` beside those about the pairs."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from bench.files.csvfile import quoted
from metrics.errors import UsageError

PAIR_COLUMNS = ("pair_id", "audio", "caption", "caption_id", "source", "system", "split", "rating", "n_ratings")
HOW = "--scores NAME=FILE.csv takes any other name, and a plugin's name is its author's to change"


def name_problem(name: str) -> str | None:
    """Return why no metric can have this name, if none can."""
    if name.casefold() in PAIR_COLUMNS:
        return f"scores.csv has the columns {', '.join(PAIR_COLUMNS)} already"
    if not name.strip():
        return "it is blank"
    if name != name.strip():
        return "there is white space around it"
    return None if name.isprintable() else "it has characters that cannot be printed"


def check_metric_names(names: Iterable[str]) -> None:
    """Refuse names that could not be told from another column of ``scores.csv``, whoever gave them.

    Raises:
        UsageError: a name is that of a column about pairs (in any case), empty, has white space around it or
            characters that do not print, or is there twice (in Unicode's form NFC).
    """
    taken: set[str] = set()
    for name in names:
        if problem := name_problem(name):
            raise UsageError(f"a metric cannot be called {quoted(name)}: {problem}; rename it: {HOW}")
        normal = unicodedata.normalize("NFC", name)
        if normal in taken:
            raise UsageError(f"two metrics are called {quoted(name)}; rename one of them: {HOW}")
        taken.add(normal)
