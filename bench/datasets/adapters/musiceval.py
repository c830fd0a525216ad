"""MusicEval: ratings by music experts, 1 to 5, of how well generated music matches its prompt, and of the music.

Liu et al., "MusicEval: A Generative Music Dataset with Expert Ratings for Automatic Text-to-Music Evaluation", ICASSP
2025; CC BY-NC 4.0; https://aishelltech.com/AISHELL_7A and https://huggingface.co/datasets/BAAI/MusicEval (the copy
there has no prompts). 2,748 clips at 16 kHz, each rated by five of fourteen experts: 13,740 ratings. Layout:

    person_mos/{train,dev,test,total}_person_mos.txt   FILE,rater,overall impression,textual alignment; no header
    sets/{train,dev,test,total}_mos_list.txt           FILE,overall impression,textual alignment; no header: the means
    prompt_info.txt                                    prompt id, tab, text; a header
    demo_prompt_info.txt                               clip, tab, text: prompts of systems that offer only demos
    wav/                                               …-SYSTEM_PROMPT.wav

The overall impression is not about the prompt: it is a dimension of its own. Single ratings are preferred to means. The
copy of AudioMOS Challenge 2025 may lack the raters: its rows are then averaged, and its listeners have no names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from bench.datasets.adapters.assembly import PairFacts, RatedRow, assemble, assemble_means
from bench.datasets.adapters.external import hash_of, read_lines, refuse_missing, refuse_unknown_split, set_folder
from bench.datasets.entry import DatasetEntry
from bench.datasets.types import RatedDataset, RatedPair, Rating, RatingScale
from bench.files.csvfile import CsvRow, quoted
from metrics.errors import DataError

SCALE = RatingScale(1.0, 5.0)
ALIGNMENT, IMPRESSION = DIMENSIONS = ("textual alignment", "overall impression")
EVERYTHING = "total"
SPLITS = ("test", "train", "dev", EVERYTHING)
N_EXPERTS = 5
PROMPTS, DEMO_PROMPTS = "prompt_info.txt", "demo_prompt_info.txt"
HOW_TO_GET = "fetch and unpack it from https://aishelltech.com/AISHELL_7A,"
ENTRIES = (
    DatasetEntry(
        name="musiceval",
        summary="MusicEval: how well generated music matches the prompt, 1 to 5",
        dimensions=DIMENSIONS,
        scale=SCALE,
        licence="CC BY-NC 4.0",
        splits=SPLITS,
        sample_rate_hz=16_000,
        takes=frozenset({"root", "split", "dimension"}),
        load="bench.datasets.adapters.musiceval:load_musiceval",
        find="bench.datasets.adapters.external:find_set",
        how_to_get=HOW_TO_GET,
        ratings=(PROMPTS,),
    ),
)
NAMELESS = "This copy has no raters (person_mos/): no noise ceiling can be estimated."

_CLIP = re.compile(r"(?:.*-)?(?P<system>S\d+)_(?P<prompt>P\d+)\.wav", re.ASCII)
_NUMBER = re.compile(r"[\d.]+")


def load_musiceval(root: Path | None = None, *, split: str = SPLITS[0], dimension: str = ALIGNMENT) -> RatedDataset:
    """Load one part, ``dimension`` as the target. Clips are not opened: a missing one is no error here.

    Raises:
        UsageError: no part of that name.
        UnavailableError: a file is not there.
        DataError: a file is broken, a rating is not on the scale, a prompt is missing, or single ratings and means are
            of different clips.
    """
    refuse_unknown_split("musiceval", split, SPLITS)
    folder = set_folder("musiceval", root)
    means, single = folder / "sets" / f"{split}_mos_list.txt", _single_ratings(folder, split)
    for path in (folder / PROMPTS, *(() if single else (means,))):
        refuse_missing(path, HOW_TO_GET)
    sources = [path for path in (single, means, folder / PROMPTS, folder / DEMO_PROMPTS) if path and path.exists()]
    texts, demos = _prompts(folder / PROMPTS), _prompts(folder / DEMO_PROMPTS)
    listed = _rows(means, (3,)) if means.exists() else []
    if single:
        rows = _of_part(single, _rows(single, (3, 4)), listed, whole_set=not single.name.startswith(split))
        pairs, ratings = _from_single(_row(row, folder, {**texts, **demos}, split, dimension) for row in rows)
    else:
        rated = (_row(row, folder, {**texts, **demos}, split, dimension) for row in listed)
        pairs, ratings = assemble_means(rated, N_EXPERTS), ()
    notes = (*(() if ratings else (NAMELESS,)), *_demo_note(pairs, demos))
    return RatedDataset(
        name="musiceval",
        scale=SCALE,
        pairs=pairs,
        ratings=ratings,
        source_sha256=hash_of(*sources),
        audio_root=folder,
        split=split,
        notes=notes,
        dimension=dimension,
    )


def _single_ratings(folder: Path, split: str) -> Path | None:
    """Return the file of the part's single ratings, else that of all parts, if the part's clips are listed."""
    of_part, of_all = (folder / "person_mos" / f"{name}_person_mos.txt" for name in (split, EVERYTHING))
    if of_part.exists():
        return of_part
    return of_all if of_all.exists() and (folder / "sets" / f"{split}_mos_list.txt").exists() else None


def _rows(path: Path, n_fields: Sequence[int]) -> Sequence[CsvRow]:
    """Return the rows of ratings, all of one width, below a header, if there is one; the release has none."""
    rows = list(read_lines(path, ",", n_fields))
    if rows and not _CLIP.fullmatch(rows[0]["0"]) and not _NUMBER.fullmatch(_rating(rows[0])):
        rows = rows[1:]
    most = max((len(row.fields) for row in rows), default=0)
    for row in rows:
        _clip(row)
        if len(row.fields) != most:
            raise row.error(f"{len(row.fields)} fields, expected {most} as in other lines; fetch the file again")
    return rows


def _prompts(path: Path) -> dict[str, str]:
    """Return the prompts by their ids, or by the names of their clips; none of a file that is not there."""
    texts: dict[str, str] = {}
    for row in read_lines(path, "\t", (2,)) if path.exists() else ():
        key, text = row["0"].removesuffix(".wav"), row["1"]
        if texts.setdefault(key, text) != text:
            raise row.error(f"prompt {quoted(key)} has another text than above; fetch the file again")
    return texts


def _of_part(path: Path, rows: Sequence[CsvRow], listed: Sequence[CsvRow], *, whole_set: bool) -> Sequence[CsvRow]:
    """Return the rows of the clips that are listed; all of them where the part has no list."""
    if not listed:
        return rows
    clips = {row["0"] for row in listed}
    kept = [row for row in rows if row["0"] in clips]
    unrated = sorted(clips - {row["0"] for row in kept})
    foreign = len({row["0"] for row in rows} - clips)
    if unrated or (foreign and not whole_set):
        raise DataError(
            f"{path}: {len(unrated):,} clips of {listed[0].path} have no rating here"
            f"{f' (first: {unrated[0]})' if unrated else ''}, and {foreign:,} are rated that it does not list; "
            "fetch both files again"
        )
    return kept


def _from_single(rows: Iterable[RatedRow]) -> tuple[tuple[RatedPair, ...], tuple[Rating, ...]]:
    """Average single ratings; without raters' names there are pairs, and no ratings by listener."""
    rated = list(rows)
    pairs, ratings = assemble(rated)
    return pairs, ratings if all("3" in one.row.fields for one in rated) else ()


