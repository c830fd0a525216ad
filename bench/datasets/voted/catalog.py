"""The data sets of votes by name, and a user's own by its file.

A CSV file holds votes if it has a column ``choice``; one with ratings has a column ``rating``.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from bench.datasets.entry import Target, resolve
from bench.datasets.votes import VotedDataset
from metrics.errors import UsageError, did_you_mean


@dataclass(frozen=True, slots=True, kw_only=True)
class VotedEntry:
    """One data set of votes.

    Attributes:
        name: as in ``--dataset``.
        summary: what listeners were asked, in one line.
        licence: of the votes.
        load: function that returns a `bench.datasets.votes.VotedDataset`, given ``argument`` and the clips' folder.
        argument: which part.
        clips: where the clips come from.
    """

    name: str
    summary: str
    licence: str
    load: Target
    argument: str
    clips: str


VOTED = tuple(
    VotedEntry(
        name=f"brace:{part}",
        summary=f"which of two captions fits {clips} better: people's captions, LTU's, GAMA's, corrupted ones",
        licence="Apache-2.0 (votes and captions)",
        load="bench.datasets.brace.dataset:load_brace",
        argument=part,
        clips="clips: huggingface.co/datasets/gtysssp/audio_benchmarks, then --data-root FOLDER",
    )
    for part, clips in (("audiocaps", "a clip of AudioCaps"), ("clotho", "a clip of Clotho"))
)


def is_voted(name: str) -> bool:
    """Say whether ``name`` is, or begins as, that of a data set of votes, or is a CSV file with a column ``choice``."""
    families = {entry.name.partition(":")[0] for entry in VOTED}
    return name.partition(":")[0] in families or (
        Path(name).suffix.lower() == ".csv" and "choice" in _header(Path(name))
    )


def load_voted(name: str, data_root: Path | None = None) -> VotedDataset:
    """Load a data set of votes by name, or a user's own from a path that ends in ``.csv``.

    Args:
        name: as in ``--dataset``.
        data_root: folder of the clips; they are not opened here. A CSV file says itself where its clips are.

    Raises:
        UsageError: unknown name, no such file, or a folder for a CSV file.
        DataError: the file is broken.
    """
    if Path(name).suffix.lower() == ".csv":
        if data_root is not None:
            raise UsageError(f"--data-root has no meaning for {name}; leave it out")
        own: VotedDataset = resolve("bench.datasets.voted.custom:load_own_votes")(Path(name))
        return own
    entry = find_voted(name)
    dataset: VotedDataset = resolve(entry.load)(entry.argument, data_root)
    return dataset


def find_voted(name: str) -> VotedEntry:
    """Return the data set of votes of that name.

    Raises:
        UsageError: there is none.
    """
    for entry in VOTED:
        if name == entry.name:
            return entry
    known = [entry.name for entry in VOTED]
    raise UsageError(
        f"unknown data set of votes {name!r}{did_you_mean(name, known)} (known: {', '.join(known)}, or the path of a "
        ".csv file with a column choice)"
    )


def _header(path: Path) -> list[str]:
    """Return the names of a file's columns; none where it is no text, for `load_voted` to say so."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            return [name.strip() for name in next(csv.reader(stream), [])]
    except (OSError, ValueError, csv.Error):
        return []
