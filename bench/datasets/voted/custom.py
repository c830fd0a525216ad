"""A user's own votes: a CSV file with one row a vote.

Columns: ``audio_path,text_a,text_b,choice`` for two captions of one clip, or ``audio_a,audio_b,text,choice`` for two
clips of one caption; paths are relative to the file's folder, or absolute. ``choice`` is ``a``, ``b`` or ``tie``.
Optional: ``listener_id`` (without it every row is a listener of its own), ``comparison_id``, ``kind`` (a stratum),
``system_a`` and ``system_b``. Rows belong to one comparison if they have the same comparison_id or, where the file has
no such column, the same two pairs, in whichever order they were shown. A listener who did not vote has no row.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

from bench.datasets.votes import CHOICES, Choice, Comparison, Shared, Vote, VotedDataset, pair_id_of
from bench.files.csvfile import CsvRow, CsvTable, quoted, read_csv
from metrics.errors import DataError
from metrics.types import AudioTextPair

COLUMNS: dict[Shared, tuple[str, ...]] = {
    "clip": ("audio_path", "text_a", "text_b", "choice"),
    "caption": ("audio_a", "audio_b", "text", "choice"),
}
OPTIONAL = ("listener_id", "comparison_id", "kind", "system_a", "system_b")
OTHER: dict[Choice, Choice] = {"a": "b", "b": "a", "tie": "tie"}


def load_own_votes(path: Path) -> VotedDataset:
    """Read a user's CSV file. Clips are not opened: a missing one is no error here.

    Raises:
        UsageError: no such file.
        DataError: the file is broken (see `bench.files.csvfile`), has the columns of neither layout or of both, a
            choice that is none, a listener who votes twice on one comparison, or a comparison that contradicts itself.
    """
    every = read_csv(path, ("choice",), ("audio_path", "text_a", "text_b", "audio_a", "audio_b", "text"))
    shared = _layout(every)
    table = read_csv(path, COLUMNS[shared], OPTIONAL, spreadsheet=True)
    first: dict[str, tuple[Comparison, int]] = {}
    votes: dict[tuple[str, str], int] = {}
    found, seen = list[Vote](), Counter[str]()
    for row in table.rows:
        shown = _comparison(row, shared, path.parent)
        known, line = first.setdefault(shown.comparison_id, (shown, row.line))
        choice = _choice(row)
        if known.a.pair_id == shown.b.pair_id != known.b.pair_id:
            shown, choice = _turned(shown), OTHER[choice]
        _check_same(row, known, shown, line)
        seen[shown.comparison_id] += 1
        listener = row.text("listener_id") if "listener_id" in row.fields else str(seen[shown.comparison_id])
        _check_once(row, votes, shown.comparison_id, listener)
        found.append(Vote(shown.comparison_id, listener, choice))
    return VotedDataset(
        name=str(path),
        shared=shared,
        comparisons=tuple(comparison for comparison, _ in first.values()),
        votes=tuple(found),
        source_sha256=table.sha256,
        audio_root=path.parent,
        notes=(f"columns not used: {', '.join(table.ignored)}",) if table.ignored else (),
        names_listeners="listener_id" in table.columns,
    )


def _layout(table: CsvTable) -> Shared:
    fits: list[Shared] = [shared for shared, columns in COLUMNS.items() if set(columns) <= set(table.columns)]
    if len(fits) == 1:
        return fits[0]
    expected = " or ".join(",".join(columns) for columns in COLUMNS.values())
    problem = "remove those of one of them" if fits else "add or rename what is missing"
    raise DataError(
        f"{table.path}: found the columns {', '.join((*table.columns, *table.ignored))}, expected {expected}; {problem}"
    )


def _comparison(row: CsvRow, shared: Shared, folder: Path) -> Comparison:
    if shared == "clip":
        clip = row.text("audio_path")
        sides = [(clip, row.text("text_a")), (clip, row.text("text_b"))]
    else:
        caption = row.text("text")
        sides = [(row.text("audio_a"), caption), (row.text("audio_b"), caption)]
    a, b = (AudioTextPair(pair_id_of(audio, text), folder / audio, text) for audio, text in sides)
    named = "comparison_id" in row.fields
    comparison_id = row.text("comparison_id") if named else " / ".join(sorted((a.pair_id, b.pair_id)))
    return Comparison(comparison_id, a, b, row.get("kind"), row.get("system_a"), row.get("system_b"))


def _turned(shown: Comparison) -> Comparison:
    return replace(shown, a=shown.b, b=shown.a, system_a=shown.system_b, system_b=shown.system_a)


def _choice(row: CsvRow) -> Choice:
    choice = row.text("choice").strip().lower()
    for known in CHOICES:
        if choice == known:
            return known
    raise row.error(
        f"choice is {quoted(row['choice'])}, expected a, b or tie; correct it, or remove the row of a listener who did "
        "not vote"
    )


def _check_same(row: CsvRow, first: Comparison, other: Comparison, line: int) -> None:
    for name in Comparison.__slots__:
        expected, found = getattr(first, name), getattr(other, name)
        if found != expected:
            shown = ("another pair", "the pair") if name in ("a", "b") else (_shown(found), _shown(expected))
            raise row.error(
                f"comparison {quoted(other.comparison_id)} has {shown[0]} as {name}, but {shown[1]} on line {line}; "
                f"give all rows of a comparison the same {name}, or another comparison_id"
            )


def _shown(value: object) -> str:
    return "nothing" if value is None else quoted(str(value))


def _check_once(row: CsvRow, votes: dict[tuple[str, str], int], comparison_id: str, listener: str) -> None:
    line = votes.setdefault((comparison_id, listener), row.line)
    if line != row.line:
        raise row.error(
            f"listener {quoted(listener)} votes on comparison {quoted(comparison_id)} again (first on line {line}), "
            "expected once; remove one of the rows"
        )
