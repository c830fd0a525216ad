"""MusicEval: mean ratings by five experts, 1 to 5, of how well generated music matches its prompt.

Liu et al., "MusicEval: A Generative Music Dataset with Expert Ratings for Automatic Text-to-Music Evaluation", ICASSP
2025; CC BY-NC 4.0; https://aishelltech.com/AISHELL_7A and https://huggingface.co/datasets/BAAI/MusicEval (the copy
there has no prompts). 2,748 clips at 16 kHz. Layout:

    sets/{train,dev,test}_mos_list.txt   FILE,overall impression,textual alignment; no header
    prompt_info.txt                      prompt id, tab, text
    demo_prompt_info.txt                 clip, tab, text: prompts of systems of which only demos were available
    wav/                                 …-SYSTEM_PROMPT.wav

The overall impression is not about the prompt and is not read. Ratings of single experts carry no names.
"""

from __future__ import annotations

import re
from pathlib import Path

from bench.datasets.adapters.assembly import PairFacts, RatedRow, assemble_means
from bench.datasets.adapters.external import hash_of, read_lines, refuse_missing, refuse_unknown_split, set_folder
from bench.datasets.entry import DatasetEntry
from bench.datasets.types import RatedDataset, RatingScale
from bench.files.csvfile import CsvRow, quoted

SCALE = RatingScale(1.0, 5.0)
SPLITS = ("test", "train", "dev")
N_EXPERTS = 5
HOW_TO_GET = "fetch and unpack it from https://aishelltech.com/AISHELL_7A,"
ENTRIES = (
    DatasetEntry(
        name="musiceval",
        summary="MusicEval: how well generated music matches the prompt, 1 to 5",
        dimensions=("textual alignment",),
        scale=SCALE,
        licence="CC BY-NC 4.0",
        splits=SPLITS,
        sample_rate_hz=16_000,
        takes=frozenset({"root", "split"}),
        load="bench.datasets.adapters.musiceval:load_musiceval",
        find="bench.datasets.adapters.external:find_set",
        how_to_get=HOW_TO_GET,
        ratings=("prompt_info.txt",),
    ),
)
NAMELESS = "Ratings are means of five experts without names: no noise ceiling can be estimated."

_CLIP = re.compile(r"(?:.*-)?(?P<system>S\d+)_(?P<prompt>P\d+)\.wav", re.ASCII)


def load_musiceval(root: Path | None = None, *, split: str = SPLITS[0]) -> RatedDataset:
    """Load one part. Clips are not opened: a missing one is no error here.

    Raises:
        UsageError: no part of that name.
        UnavailableError: a file is not there.
        DataError: a file is broken, a rating is not on the scale, or a prompt is missing.
    """
    refuse_unknown_split("musiceval", split, SPLITS)
    folder = set_folder("musiceval", root)
    listed, prompts = folder / "sets" / f"{split}_mos_list.txt", folder / "prompt_info.txt"
    for path in (listed, prompts):
        refuse_missing(path, HOW_TO_GET)
    demos = folder / "demo_prompt_info.txt"
    sources = [path for path in (prompts, demos) if path.exists()]
    texts = {row["0"].removesuffix(".wav"): row["1"] for path in sources for row in read_lines(path, "\t", 2)}
    pairs = assemble_means((_row(row, folder, texts, split) for row in read_lines(listed, ",", 3)), N_EXPERTS)
    return RatedDataset("musiceval", SCALE, pairs, (), hash_of(listed, *sources), folder, split, notes=(NAMELESS,))


def _row(row: CsvRow, folder: Path, texts: dict[str, str], split: str) -> RatedRow:
    clip = _CLIP.fullmatch(row["0"])
    if clip is None:
        raise row.error(f"the clip is {quoted(row['0'])}, expected …-S001_P001.wav; fetch the file again")
    pair_id = row["0"].removesuffix(".wav")
    caption = texts.get(pair_id) or texts.get(clip["prompt"])
    if not caption:
        raise row.error(f"prompt {clip['prompt']} of {row['0']} is in no list of prompts; fetch the files again")
    facts = PairFacts(
        pair_id=pair_id,
        audio_path=folder / "wav" / row["0"],
        caption=caption,
        source="synthesized",
        system=clip["system"],
        caption_id=None,
        split=split,
    )
    return RatedRow(facts, "", row.number("2", SCALE.low, SCALE.high), row)
