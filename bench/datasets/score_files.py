"""Scores that were computed elsewhere: which pair each row of a user's file is about.

A row names its pair by ``pair_id`` or, if there is none or no id of the file is known, by the clip and, where the file
has a column for it, the caption. Tools and challenges spell columns and clips in their own ways; `AUDIO_COLUMNS` and
`SCORE_COLUMNS` are those in use. Names are compared in four ways, and the strictest that finds a pair counts:

1. as they stand,
2. without what spellings differ in: slashes at the front, backslashes, the ending of an audio file, Unicode form,
   and what `bench.datasets.captions` takes off a caption,
3. in any case,
4. clips alone, by the end of the path: a file name that only one clip has, or an absolute path.

A row that fits several pairs is an error, as is a pair with two scores. Rows about no pair are counted and passed over,
so one file may serve several splits; every pair of the data set needs a score.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float

from bench.datasets.captions import caption_key
from bench.files.csv_text import decode, read_bytes
from bench.files.csvfile import CsvRow, quoted, read_csv
from metrics.errors import DataError, did_you_mean
from metrics.types import RemarkCallback, no_remark

AUDIO_COLUMNS = ("audio_path", "wavname", "wav_file_name", "wave_file_name", "wav_name", "file_name", "audio")
TEXT_COLUMNS = ("text", "caption")
SCORE_COLUMNS = ("score", "pred_score", "prediction_score")

AS_IT_STANDS, SPELLING, CASE, END_OF_PATH = range(4)
_ENDING = re.compile(r"\.(?:wav|flac|mp3|ogg|opus|m4a|aiff?)$", re.ASCII | re.IGNORECASE)
_form_of = functools.lru_cache(2**16)(caption_key)  # captions repeat
_MOST_COMPARED = 2_000  # names that a typing error is looked for in

Key = tuple[str, str]
"""A pair's id or its clip, and its caption; the caption is empty where rows name none."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a score file that count; ``text`` is None where pairs are named without their captions."""

    score: str
    name: str
    text: str | None

    @property
    def by_clip(self) -> bool:
        """Whether rows name clips rather than pairs."""
        return self.name != "pair_id"

    def key(self, row: CsvRow) -> Key:
        """Return the name that a row gives its pair."""
        return row[self.name], row[self.text] if self.text else ""


@dataclass(frozen=True, slots=True)
class Match:
    """A row, the pairs that it may be about, and how strictly it fits them: `AS_IT_STANDS` to `END_OF_PATH`."""

    row: CsvRow
    way: int
    pairs: Sequence[int]


def read_score_file(path: Path, pairs: pd.DataFrame, remark: RemarkCallback = no_remark) -> Float[np.ndarray, " pairs"]:
    """Read scores that were computed elsewhere, and put them in the order of ``pairs``.

    Args:
        path: CSV with a score and a name a row, see above; other columns are ignored.
        pairs: frame with the columns ``pair_id``, ``audio``, ``caption``.
        remark: told how many rows are about no pair, and how many were matched by case or the end of a path.

    Raises:
        DataError: a pair has no score or two, a score is no finite number, a row fits several pairs, or the file lacks
            a column.
    """
    wanted = ("pair_id", *AUDIO_COLUMNS, *TEXT_COLUMNS)
    score = score_column(path)
    table = read_csv(path, [score], wanted, spreadsheet=True)
    for columns in ways_of_naming(path, score, (*table.columns, *table.ignored)):
        keys = _keys(pairs, columns)
        matches, strange = _matched(table.rows, keys, columns)
        if matches:
            break
    rows, passed_over = _one_a_pair(matches, keys)
    strange = sorted([*strange, *passed_over], key=lambda row: row.line)
    _refuse_gaps(path, keys, rows, strange, columns)
    _tell(path, matches, strange, len(table.rows), keys, columns, remark)
    return np.array([rows[pair].row.number(columns.score) for pair in range(len(keys))], dtype=np.float64)


