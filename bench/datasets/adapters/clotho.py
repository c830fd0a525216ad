"""Clotho captions: mean ratings, 1 to 5, of how well four systems' clips, and the recordings, match them (REL),
and of the clips' overall quality (OVL).

The listening test of AudioBERTScore, https://github.com/lourson1091/audiobertscore (no licence is stated; not every
commit has the files, the one below does): 100 captions of Clotho, each with the recording and the clips of AudioGen,
TangoFlux, AudioLDM and AudioLDM 2. Layout:

    clotho_ovl_rel_test_set.csv     File Name,Model,Text,OVL,REL; names end in .wav
    wave_all_16k/MODEL/FILE NAME    the clips, 16 kHz

The model ``real`` is the recording. ``OVL`` is not about the caption: it is a dimension of its own, ``quality``. Single
ratings are not published.
"""

from __future__ import annotations

from pathlib import Path

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
from bench.datasets.types import RatedDataset, RatingScale

SCALE = RatingScale(1.0, 5.0)
RATINGS = "clotho_ovl_rel_test_set.csv"
AUDIO_FOLDER = "wave_all_16k"
COMMIT = "ed5cec0cf5ec58b35c936468d93f6873e78b31c7"
HOW_TO_GET = f"fetch commit {COMMIT[:7]} of https://github.com/lourson1091/audiobertscore with git,"
ENTRIES = (
    DatasetEntry(
        name="clotho",
        summary="AudioBERTScore's listening test on Clotho: how well the clip matches the caption, 1 to 5",
        dimensions=REL_DIMENSIONS,
        scale=SCALE,
        licence="none stated",
        sample_rate_hz=16_000,
        takes=frozenset({"root", "dimension"}),
        load="bench.datasets.adapters.clotho:load_clotho",
        find="bench.datasets.adapters.external:find_set",
        how_to_get=HOW_TO_GET,
        ratings=(RATINGS,),
    ),
)


def load_clotho(root: Path | None = None, *, dimension: str = RELEVANCE) -> RatedDataset:
    """Load the test, ``dimension`` as the target. Clips are not opened: a missing one is no error here.

    Raises:
        UnavailableError: its ratings are not there.
        DataError: the file is broken, or a rating is not on the scale.
    """
    folder = set_folder("clotho", root)
    path = folder / RATINGS
    refuse_missing(path, HOW_TO_GET)
    table = read_rel(path, dimension)
    homes = (folder / AUDIO_FOLDER, folder)
    rows = [rel_row(row, SCALE, [home / row.text("system") for home in homes], dimension) for row in table.rows]
    return RatedDataset(
        name="clotho",
        scale=SCALE,
        pairs=assemble_means(rows),
        ratings=(),
        source_sha256=table.sha256,
        audio_root=folder,
        notes=(ONLY_MEANS,),
        dimension=dimension,
    )
