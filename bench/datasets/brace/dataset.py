"""BRACE-Main: which of two captions fits a clip better, by three votes a comparison.

Clips are of AudioCaps or Clotho; captions are people's (``human``), those of LTU and GAMA, and corrupted copies of
these (``LTU_broken``, ``GAMA_broken``). The publishers kept only comparisons whose votes add up to 2 or more for one
side, so no comparison here has votes for both sides: what listeners agree on is easier than what they were asked.

Votes of 1 and -1 are for the first and the second caption; 0 is a tie. Votes have places, not names: whether the first
vote is one person's throughout is not known, and nothing here depends on it.
"""

from __future__ import annotations

import re
from pathlib import Path

from bench.datasets.votes import Choice, Comparison, Vote, VotedDataset, pair_id_of
from bench.files.csvfile import CsvRow, quoted, read_csv
from metrics.types import AudioTextPair

PARTS = ("audiocaps", "clotho")
FOLDER = Path(__file__).parent
VOTES = ("vote_1", "vote_2", "vote_3")
VOTE_COLUMNS = ("comparison_id", "audio_path", "text_a", "text_b", "kind", "origin_a", "origin_b", *VOTES)
CHOICE_OF: dict[str, Choice] = {"1": "a", "-1": "b", "0": "tie"}
SELECTED = (
    "the publishers kept only comparisons whose votes (1, 0, -1) add up to 2 or more for one side: comparisons that "
    "listeners disagree on are not here"
)


def load_brace(part: str, root: Path | None = None) -> VotedDataset:
    """Load a part of BRACE-Main from the package.

    Args:
        part: one of `PARTS`.
        root: folder of the clips, for metrics that listen; they are not part of the package.

    Raises:
        DataError: the package's file is damaged.
    """
    table = read_csv(FOLDER / f"{part}_votes.csv", VOTE_COLUMNS)
    folder = root or Path(f"brace-{part}")
    return VotedDataset(
        name=f"brace:{part}",
        shared="clip",
        comparisons=tuple(_comparison(row, folder) for row in table.rows),
        votes=tuple(
            Vote(row["comparison_id"], column.replace("_", " "), _choice(row, column))
            for row in table.rows
            for column in VOTES
        ),
        source_sha256=table.sha256,
        audio_root=folder,
        notes=(SELECTED,),
        names_listeners=False,
    )


def _comparison(row: CsvRow, folder: Path) -> Comparison:
    clip = row["audio_path"]
    a, b = (
        AudioTextPair(pair_id_of(clip, caption), folder / clip, caption) for caption in (row["text_a"], row["text_b"])
    )
    systems = (_system(row["origin_a"]), _system(row["origin_b"]))
    return Comparison(row["comparison_id"], a, b, row["kind"], *systems)


def _system(origin: str) -> str:
    """Return what made a caption; ``caption_1`` to ``caption_5`` are a clip's captions by people."""
    return "human" if re.fullmatch(r"caption_\d", origin) else origin


def _choice(row: CsvRow, column: str) -> Choice:
    if row[column] not in CHOICE_OF:
        raise row.error(f"{column} is {quoted(row[column])}, expected 1, 0 or -1; install clap-bench again")
    return CHOICE_OF[row[column]]