def score_column(path: Path) -> str:
    """Return the name of the column that holds the scores: the first of `SCORE_COLUMNS` where there is none.

    Raises:
        UsageError: there is no such file.
        DataError: it cannot be read, or several columns may be meant.
    """
    header = decode(path, read_bytes(path)).partition("\n")[0]
    seen = [name.strip().strip('"') for name in header.split(",")]
    found = [name for name in SCORE_COLUMNS if name in seen]
    if len(found) > 1:
        raise DataError(f"{path}: found the columns {' and '.join(found)}; rename or remove all but the metric's own")
    return found[0] if found else SCORE_COLUMNS[0]


def ways_of_naming(path: Path, score: str, names: Collection[str]) -> list[Columns]:
    """Return the ways in which a file names its pairs: by ids and, should they be ids of its own, by clips."""
    clip = next((name for name in AUDIO_COLUMNS if name in names), None)
    text = next((name for name in TEXT_COLUMNS if name in names), None)
    ways = [Columns(score, "pair_id", None)] if "pair_id" in names else []
    ways += [Columns(score, clip, text)] if clip else []
    if not ways:
        raise DataError(
            f"{path}: found the columns {', '.join(names)}; give pair_id,score or audio_path,text,score "
            "('bench datasets pairs' prints ids, paths and texts)"
        )
    return ways


def _keys(pairs: pd.DataFrame, columns: Columns) -> list[Key]:
    names = pairs["audio"] if columns.by_clip else pairs["pair_id"]
    return [(name, text if columns.text else "") for name, text in zip(names, pairs["caption"], strict=True)]


def _matched(rows: Sequence[CsvRow], keys: Sequence[Key], columns: Columns) -> tuple[list[Match], list[CsvRow]]:
    """Return the rows that fit a pair, strictest first, and those that fit none."""
    index = _Index(keys, by_clip=columns.by_clip)
    matches, strange = [], []
    for row in rows:
        found = index.find(columns.key(row))
        if found is None:
            strange.append(row)
        else:
            matches.append(Match(row, *found))
    return sorted(matches, key=lambda match: match.way), strange


class _Index:
    """The pairs by each way of writing their names."""

    def __init__(self, keys: Sequence[Key], *, by_clip: bool) -> None:
        self._by_clip, self._keys = by_clip, keys
        self._as_it_stands: dict[Key, list[int]] = {}
        for pair, key in enumerate(keys):
            self._as_it_stands.setdefault(key, []).append(pair)

    @functools.cached_property
    def _by_way(self) -> tuple[dict[Key, list[int]], ...]:
        """The other ways, for the first name that is written in one of them."""
        ways: tuple[dict[Key, list[int]], ...] = (self._as_it_stands, {}, {}, {})
        for pair, key in enumerate(self._keys):
            spelling = _spelling(key)
            caseless = _caseless(spelling)
            for way, written in ((SPELLING, spelling), (CASE, caseless)):
                ways[way].setdefault(written, []).append(pair)
            for end in _ends(caseless) if self._by_clip else ():
                ways[END_OF_PATH].setdefault(end, []).append(pair)
        return ways

    def find(self, key: Key) -> tuple[int, Sequence[int]] | None:
        """Return the strictest way in which a name fits, and the pairs that it fits."""
        if pairs := self._as_it_stands.get(key):
            return AS_IT_STANDS, pairs
        spelling = _spelling(key)
        caseless = _caseless(spelling)
        for way, written in ((SPELLING, spelling), (CASE, caseless)):
            if pairs := self._by_way[way].get(written):
                return way, pairs
        if not self._by_clip:
            return None
        # A file name alone, or a path that begins above the folder of the data set: folders never contradict.
        if pairs := self._by_way[END_OF_PATH].get(caseless):
            return END_OF_PATH, pairs
        longest = next((end for end in _ends(caseless) if end in self._by_way[CASE]), None)
        return None if longest is None else (END_OF_PATH, self._by_way[CASE][longest])


