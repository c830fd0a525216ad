"""PAM's listening tests: mean ratings, 1 to 5, of how well generated sounds (or music) match their captions (REL),
and of their overall quality (OVL).

Deshmukh et al., "PAM: Prompting Audio-Language Models for Audio Quality Assessment", Interspeech 2024;
https://zenodo.org/records/10737388 (see there for the licence). Layout, under ``human_eval``:

    {audio,music}/scores.csv        Model, File Name, Text, OVL, REL
    {audio,music}/MODEL/FILE NAME   the clips; names in the table lack ``.wav``

The model ``real`` is the recording that the caption was written for. ``OVL`` is not about the caption: it is a
dimension of its own, ``quality``. Single ratings are not published.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Literal

from bench.datasets.adapters.assembly import assemble_means
from bench.datasets.adapters.external import (
    ONLY_MEANS,
    REL_DIMENSIONS,
    RELEVANCE,
    read_rel,
    refuse_missing,
    rel_row,
    set_folder,
)
from bench.datasets.entry import DatasetEntry
from bench.datasets.fetching.download import PAM_FOLDER
from bench.datasets.types import RatedDataset, RatingScale

Part = Literal["audio", "music"]

SCALE = RatingScale(1.0, 5.0)
HOW_TO_GET = "fetch it with 'bench datasets pull pam:audio',"
ENTRIES = tuple(
    DatasetEntry(
        name=f"pam:{part}",
        summary=f"PAM's listening test: how well generated {what} matches the caption, 1 to 5",
        dimensions=REL_DIMENSIONS,
        scale=SCALE,
        licence="see https://zenodo.org/records/10737388",
        takes=frozenset({"root", "dimension"}),
        load=f"bench.datasets.adapters.pam:load_{part}",
        pull="bench.datasets.fetching.download:pull_pam",
        find="bench.datasets.adapters.external:find_set",
        how_to_get=HOW_TO_GET,
        ratings=(f"{PAM_FOLDER}/{part}/scores.csv", f"{part}/scores.csv"),
    )
    for part, what in (("audio", "sound"), ("music", "music"))
)


def load_pam(root: Path | None = None, *, part: Part = "audio", dimension: str = RELEVANCE) -> RatedDataset:
    """Load one of the two tests, ``dimension`` as the target. Clips are not opened: a missing one is no error here.

    Raises:
        UnavailableError: its scores are not there.
        DataError: the file is broken, or a rating is not on the scale.
    """
    folder = set_folder("pam", root)
    folder = (folder / PAM_FOLDER if (folder / PAM_FOLDER).is_dir() else folder) / part
    path = folder / "scores.csv"
    refuse_missing(path, HOW_TO_GET)
    table = read_rel(path, dimension)
    rows = [rel_row(row, SCALE, (folder / row.text("system"), folder), dimension) for row in table.rows]
    return RatedDataset(
        name=f"pam:{part}",
        scale=SCALE,
        pairs=assemble_means(rows),
        ratings=(),
        source_sha256=table.sha256,
        audio_root=folder,
        notes=(ONLY_MEANS,),
        dimension=dimension,
    )


load_audio = partial(load_pam, part="audio")
load_music = partial(load_pam, part="music")
