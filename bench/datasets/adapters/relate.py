"""RELATE: human ratings, 0 to 10, of how well a clip matches a caption.

Three questions, one file each: overall relevance (``rel``), inclusion of the sound events (``is``), their order
(``os``). `bench.datasets.adapters.relate_screening` says which rows count. The column ``audio type`` is wrong for
AudioLDM 2 and Tango 2: the system is the first folder of the clip's path.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache, partial
from pathlib import Path

from bench.datasets.adapters import relate_release
from bench.datasets.adapters.assembly import PairFacts, RatedRow, assemble
from bench.datasets.adapters.relate_release import EXPECTED_COUNTS, N_ROWS, SHA256, Counts, Kind
from bench.datasets.adapters.relate_screening import (
    ANCHOR_COLUMN,
    AUDIOCAPS_COLUMN,
    RELEASED_COLUMN,
    Selection,
    make_selection,
    select,
)
from bench.datasets.entry import DatasetEntry, Presence
from bench.datasets.types import RatedDataset, RatedPair, Rating, RatingScale
from bench.files.csvfile import CsvRow, CsvTable, quoted, read_csv
from metrics.errors import DataError, UnavailableError

SCALE = RatingScale(0.0, 10.0)
_KINDS: dict[str, Kind] = {"relate": "rel", "relate:is": "is", "relate:os": "os"}


def _entry(name: str, dimension: str, summary: str, splits: tuple[str, ...] = ("test", "train")) -> DatasetEntry:
    return DatasetEntry(
        name=name,
        summary=f"RELATE: {summary}",
        dimensions=(dimension,),
        scale=SCALE,
        licence="none stated: fetched for you, not to be redistributed",
        splits=splits,
        screenings=("released", "anchor-mean", "none"),
        sample_rate_hz=relate_release.SAMPLE_RATE_HZ,
        takes=frozenset({"root", "split", "screening"}),
        load=f"bench.datasets.adapters.relate:load_{_KINDS[name]}",
        find="bench.datasets.adapters.relate:find_relate",
        pull="bench.datasets.fetching.download:pull_relate",
    )


ENTRIES = (
    _entry(
        "relate",
        "relevance",
        "how well the clip matches the caption, 0 to 10",
        splits=("test", "train", "csv-validation", "csv-test"),
    ),
    _entry("relate:is", "inclusion of sound events", "whether the caption's sound events are heard"),
    _entry("relate:os", "order of sound events", "whether they come in the caption's order"),
)

_COLUMNS = ("wavname", "text", "score", "listener_id", ANCHOR_COLUMN, AUDIOCAPS_COLUMN)
_CLIP = re.compile(rf"/?(?P<id>(?P<system>{'|'.join(relate_release.SYSTEMS)})/(train|test)/[^/\\]+)\.wav")


def load_relate(
    root: Path | None = None, *, kind: Kind = "rel", split: str = "test", screening: str = "released"
) -> RatedDataset:
    """Load the ratings of RELATE. Clips are not opened: a missing one is no error here.

    Args:
        root: folder with ``scores/`` and ``RELATE_wave/``; None takes ``$RELATE_ROOT`` or the user's data folder.
        kind: which question.
        split: ``train``, ``test``, ``csv-validation`` (``validation``) or ``csv-test``.
        screening: ``released``, ``anchor-mean`` or ``none``.

    Raises:
        UsageError: unknown split or screening, or a combination that does not exist.
        UnavailableError: the score file is not there.
        DataError: the score file is broken, or gives other counts than the release that it is.
    """
    selection = make_selection(kind, split, screening)
    folder = relate_release.data_root(root)
    table = _read_scores(folder, kind)
    anchors = _read_scores(folder, "is") if selection.needs_anchors_of_is else table
    audio_root = relate_release.audio_root(folder)
    rows = select(table.rows, anchors.rows, selection)
    pairs, ratings = assemble(_rated_rows(rows, audio_root, selection.split))
    return RatedDataset(
        name="relate" if kind == "rel" else f"relate:{kind}",
        scale=SCALE,
        pairs=pairs,
        ratings=ratings,
        source_sha256=table.sha256,
        audio_root=audio_root,
        split=selection.split,
        screening=screening,
        notes=(*selection.notes, *_check_counts(table, selection, count(pairs, ratings))),
    )


load_rel = partial(load_relate, kind="rel")
load_is = partial(load_relate, kind="is")
load_os = partial(load_relate, kind="os")


def find_relate(entry: DatasetEntry, root: Path | None) -> Presence:
    """Say what of RELATE is in ``root``, or where it belongs."""
    folder = relate_release.data_root(root)
    ratings = (folder / relate_release.score_file(_KINDS[entry.name])).is_file()
    return Presence(folder, ratings, relate_release.audio_root(folder).is_dir())


def count(pairs: tuple[RatedPair, ...], ratings: tuple[Rating, ...]) -> Counts:
    """Count pairs, ratings and listeners."""
    return Counts(len(pairs), len(ratings), len({rating.listener_id for rating in ratings}))


def _read_scores(folder: Path, kind: Kind) -> CsvTable:
    path = folder / relate_release.score_file(kind)
    if not path.is_file():
        raise UnavailableError(
            f"{path}: no such file; 'bench datasets pull relate' fetches it, "
            f"--data-root or ${relate_release.ROOT_VARIABLE} names the folder of a copy"
        )
    status = path.stat()
    columns = (*_COLUMNS, RELEASED_COLUMN) if kind == "rel" else _COLUMNS
    return _read_version(path, columns, (status.st_mtime_ns, status.st_size))


@lru_cache(maxsize=1)
def _read_version(path: Path, columns: tuple[str, ...], _version: tuple[int, int]) -> CsvTable:
    """Read a file as it was last written: a run takes its ratings under every screening."""
    return read_csv(path, columns)


def _rated_rows(rows: Iterable[CsvRow], audio_root: Path, split: str) -> Iterator[RatedRow]:
    """Yield what the rows say; what they say of a clip and a caption is made once."""
    known: dict[tuple[str, str], PairFacts] = {}
    for row in rows:
        key = row["wavname"], row["text"]
        if key not in known:
            known[key] = _facts(row, audio_root, split)
        yield RatedRow(known[key], row.text("listener_id"), row.number("score", SCALE.low, SCALE.high), row)


def _facts(row: CsvRow, audio_root: Path, split: str) -> PairFacts:
    clip = _CLIP.fullmatch(row["wavname"])
    if clip is None:
        expected = (
            f"/SYSTEM/train/NAME.wav or /SYSTEM/test/NAME.wav with SYSTEM one of {', '.join(relate_release.SYSTEMS)}"
        )
        raise row.error(f"wavname is {quoted(row['wavname'])}, expected {expected}; fetch the file again")
    return PairFacts(
        pair_id=clip["id"],
        audio_path=audio_root / f"{clip['id']}.wav",
        caption=row.text("text"),
        source="natural" if clip["system"] == "audiocaps" else "synthesized",
        system=clip["system"],
        caption_id=None,
        split=split,
    )


def _check_counts(table: CsvTable, selection: Selection, found: Counts) -> tuple[str, ...]:
    """Compare with the release where the file claims to be it; return what must be said under every table."""
    if not found.pairs:
        raise DataError(f"{table.path}: no ratings are left in split {selection.split}; use another --screening")
    known_hash = SHA256[relate_release.score_file(selection.kind)]
    if table.sha256 != known_hash and len(table.rows) != N_ROWS[selection.kind]:
        return (f"{table.path.name} is not the known release ({len(table.rows):,} rows): its counts are not checked",)
    expected = EXPECTED_COUNTS[selection.kind, selection.split, selection.screening]
    if found != expected:
        raise DataError(
            f"{table.path}: split {selection.split}, screening {selection.screening} gives {found}, but the release "
            f"has {expected}; 'bench datasets pull relate' fetches the release"
        )
    if table.sha256 != known_hash:
        return (f"{table.path.name} differs from the known release in its bytes, though not in its counts",)
    return ()