def _spelling(key: Key) -> Key:
    parts = unicodedata.normalize("NFC", key[0].strip()).replace("\\", "/").split("/")
    return _ENDING.sub("", "/".join(part for part in parts if part not in ("", "."))), _form_of(key[1])


def _caseless(spelling: Key) -> Key:
    return spelling[0].casefold(), spelling[1]


def _ends(key: Key) -> Iterator[Key]:
    """Yield a path without its first folder, without its first two …, the longest first."""
    parts = key[0].split("/")
    yield from (("/".join(parts[first:]), key[1]) for first in range(1, len(parts)))


def _one_a_pair(matches: Sequence[Match], keys: Sequence[Key]) -> tuple[dict[int, Match], list[CsvRow]]:
    """Return the row of each pair, and the rows that only resemble the name of a pair that another row names."""
    taken: dict[int, Match] = {}
    passed_over = []
    for match in matches:
        if match.way > SPELLING and all(pair in taken and taken[pair].way <= SPELLING for pair in match.pairs):
            passed_over.append(match.row)
            continue
        pair, *others = match.pairs
        if others:
            fitting = f"{_shown(keys[pair])} and {_shown(keys[others[0]])}"
            raise match.row.error(
                f"this row fits {len(match.pairs):,} pairs (first: {fitting}); "
                "add a column pair_id, or write the clip's folders and its text"
            )
        if pair in taken:
            raise match.row.error(
                f"pair {_shown(keys[pair])} has a score already, on line {taken[pair].row.line}; keep one row a pair"
            )
        taken[pair] = match
    return taken, passed_over


def _refuse_gaps(
    path: Path, keys: Sequence[Key], rows: Collection[int], strange: Sequence[CsvRow], columns: Columns
) -> None:
    missing = [pair for pair in range(len(keys)) if pair not in rows]
    if not missing:
        return
    unused = ""
    if strange:
        hint = _hint(columns.key(strange[0]), [keys[pair] for pair in missing], columns)
        unused = f", and {_counted(strange, columns)}{hint}"
    raise DataError(
        f"{path}: no score for {len(missing):,} of {len(keys):,} pairs (first: {_shown(keys[missing[0]])}){unused}; "
        "give one to every pair, or the comparison would be on chosen pairs"
    )


def _hint(key: Key, missing: Sequence[Key], columns: Columns) -> str:
    """Say what a row that fits no pair may have meant."""
    if columns.text:
        clip = _caseless(_spelling((key[0], "")))
        caption = next((text for name, text in missing if _caseless(_spelling((name, ""))) == clip), None)
        if caption is not None:
            return f"; the caption of that clip is {quoted(caption)}"
    return did_you_mean(key[0], [name for name, _ in missing[:_MOST_COMPARED]])


def _tell(
    path: Path,
    matches: Sequence[Match],
    strange: Sequence[CsvRow],
    n_rows: int,
    keys: Sequence[Key],
    columns: Columns,
    remark: RemarkCallback,
) -> None:
    unused = {row.line for row in strange}
    loose = [match for match in matches if match.way > SPELLING and match.row.line not in unused]
    if loose:
        first = loose[0]
        remark(
            f"{path}: {len(loose):,} of {n_rows:,} rows name their pairs in another case, or by the end of the path "
            f"(first: line {first.row.line}, {_shown(columns.key(first.row))} for {_shown(keys[first.pairs[0]])})"
        )
    if strange:
        remark(f"{path}: of {n_rows:,} rows {_counted(strange, columns)}; they are not used")


def _counted(strange: Sequence[CsvRow], columns: Columns) -> str:
    first = f"(first: line {strange[0].line}, {_shown(columns.key(strange[0]))})"
    verb = "names" if len(strange) == 1 else "name"
    return f"{len(strange):,} {verb} no pair of this data set and split {first}"


def _shown(key: Key) -> str:
    return quoted(" / ".join(part for part in key if part))
