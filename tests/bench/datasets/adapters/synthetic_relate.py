"""Small score files in RELATE's own layout, with the traps of the real ones."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable
from pathlib import Path

from tests.bench.datasets.adapters.external_sets import write_clip

REL_HEADER = (
    "wavname",
    "text",
    "score",
    "listener_id",
    "audio type",
    "anchor label",
    "in RELATE dataset",
    "in AudioCaps",
)
FAMILY = {  # what the column "audio type" says: wrong for audioldm2 and tango2, as in the release
    "audiocaps": "natural",
    "audioldm": "audioldm",
    "audioldm2": "audioldm",
    "tango": "tango",
    "tango2": "tango",
}
CAPTIONS = {
    "1": "A dog barks",
    "2": "Rain falls, then thunder rolls",
    "3": 'A man says "hello" and a door closes',
    "4": "A horn honks followed by laughter",
}
# listener -> ratings of the three anchors: means 0, 1.33, 2 and 5
ANCHORS = {"0000": (0, 0, 0), "0001": (0, 1, 3), "0002": (2, 2, 2), "0003": (5, 4, 6)}

Row = dict[str, str]


def rel_rows() -> list[Row]:
    """Four listeners who each rate their anchors, and every clip of two captions a split."""
    rows = [anchor for listener in ANCHORS for anchor in _anchors(listener)]
    for split, captions in (("train", "12"), ("test", "34")):
        for caption in captions:
            for offset, system in enumerate(FAMILY):
                rows += [_rating(system, split, caption, listener, offset) for listener in ANCHORS]
    return rows


def write_relate(
    root: Path, rows: Iterable[Row] | None = None, name: str = "REL", header: tuple[str, ...] = REL_HEADER
) -> Path:
    """Write ``root/scores/NAME.csv`` and return ``root``."""
    path = root / "scores" / f"{name}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, header, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rel_rows() if rows is None else rows)
    return root


def write_is_and_os(root: Path) -> Path:
    """Write ``IS.csv`` and ``OS.csv``: the same rows without the released split, in OS with anchors rated higher."""
    header = tuple(name for name in REL_HEADER if name != "in RELATE dataset")
    write_relate(root, name="IS", header=header)
    rows = [row | {"score": "9"} if row["anchor label"] == "True" else row for row in rel_rows()]
    return write_relate(root, rows, name="OS", header=header)


def write_clips(folder: Path, split: str = "test") -> Path:
    """Write the clips of a split into ``folder``, by system."""
    for row in rel_rows():
        if row["in AudioCaps"] == split and row["anchor label"] == "False":
            write_clip(folder / row["wavname"].lstrip("/"))
    return folder


def zipped_clips(*names: str) -> bytes:
    """Return a zip file whose members hold their own names."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        for name in names:
            opened.writestr(name, name.encode())
    return buffer.getvalue()


def _anchors(listener: str) -> list[Row]:
    # One anchor of the first listener is not marked as excluded: 14 rows of the release are like this.
    return [
        {
            "wavname": f"/audiocaps/train/{900 + index}.wav",
            "text": "Some other caption",
            "score": str(score),
            "listener_id": listener,
            "audio type": "natural",
            "anchor label": "True",
            "in RELATE dataset": "train" if (listener, index) == ("0000", 0) else "excluded",
            "in AudioCaps": "",
        }
        for index, score in enumerate(ANCHORS[listener])
    ]


def _rating(system: str, split: str, caption: str, listener: str, offset: int) -> Row:
    limit = 2 if split == "train" else 1
    part = {"1": "train", "2": "train", "3": "validation", "4": "test"}[caption]
    return {
        "wavname": f"/{system}/{split}/{caption}.wav",
        "text": CAPTIONS[caption],
        "score": str((int(caption) + int(listener) + offset) % 11),
        "listener_id": listener,
        "audio type": FAMILY[system],
        "anchor label": "False",
        "in RELATE dataset": part if sum(ANCHORS[listener]) / 3 < limit else "excluded",
        "in AudioCaps": split,
    }
