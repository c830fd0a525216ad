"""Human-rated audio-text pairs: the types that every data set is loaded into."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, get_args, runtime_checkable

import numpy as np
from jaxtyping import Float

from bench.datasets.captions import merged_captions
from metrics.types import AudioTextPair


@runtime_checkable
class Tested(Protocol):
    """What metrics are tested on, whether listeners rated it or voted on it."""

    @property
    def name(self) -> str: ...
    @property
    def split(self) -> str | None: ...
    @property
    def source_sha256(self) -> str: ...
    @property
    def audio_text_pairs(self) -> Sequence[AudioTextPair]: ...
    @property
    def listener_ids(self) -> frozenset[str]:
        """The listeners, as far as they are named."""
        ...

    def portable_name(self, path: Path) -> str: ...


Source = Literal["natural", "synthesized"]
SOURCES: tuple[Source, ...] = get_args(Source)


@dataclass(frozen=True, slots=True)
class RatingScale:
    """The closed interval of possible ratings, e.g. 0 to 10."""

    low: float
    high: float

    def rescale(self, ratings: Float[np.ndarray, " pairs"]) -> Float[np.ndarray, " pairs"]:
        """Map ratings linearly onto [0, 1], the range of CLAPScore (Human-CLAP, section III.A)."""
        return (ratings - self.low) / (self.high - self.low)

    def unscale(self, rescaled: Float[np.ndarray, " pairs"]) -> Float[np.ndarray, " pairs"]:
        """Map [0, 1] back onto the scale."""
        return self.low + (self.high - self.low) * rescaled

    @property
    def midpoint(self) -> float:
        """The middle of the scale: 5 on a 0-10 scale."""
        return (self.low + self.high) / 2


@dataclass(frozen=True, slots=True)
class Rating:
    """One listener's answer to one pair, on the data set's scale."""

    pair_id: str
    listener_id: str
    score: float


@dataclass(frozen=True, slots=True)
class RatedPair:
    """A pair with the mean of its ratings.

    Attributes:
        pair: clip and caption.
        mean_rating: mean over the listeners who remain after screening, on the data set's scale.
        n_ratings: number of those listeners.
        source: recorded (``natural``) or generated (``synthesized``); None where unknown.
        system: what made the clip (``audiocaps``, ``audioldm2``, …); None where unknown.
        caption_id: pairs with the same caption_id share a caption, and so are not independent; all spellings of one
            caption have one (`bench.datasets.captions`), unless the data give ids of their own.
        split: the part of the data set that the pair belongs to; None where there are no parts.
        others: mean ratings in the data set's other dimensions, by name, on its scale; a pair may lack some.
    """

    pair: AudioTextPair
    mean_rating: float
    n_ratings: int
    source: Source | None
    system: str | None
    caption_id: str
    split: str | None
    others: Mapping[str, float] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class RatedDataset:
    """Rated pairs, the single ratings behind them, and where they come from.

    Attributes:
        name: as the user wrote it in ``--dataset``.
        scale: the interval of possible ratings.
        pairs: in a fixed order, unique by pair_id.
        ratings: every rating that survived screening; empty if the source gives only means.
        source_sha256: hash of the rating file, or of what determines a generated set.
        audio_root: folder that the clips' portable names are relative to.
        split: which part was loaded.
        screening: how listeners were screened.
        dimension: what was rated, in a word or two: the target of metrics; empty where nobody says.
        notes: remarks that belong under every table made from the data.
    """

    name: str
    scale: RatingScale
    pairs: tuple[RatedPair, ...]
    ratings: tuple[Rating, ...]
    source_sha256: str
    audio_root: Path
    split: str | None = None
    screening: str | None = None
    notes: tuple[str, ...] = ()
    dimension: str = ""

    @property
    def audio_text_pairs(self) -> tuple[AudioTextPair, ...]:
        """The pairs without their ratings."""
        return tuple(rated.pair for rated in self.pairs)

    @property
    def listener_ids(self) -> frozenset[str]:
        """Those whose single ratings are known."""
        return frozenset(rating.listener_id for rating in self.ratings)

    @property
    def remarks(self) -> tuple[str, ...]:
        """The notes, and how many captions are spellings of one."""
        merged = merged_captions((rated.pair.caption, rated.caption_id) for rated in self.pairs)
        return self.notes if merged is None else (*self.notes, merged)

    @property
    def other_dimensions(self) -> dict[str, dict[str, float]]:
        """Mean ratings by pair_id in each dimension that was rated beside the target, by name."""
        found: dict[str, dict[str, float]] = {}
        for rated in self.pairs:
            for name, mean in rated.others.items():
                found.setdefault(name, {})[rated.pair.pair_id] = mean
        return found

    def portable_name(self, path: Path) -> str:
        """Return a clip's path relative to ``audio_root`` with forward slashes; one outside of it stays as it is."""
        return path.relative_to(self.audio_root).as_posix() if path.is_relative_to(self.audio_root) else path.as_posix()