def _row(row: CsvRow, folder: Path, texts: dict[str, str], split: str, dimension: str) -> RatedRow:
    clip = _clip(row)
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
    single = row.path.parent.name == "person_mos"
    rater = row.text("1") if "3" in row.fields else f"line {row.line}" if single else ""
    last = len(row.fields) - 1
    field_of = {IMPRESSION: str(last - 1), ALIGNMENT: str(last)}
    scores = {name: row.number(field, SCALE.low, SCALE.high) for name, field in field_of.items()}
    return RatedRow(facts, rater, scores.pop(dimension), row, scores)


def _clip(row: CsvRow) -> re.Match[str]:
    clip = _CLIP.fullmatch(row["0"])
    if clip is None:
        raise row.error(f"the clip is {quoted(row['0'])}, expected …-S001_P001.wav; fetch the file again")
    return clip


def _rating(row: CsvRow) -> str:
    return row.fields.get("3", row["2"])


def _demo_note(pairs: Sequence[RatedPair], demos: dict[str, str]) -> tuple[str, ...]:
    n_demos = sum(rated.pair.pair_id in demos for rated in pairs)
    if not n_demos:
        return ()
    return (f"{n_demos:,} of {len(pairs):,} clips are demos of their systems' makers, with prompts of their own.",)
