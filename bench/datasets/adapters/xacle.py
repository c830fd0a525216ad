"""XACLE Challenge 2026 and 2027: listeners' ratings, 0 to 10, of how well a clip matches a caption.

Source: https://xacle.org (by e-mail to dataset@xacle.org); the layout is that of the challenge's baseline:

    meta_data/{train,validation}.csv                wav_file_name,text,score,listener_id
    meta_data/{train,validation,test}_average.csv   wav_file_name,text,average_score
    meta_data/test_with_score.csv                   the test part once its ratings were published (2026)
    wav/{train,validation,test}/NAME                the clips, 16 kHz

The test part with its ratings comes as a folder of its own, ``XACLE_test_data``, whose clips lie in ``wav/NAME``. It
may lie in the folder of the data set, or beside ``XACLE_dataset`` in one folder. A file that names listeners is
preferred to one of averages. The READMEs spell columns otherwise than the files do: both are accepted. Licence: see the
terms that come with the download. Captions may be those of other sets: see ``bench datasets overlap``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench.datasets.adapters.assembly import PairFacts, RatedRow, assemble, assemble_means
from bench.datasets.adapters.external import (
    ONLY_MEANS,
    first_existing,
    has_any_column,
    read_columns,
    refuse_missing,
    refuse_unknown_split,
    set_folder,
)
from bench.datasets.captions import caption_id_of
from bench.datasets.entry import DatasetEntry
from bench.datasets.types import RatedDataset, RatingScale
from bench.files.csvfile import CsvRow
from metrics.errors import UnavailableError

SCALE = RatingScale(0.0, 10.0)
SPLITS = ("validation", "train", "test")
HOW_TO_GET = (
    "write to dataset@xacle.org with 'Download dataset' as the subject ('Download test data' for the ratings of the "
    "test part), unpack what comes as the answer,"
)
FOLDER = "meta_data"
HOMES = ("", "XACLE_dataset", "XACLE_test_data")
"""Folders that what comes may lie in, below the root."""
ENTRIES = (
    DatasetEntry(
        name="xacle",
        summary="XACLE Challenge: how well the clip matches the caption, 0 to 10",
        scale=SCALE,
        licence="see the terms that come with it",
        splits=SPLITS,
        sample_rate_hz=16_000,
        takes=frozenset({"root", "split"}),
        load="bench.datasets.adapters.xacle:load_xacle",
        find="bench.datasets.adapters.external:find_set",
        how_to_get=HOW_TO_GET,
        ratings=tuple(f"{home}/{FOLDER}".lstrip("/") for home in HOMES),
    ),
)

_NAMES = ("{}.csv", "{}_with_score.csv", "{}_average.csv")
_PAIR = {"wav": ("wav_file_name", "wave_file_name", "wavname", "wav_name"), "text": ("text", "caption")}
_LISTENER = ("listener_id", "listener")
_SCORE = ("score", "rating", "11-point semantic-alignment score")
_AVERAGE = ("average_score", "average_semantic_alignement_score", "average_semantic_alignment_score", "mean_score")


def load_xacle(root: Path | None = None, *, split: str = SPLITS[0]) -> RatedDataset:
    """Load one part. Clips are not opened: a missing one is no error here.

    Raises:
        UsageError: no part of that name.
        UnavailableError: the part is not there.
        DataError: a file is broken, or a rating is not on the scale.
    """
    refuse_unknown_split("xacle", split, SPLITS)
    folder = set_folder("xacle", root)
    homes = [folder / home for home in HOMES]
    candidates = [home / FOLDER / name.format(split) for name in _NAMES for home in homes]
    rated = (*_LISTENER, *_SCORE, *_AVERAGE)
    path = next((path for path in candidates if has_any_column(path, rated)), first_existing(candidates))
    refuse_missing(path, HOW_TO_GET)
    if split == "test" and not has_any_column(path, rated):
        raise UnavailableError(f"{path}: lists clips and no ratings; {HOW_TO_GET} or name a copy with --data-root")
    # The clips of a list are likeliest in the folder that the list came in.
    homes.sort(key=lambda home: home != path.parents[1])
    if has_any_column(path, _LISTENER):
        table = read_columns(path, {**_PAIR, "score": _SCORE, "listener_id": _LISTENER})
        pairs, ratings = assemble(_row(row, homes, split) for row in table.rows)
    else:
        table = read_columns(path, {**_PAIR, "score": (*_AVERAGE, *_SCORE)})
        pairs, ratings = assemble_means(_row(row, homes, split) for row in table.rows), ()
    notes = () if ratings else (ONLY_MEANS,)
    return RatedDataset("xacle", SCALE, pairs, ratings, table.sha256, folder, split, notes=notes)


def _row(row: CsvRow, homes: Sequence[Path], split: str) -> RatedRow:
    name, caption = row.text("wav").lstrip("/"), row.text("text")
    pair_id = f"{name}#{caption_id_of(caption)}"
    clip = first_existing(home / "wav" / part / name for home in homes for part in (split, ""))
    facts = PairFacts(pair_id, clip, caption, None, None, None, split)
    listener = row.text("listener_id") if "listener_id" in row.fields else ""
    return RatedRow(facts, listener, row.number("score", SCALE.low, SCALE.high), row)
