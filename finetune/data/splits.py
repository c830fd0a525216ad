"""Holding out a share of the training pairs to choose the best epoch on.

Pairs of one caption share its wording and its listeners, so that a model can recognise in validation what it was
shown in training: captions are therefore held out with all their pairs. Splitting single pairs, as the paper does,
makes the validation loss optimistic.

What is drawn depends on the ids and the seed only, through SHA-256: not on the order of the pairs nor on the version
of a random number generator, and a pair that is added leaves the others where they were, save at the border.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence

from bench.datasets.types import RatedPair
from finetune.config import SplitBy
from metrics.errors import DataError


def hold_out(
    pairs: Sequence[RatedPair], share: float, by: SplitBy = "captions", seed: int = 0
) -> tuple[list[RatedPair], list[RatedPair]]:
    """Return the pairs for training and for validation, both in the order given.

    Args:
        pairs: of the training part of a data set.
        share: of the pairs to be held out, in (0, 1); captions are drawn until it is reached.
        by: draw ``captions`` with all their pairs, or single ``pairs``.
        seed: of the draw.

    Raises:
        DataError: there are too few captions (or pairs) for both parts to have one.
    """
    keys = [rated.caption_id if by == "captions" else rated.pair.pair_id for rated in pairs]
    held_out = _draw(Counter(keys), round(share * len(pairs)), seed)
    training = [rated for rated, key in zip(pairs, keys, strict=True) if key not in held_out]
    validation = [rated for rated, key in zip(pairs, keys, strict=True) if key in held_out]
    if not training or not validation:
        raise DataError(
            f"{len(pairs)} pairs with {len(set(keys))} {by} cannot be split for training and validation; "
            "give more data, or a part of its own with --validation-split"
        )
    return training, validation


def draw_order(key: str, seed: int) -> str:
    """Return what sorts keys into a random order that is the same on every machine."""
    return hashlib.sha256(f"{seed}/{key}".encode()).hexdigest()


def _draw(sizes: Counter[str], wanted: int, seed: int) -> set[str]:
    drawn: set[str] = set()
    n_pairs = 0
    for key in sorted(sizes, key=lambda key: draw_order(key, seed)):
        if n_pairs >= max(wanted, 1):
            break
        drawn.add(key)
        n_pairs += sizes[key]
    return drawn
