"""A user's own ratings: a CSV file with one row a rating, or one row a pair.

Columns: ``audio_path`` (relative to the file's folder, or absolute), ``text``, ``rating`` (on the scale that the user
names); optionally ``pair_id``, ``listener_id``, ``source`` (``natural`` or ``synthesized``), ``system``, ``split``,
``caption_id``, ``reference_audio`` (a clip that is known to match the text, for metrics that compare with one). With
``listener_id`` the rows of one pair are ratings that are averaged; without it each row is a pair with its mean rating.
Rows belong to the same pair if they have the same pair_id or, where the file has no such column, the same clip and
text. Where no scale is named it is 0-10, unless the ratings fill no more than half of that.

What was rated beside the ``rating`` stands in columns that begin with ``rating:``, such as ``rating:quality``, on the
same scale; a field may be empty there. Each is a dimension, called by what follows the colon; ``rating`` itself is the
dimension ``rating``, the target unless another one is asked for.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.datasets.adapters.assembly import PairFacts, RatedRow, assemble, check_unique
from bench.datasets.captions import caption_id_of
from bench.datasets.entry import DatasetEntry, Presence
from bench.datasets.types import SOURCES, RatedDataset, RatingScale, Source
from bench.files.csvfile import CsvRow, CsvTable, quoted, read_csv
from metrics.errors import DataError, UsageError, did_you_mean

REQUIRED = ("audio_path", "text", "rating")
OPTIONAL = ("pair_id", "listener_id", "source", "system", "split", "caption_id", "reference_audio")
RATING = "rating"
"""The column of the default target, and the name of that dimension."""

BESIDE = f"{RATING}:"
"""What the names of columns of other dimensions begin with."""

DEFAULT_SCALE = "0-10"
ANY_SCALE = RatingScale(-math.inf, math.inf)
"""For those who only ask which pairs there are."""
LIKELY_SCALES = tuple(RatingScale(low, high) for low, high in ((0.0, 1.0), (1.0, 5.0), (0.0, 5.0), (1.0, 7.0)))
"""Scales in use whose ratings would be taken for the lower half of 0-10, the likeliest first."""

ENTRIES = (
    DatasetEntry(
        name="FILE.csv",
        suffix=".csv",
        summary="ratings of your own, with the columns audio_path,text,rating",
        dimensions=(RATING,),
        scale=None,
        licence="your own",
        takes=frozenset({"path", "split", "dimension", "scale"}),
        load="bench.datasets.adapters.custom:load_custom",
        find="bench.datasets.adapters.custom:find_custom",
    ),
)

_NUMBER = r"[+-]?\d+(?:\.\d+)?"
_SCALE = re.compile(rf"\s*({_NUMBER})\s*-\s*({_NUMBER})\s*", re.ASCII)


def load_custom(
    path: Path,
    *,
    scale: str | RatingScale | None = None,
    split: str | None = None,
    dimension: str = RATING,
) -> RatedDataset:
    """Read a user's CSV file. Clips are not opened: a missing one is no error here.

    Args:
        path: the file.
        scale: the interval of possible ratings, as ``"0-10"`` or ready-made; None takes 0-10 if the ratings fill more
            than half of it.
        split: keep the rows with this value in the column ``split``; None keeps all.
        dimension: the target.

    Raises:
        UsageError: no such file, a scale that is none, a split or dimension that the file does not have; no scale,
            and ratings that look like those of another than 0-10.
        DataError: the file is broken (see `bench.files.csvfile`); a rating is not a number on the scale; a source is
            unknown; a pair appears twice without listeners, is rated twice by one listener, or contradicts itself.
    """
    limits = scale if isinstance(scale, RatingScale) else parse_scale(scale or DEFAULT_SCALE)
    table, columns = _read(path)
    if dimension not in columns:
        known = ", ".join(columns)
        raise UsageError(f"{path} has no dimension {dimension!r}{did_you_mean(dimension, columns)} (known: {known})")
    rated = [_rated_row(row, path.parent, limits, dimension, columns) for row in table.rows]
    if "listener_id" not in table.columns:
        check_unique(rated)
    pairs, ratings = assemble(_of_split(table, rated, split))
    if scale is None:
        _refuse_unlikely_scale(table, [row.score for row in rated], limits)
    return RatedDataset(
        name=str(path),
        scale=limits,
        pairs=pairs,
        ratings=ratings if "listener_id" in table.columns else (),
        source_sha256=table.sha256,
        audio_root=path.parent,
        split=split,
        notes=_notes(table),
        dimension=dimension,
    )


def find_custom(entry: DatasetEntry, root: Path | None) -> Presence:  # noqa: ARG001 - every entry's has these
    """Say that nobody knows where a user's files are."""
    return Presence(None, ratings=False, audio=False)


