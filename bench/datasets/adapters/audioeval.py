"""AudioEval: experts' and others' ratings, 1 to 10, of generated clips; the dimension read is text alignment.

Zhao et al., "AudioEval: Automatic Dual-Perspective and Multi-Dimensional Evaluation of Text-to-Audio-Generation",
arXiv 2510.14570; https://huggingface.co/datasets/Hui519/AudioEval (CC BY-NC 4.0): 4,200 clips of 24 systems.

    data/metadata.jsonl        one clip a line: file_name, wav_name, prompt_id, prompt_text, system …
    data/*.wav                 the clips
    annotations/ratings.csv    one rater's five ratings of one clip a row
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.datasets.adapters.assembly import PairFacts, RatedRow, assemble
from bench.datasets.adapters.external import hash_of, read_columns, refuse_missing, set_folder
from bench.datasets.entry import DatasetEntry
from bench.datasets.types import RatedDataset, RatingScale
from bench.files.csvfile import CsvRow
from metrics.errors import DataError, reason_of

SCALE = RatingScale(1.0, 10.0)
HOW_TO_GET = "fetch it with 'bench datasets pull audioeval',"
ENTRIES = (
    DatasetEntry(
        name="audioeval",
        summary="AudioEval: text alignment by experts and others, 1 to 10",
        dimensions=("text alignment",),
        scale=SCALE,
        licence="CC BY-NC 4.0",
        load="bench.datasets.adapters.audioeval:load_audioeval",
        pull="bench.datasets.fetching.hub_download:pull_audioeval",
        find="bench.datasets.adapters.external:find_set",
        how_to_get=HOW_TO_GET,
        ratings=("annotations/ratings.csv",),
    ),
)

_CLIP_NAMES = ("wav_name", "file_name")
_SYSTEMS = ("system_id", "system", "model", "system_name")
_COLUMNS = {
    "wav": _CLIP_NAMES,
    "rater": ("rater_id", "rater", "annotator_id", "listener_id"),
    "rating": ("text_alignment", "alignment", "textual_alignment", "semantic_alignment"),
}


def load_audioeval(root: Path | None = None) -> RatedDataset:
    """Load all ratings. Clips are not opened: a missing one is no error here.

    Raises:
        UnavailableError: a file is not there.
        DataError: a file is broken, a rating is not on the scale, or belongs to a clip that is not described.
    """
    folder = set_folder("audioeval", root)
    described, rated = folder / "data" / "metadata.jsonl", folder / "annotations" / "ratings.csv"
    for path in (described, rated):
        refuse_missing(path, HOW_TO_GET)
    clips = read_metadata(described)
    pairs, ratings = assemble(_row(row, clips, folder) for row in read_columns(rated, _COLUMNS).rows)
    return RatedDataset("audioeval", SCALE, pairs, ratings, hash_of(described, rated), folder)


def read_metadata(path: Path) -> dict[str, PairFacts]:
    """Return what is known of each clip, by its name without folder and suffix.

    Raises:
        DataError: a line is no JSON object with a clip's name and caption, or a clip is described twice.
    """
    clips: dict[str, PairFacts] = {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is not UTF-8 ({error.reason}); fetch the file again") from error
    for number, line in enumerate(lines, start=1):
        if line.strip():
            facts = _facts(path, number, line)
            if facts.pair_id in clips:
                raise DataError(f"{path}, line {number}: clip {facts.pair_id!r} again; fetch the file again")
            clips[facts.pair_id] = facts
    return clips


def _facts(path: Path, number: int, line: str) -> PairFacts:
    try:
        clip: Mapping[str, Any] = json.loads(line)
        name = str(next(clip[key] for key in ("file_name", "wav_name") if clip.get(key)))
        caption = clip["prompt_text"]
        if not isinstance(caption, str) or not caption.strip():
            raise TypeError("prompt_text is no text")
        system = next((str(clip[key]) for key in _SYSTEMS if clip.get(key) is not None), None)
    except (ValueError, KeyError, TypeError, AttributeError, StopIteration, RecursionError) as error:
        raise DataError(
            f"{path}, line {number}: no JSON object with file_name and prompt_text ({reason_of(error)}); "
            "fetch the file again"
        ) from error
    wav = name if name.endswith(".wav") else f"{name}.wav"
    clip_id = Path(wav).stem
    return PairFacts(clip_id, path.parent / wav, caption, "synthesized", system, None, None)


def _row(row: CsvRow, clips: Mapping[str, PairFacts], folder: Path) -> RatedRow:
    name = Path(row.text("wav")).stem
    if name not in clips:
        raise row.error(f"clip {name!r} is not in {folder / 'data' / 'metadata.jsonl'}; fetch both files again")
    return RatedRow(clips[name], row.text("rater"), row.number("rating", SCALE.low, SCALE.high), row)
