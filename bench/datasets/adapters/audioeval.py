"""AudioEval: ratings of generated clips, 1 to 10, by three experts and by nine others, in five dimensions.

Zhao et al., "AudioEval: Automatic Dual-Perspective and Multi-Dimensional Evaluation of Text-to-Audio-Generation",
arXiv 2510.14570; https://huggingface.co/datasets/Hui519/AudioEval (CC BY-NC 4.0): 4,200 clips of 24 systems.

    data/metadata.jsonl        one clip a line: file_name, wav_name, prompt_id, prompt_text, system …
    data/*.wav                 the clips
    annotations/ratings.csv    one rater's five ratings of one clip a row, and whether the rater is an expert

Experts and others answer differently, which is the point of the set: ``audioeval:expert`` and ``audioeval:crowd`` are
two targets. Every clip has three ratings of each kind; ``audioeval`` is the mean of all six. The target is text
alignment unless another of `DIMENSIONS` is asked for; the file may lack those that are not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Literal

from bench.datasets.adapters.assembly import PairFacts, RatedRow, assemble
from bench.datasets.adapters.external import Spellings, hash_of, in_dimensions, read_columns, refuse_missing, set_folder
from bench.datasets.entry import DatasetEntry
from bench.datasets.types import RatedDataset, RatingScale
from bench.files.csvfile import CsvRow, quoted
from metrics.errors import DataError, reason_of

Raters = Literal["", "expert", "crowd"]

SCALE = RatingScale(1.0, 10.0)
HOW_TO_GET = "fetch it with 'bench datasets pull audioeval',"
ALIGNMENT = "text alignment"
_RATINGS: Spellings = {
    ALIGNMENT: ("text_alignment", "alignment", "textual_alignment", "semantic_alignment"),
    "content enjoyment": ("content_enjoyment", "enjoyment", "CE"),
    "content usefulness": ("content_usefulness", "usefulness", "CU"),
    "production complexity": ("production_complexity", "complexity", "PC"),
    "production quality": ("production_quality", "quality", "PQ"),
}
DIMENSIONS = tuple(_RATINGS)
POOLED = (
    "Experts' and others' ratings are averaged, who answer differently: audioeval:expert and audioeval:crowd are apart."
)
ENTRIES = tuple(
    DatasetEntry(
        name=f"audioeval:{raters}" if raters else "audioeval",
        summary=f"AudioEval: text alignment, and four aesthetic dimensions, by {who}, 1 to 10",
        dimensions=DIMENSIONS,
        scale=SCALE,
        licence="CC BY-NC 4.0",
        takes=frozenset({"root", "dimension"}),
        load=f"bench.datasets.adapters.audioeval:load_{raters or 'audioeval'}",
        pull="bench.datasets.fetching.hub_download:pull_audioeval",
        find="bench.datasets.adapters.external:find_set",
        how_to_get=HOW_TO_GET,
        ratings=("annotations/ratings.csv",),
    )
    for raters, who in (("", "experts and others"), ("expert", "three experts"), ("crowd", "nine others"))
)

_CLIP_NAMES = ("wav_name", "file_name")
_SYSTEMS = ("system_id", "system", "model", "system_name")
_KIND = ("rater_type", "rater_group", "annotator_type", "listener_type", "expertise")
_EXPERTS, _OTHERS = ("expert",), ("nonexpert", "crowd", "crowdsourced", "layman", "other")
_COLUMNS = {
    "wav": _CLIP_NAMES,
    "rater": ("rater_id", "rater", "annotator_id", "listener_id"),
}


def load_audioeval(root: Path | None = None, *, raters: Raters = "", dimension: str = ALIGNMENT) -> RatedDataset:
    """Load the ratings. Clips are not opened: a missing one is no error here.

    Args:
        root: folder of the set; None takes that in the user's data folder.
        raters: whose ratings; all by default.
        dimension: the target.

    Raises:
        UnavailableError: a file is not there.
        DataError: a file is broken, a rating is not on the scale, belongs to a clip that is not described, or does not
            say who gave it.
    """
    folder = set_folder("audioeval", root)
    described, rated = folder / "data" / "metadata.jsonl", folder / "annotations" / "ratings.csv"
    for path in (described, rated):
        refuse_missing(path, HOW_TO_GET)
    clips = read_metadata(described)
    required = {**_COLUMNS, dimension: _RATINGS[dimension], **({"kind": _KIND} if raters else {})}
    rows = [row for row in read_columns(rated, required, _RATINGS).rows if not raters or _is_of(row, raters)]
    if not rows:
        raise DataError(f"{rated}: no rating is by {raters}, expected some; fetch the file again")
    pairs, ratings = assemble(_row(row, clips, folder, dimension) for row in rows)
    name = f"audioeval:{raters}" if raters else "audioeval"
    notes = () if raters else (POOLED,)
    digest = hash_of(described, rated)
    return RatedDataset(name, SCALE, pairs, ratings, digest, folder, notes=notes, dimension=dimension)


load_expert = partial(load_audioeval, raters="expert")
load_crowd = partial(load_audioeval, raters="crowd")


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


def _is_of(row: CsvRow, raters: Raters) -> bool:
    """Say whether a row is by the raters that are wanted; ``non_expert`` and ``Non-expert`` are one word."""
    word = re.sub(r"[\s_-]", "", row["kind"]).casefold()
    if word not in (*_EXPERTS, *_OTHERS):
        raise row.error(f"the rater is {quoted(row['kind'])}, expected expert or non_expert; fetch the file again")
    return (word in _EXPERTS) == (raters == "expert")


def _row(row: CsvRow, clips: Mapping[str, PairFacts], folder: Path, dimension: str) -> RatedRow:
    name = Path(row.text("wav")).stem
    if name not in clips:
        raise row.error(f"clip {name!r} is not in {folder / 'data' / 'metadata.jsonl'}; fetch both files again")
    target, others = in_dimensions(row, dimension, DIMENSIONS, SCALE)
    return RatedRow(clips[name], row.text("rater"), target, row, others)