def parse_scale(text: str) -> RatingScale:
    """Read ``"0-10"`` (``LOW-HIGH``; negative ends are allowed: ``"-3-3"``).

    Raises:
        UsageError: not two numbers, or the first is not the smaller one.
    """
    match = _SCALE.fullmatch(text)
    low, high = (float(end) for end in match.groups()) if match else (0.0, 0.0)
    if not -math.inf < low < high < math.inf:
        raise UsageError(
            f"--scale is {quoted(text)}, expected LOW-HIGH, two finite numbers with LOW < HIGH; "
            f"write e.g. {DEFAULT_SCALE}"
        )
    return RatingScale(low, high)


def _refuse_unlikely_scale(table: CsvTable, scores: Sequence[float], assumed: RatingScale) -> None:
    """Raise `UsageError` if the ratings fill half of the assumed scale or less: MSE and score bands depend on it."""
    low, high = min(scores), max(scores)
    if low == high or high - low > (assumed.high - assumed.low) / 2:  # one number tells nothing of its scale
        return
    likely = next((one for one in LIKELY_SCALES if one.low <= low and high <= one.high), None)
    give = f"give the one that listeners had, e.g. --scale {DEFAULT_SCALE}"
    if likely:
        give = (
            f"give --scale {likely.low:g}-{likely.high:g}, which is likely, or --scale {DEFAULT_SCALE} if that is right"
        )
    raise UsageError(
        f"{table.path}: ratings go from {low:g} to {high:g}, which fills half or less of {DEFAULT_SCALE}, the scale "
        f"without --scale; MSE and the score bands depend on it: {give}"
    )


def _read(path: Path) -> tuple[CsvTable, dict[str, str]]:
    """Return the file, and the column of each dimension, that of the default first."""
    table = read_csv(path, REQUIRED, OPTIONAL, spreadsheet=True)
    beside = [name for name in table.ignored if name.startswith(BESIDE)]
    columns = {RATING: RATING} | {name.removeprefix(BESIDE).strip(): name for name in beside}
    unnamed = next((name for name in beside if name.removeprefix(BESIDE).strip() in ("", RATING)), None)
    if unnamed is not None or len(columns) <= len(beside):
        raise DataError(
            f"{path}: column {quoted(unnamed or beside[-1])} names no dimension of its own; expected {BESIDE}NAME, "
            f"such as {BESIDE}quality; rename or remove it"
        )
    return (read_csv(path, REQUIRED, (*OPTIONAL, *beside), spreadsheet=True) if beside else table), columns


def _rated_row(row: CsvRow, folder: Path, scale: RatingScale, dimension: str, columns: Mapping[str, str]) -> RatedRow:
    audio, caption = row.text("audio_path"), row.text("text")
    facts = PairFacts(
        # Not of the clip alone: one clip may be rated against several captions.
        pair_id=row.text("pair_id") if "pair_id" in row.fields else f"{audio}#{caption_id_of(caption)}",
        audio_path=folder / audio,
        caption=caption,
        source=_source(row),
        system=row.get("system"),
        caption_id=row.get("caption_id"),
        split=row.get("split"),
        reference_audio=None if (reference := row.get("reference_audio")) is None else folder / reference,
    )
    listener = row.text("listener_id") if "listener_id" in row.fields else ""
    target = row.number(columns[dimension], scale.low, scale.high)
    given = {name: column for name, column in columns.items() if name != dimension and row.get(column)}
    others = {name: row.number(column, scale.low, scale.high) for name, column in given.items()}
    return RatedRow(facts, listener, target, row, others)


def _source(row: CsvRow) -> Source | None:
    found = row.get("source")
    if found is None or found in SOURCES:
        return found
    expected = " or ".join(SOURCES)
    hint = did_you_mean(found, SOURCES)
    raise row.error(f"source is {quoted(found)}, expected {expected} or nothing{hint}; correct it")


def _of_split(table: CsvTable, rows: list[RatedRow], split: str | None) -> list[RatedRow]:
    if split is None:
        return rows
    kept = [rated for rated in rows if rated.facts.split == split]
    if not kept:
        known = sorted({rated.facts.split for rated in rows} - {None}, key=str)
        has = ", ".join(map(str, known)) or "none: its column split is absent or empty"
        raise UsageError(f"{table.path}: no split {split!r}{did_you_mean(split, map(str, known))} (known: {has})")
    return kept


def _notes(table: CsvTable) -> tuple[str, ...]:
    return (f"columns not used: {', '.join(table.ignored)}",) if table.ignored else ()
