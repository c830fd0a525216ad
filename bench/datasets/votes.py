"""Votes: which of two captions fits a clip better, or which of two clips a caption; the types of such data sets.

A vote is between two pairs that share their clip or their caption. It says nothing of how well either of them fits.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from jaxtyping import Int

from bench.datasets.captions import caption_id_of, caption_ids
from metrics.types import AudioTextPair

Choice = Literal["a", "b", "tie"]
CHOICES: tuple[Choice, ...] = get_args(Choice)
Shared = Literal["clip", "caption"]
"""What the two sides of a comparison have in common."""


@dataclass(frozen=True, slots=True)
class Vote:
    """One listener's choice: side a, side b, or neither (``tie``). A listener who did not vote has no `Vote`."""

    comparison_id: str
    listener_id: str
    choice: Choice


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two pairs that were held against each other.

    Attributes:
        a, b: the sides; which one is called a has no meaning.
        kind: stratum, such as ``human-machine``: who made the two sides; None where unknown.
        system_a, system_b: what made each side (``human``, ``LTU``, …); None where unknown.
    """

    comparison_id: str
    a: AudioTextPair
    b: AudioTextPair
    kind: str | None = None
    system_a: str | None = None
    system_b: str | None = None


@dataclass(frozen=True)
class VotedDataset:
    """Comparisons, the votes on them, and where they come from.

    Attributes:
        name: as the user wrote it.
        shared: what both sides of every comparison have in common; comparisons that share it are resampled together.
        comparisons: unique by comparison_id.
        votes: at most one a listener and comparison.
        source_sha256: hash of the file of votes.
        audio_root: folder that the clips' portable names are relative to.
        notes: remarks that belong under every table made from the data.
        names_listeners: whether a listener_id is one person's wherever it stands; otherwise it is a place.
    """

    name: str
    shared: Shared
    comparisons: tuple[Comparison, ...]
    votes: tuple[Vote, ...]
    source_sha256: str
    audio_root: Path
    notes: tuple[str, ...] = ()
    names_listeners: bool = True

    @property
    def split(self) -> None:
        """Data sets of votes are not split."""
        return

    @property
    def audio_text_pairs(self) -> tuple[AudioTextPair, ...]:
        """See ``pairs``."""
        return self.pairs

    @property
    def listener_ids(self) -> frozenset[str]:
        """Those who voted, as far as they are named."""
        return frozenset(vote.listener_id for vote in self.votes if self.names_listeners)

    @cached_property
    def pairs(self) -> tuple[AudioTextPair, ...]:
        """Every clip and caption that a metric has to score, once, in the order of the comparisons."""
        return tuple({side.pair_id: side for one in self.comparisons for side in (one.a, one.b)}.values())

    def sides(self) -> Int[np.ndarray, "2 comparisons"]:
        """Return the rows of both sides in ``pairs``."""
        row = {pair.pair_id: i for i, pair in enumerate(self.pairs)}
        return np.array([[row[one.a.pair_id], row[one.b.pair_id]] for one in self.comparisons], int).T

    def counts(self) -> Int[np.ndarray, "3 comparisons"]:
        """Return the number of votes for side a, for side b, and for neither."""
        column = {one.comparison_id: i for i, one in enumerate(self.comparisons)}
        found = np.zeros((len(CHOICES), len(self.comparisons)), int)
        at = [(CHOICES.index(vote.choice), column[vote.comparison_id]) for vote in self.votes]
        np.add.at(found, tuple(np.array(at, int).reshape(-1, 2).T), 1)
        return found

    def clusters(self) -> Int[np.ndarray, " comparisons"]:
        """Return the index of the clip, or caption, that both sides share; spellings of a caption are one."""
        if self.shared == "clip":
            keys = [str(one.a.audio_path) for one in self.comparisons]
        else:
            ids = caption_ids(one.a.caption for one in self.comparisons)
            keys = [ids[one.a.caption] for one in self.comparisons]
        return np.unique(np.array(keys, dtype=np.str_), return_inverse=True)[1].reshape(-1)

    def portable_name(self, path: Path) -> str:
        """Return a clip's path relative to ``audio_root`` with forward slashes; one outside of it stays as it is."""
        return path.relative_to(self.audio_root).as_posix() if path.is_relative_to(self.audio_root) else path.as_posix()


def pair_id_of(audio: str, caption: str) -> str:
    """Return ``CLIP#HASH``, of the clip's name and the caption's text: as pairs of a user's ratings are named."""
    return f"{audio}#{caption_id_of(caption)}"
