"""Rated pairs for the tests of training."""

from __future__ import annotations

from pathlib import Path

from bench.datasets.types import RatedPair
from metrics.types import AudioTextPair


def make_pair(
    pair_id: str,
    caption: str = "a dog barks",
    rating: float = 5.0,
    path: Path | None = None,
    caption_id: str | None = None,
    split: str | None = None,
) -> RatedPair:
    """Return a pair; its clip need not exist."""
    pair = AudioTextPair(pair_id, path or Path(f"{pair_id}.wav"), caption)
    return RatedPair(pair, rating, 3, "natural", None, caption_id or caption, split)
