"""XACLE Challenge 2026 and 2027: listeners' ratings, 0 to 10, of how well a clip matches a caption.

Source: https://xacle.org (by e-mail to dataset@xacle.org); the layout is that of the challenge's baseline:

    meta_data/{train,validation,test}.csv           wav_file_name,text,score,listener_id
    meta_data/{train,validation,test}_average.csv   wav_file_name,text,average_score
    wav/                                            the clips, 16 kHz

The files of the parts are preferred, for they name listeners; the averages do where there are no others. The READMEs
call the first column ``wavname`` and the last ``score`` too. Licence: see the terms that come with the download.
Ratings of the test part were not published while the challenge ran. Clips may be those of RELATE: see
``bench datasets overlap``.
"""

from __future__ import annotations

from pathlib import Path

from bench.csvfile import CsvRow
from bench.datasets.assembly import PairFacts, RatedRow, assemble, caption_id_of
from bench.datasets.external import ONLY_MEANS, rated_pair, read_columns, refuse_missing, set_folder
from bench.datasets.types import RatedDataset, RatedPair, RatingScale

SCALE = RatingScale(0.0, 10.0)
SPLITS = ("validation", "train", "test")
HOW_TO_GET = "write to dataset@xacle.org with 'Download dataset' as the subject, unpack what comes as the answer,"

_PAIR = {"wav": ("wav_file_name", "wavname", "wav_name"), "text": ("text", "caption")}
_SINGLE = {**_PAIR, "score": ("score", "rating"), "listener_id": ("listener_id", "listener")}
_MEAN = {**_PAIR, "score": ("average_score", "score", "mean_score")}


def load_xacle(root: Path | None = None, *, split: str = SPLITS[0]) -> RatedDataset:
    """Load one part. Clips are not opened: a missing one is no error here.

    Raises:
        UnavailableError: the part is not there.
        DataError: a file is broken, or a rating is not on the scale.
    """
    folder = set_folder("xacle", root)
    listed = folder / "meta_data"
    single, mean = listed / f"{split}.csv", listed / f"{split}_average.csv"
    path = single if single.exists() else mean
    refuse_missing(path, HOW_TO_GET)
    table = read_columns(path, _SINGLE if path == single else _MEAN)
    if path == single:
        pairs, ratings = assemble(_single(row, folder, split) for row in table.rows)
    else:
        pairs, ratings = _means(table.rows, folder, split), ()
    notes = () if ratings else (ONLY_MEANS,)
    return RatedDataset("xacle", SCALE, pairs, ratings, table.sha256, folder, split, notes=notes)


def _single(row: CsvRow, folder: Path, split: str) -> RatedRow:
    pair_id, clip, caption = _pair(row, folder)
    facts = PairFacts(pair_id, clip, caption, None, None, caption_id_of(caption), split)
    return RatedRow(facts, row.text("listener_id"), row.number("score", SCALE.low, SCALE.high), row)


def _means(rows: tuple[CsvRow, ...], folder: Path, split: str) -> tuple[RatedPair, ...]:
    seen: dict[str, int] = {}
    pairs: list[RatedPair] = []
    for row in rows:
        pair_id, clip, caption = _pair(row, folder)
        rating = row.number("score", SCALE.low, SCALE.high)
        of_caption = caption_id_of(caption)
        pairs.append(
            rated_pair(
                row, pair_id=pair_id, clip=clip, caption=caption, caption_id=of_caption, rating=rating, n_ratings=1,
                split=split, seen=seen,
            )
        )  # fmt: skip
    return tuple(sorted(pairs, key=lambda rated: rated.pair.pair_id))


def _pair(row: CsvRow, folder: Path) -> tuple[str, Path, str]:
    name, caption = row.text("wav").lstrip("/"), row.text("text")
    return f"{name}#{caption_id_of(caption)}", folder / "wav" / name, caption
