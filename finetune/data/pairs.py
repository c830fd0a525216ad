"""The training pairs as a model takes them: features, tokens and rescaled ratings, cut into batches by index."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int

from bench.datasets.types import RatedDataset
from finetune.data.features import ClipFeatures
from metrics.encoder import TokenisedCaption
from metrics.errors import DataError

LISTED = 5


@dataclass(frozen=True)
class Batch:
    """One forward pass.

    Attributes:
        windows: of all clips of the batch, in the order of the pairs.
        owners: the pair that each window belongs to.
        captions: one a pair.
        ratings: a_i in [0, 1].
    """

    windows: Float[torch.Tensor, "windows channels frames mels"]
    owners: Int[torch.Tensor, " windows"]
    captions: tuple[TokenisedCaption, ...]
    ratings: Float[torch.Tensor, " pairs"]

    def to(self, device: torch.device) -> Batch:
        """Return the batch with its tensors on ``device``."""
        return Batch(self.windows.to(device), self.owners.to(device), self.captions, self.ratings.to(device))


@dataclass(frozen=True)
class PairSet:
    """Pairs to train on or to validate with.

    Attributes:
        features: of the clips.
        clips: which clip of ``features`` each pair has.
        captions: of each pair.
        ratings: a_i in [0, 1]; where there are no ratings, 1.
    """

    features: ClipFeatures
    clips: Int[np.ndarray, " pairs"]
    captions: tuple[TokenisedCaption, ...]
    ratings: Float[np.ndarray, " pairs"]

    def __len__(self) -> int:
        return len(self.ratings)

    def batch(self, indices: Int[np.ndarray, " batch"]) -> Batch:
        """Return the pairs with these indices, in this order."""
        first = self.features.first
        rows = [np.arange(first[clip], first[clip + 1]) for clip in self.clips[indices]]
        owners = np.repeat(np.arange(len(indices)), [len(of_clip) for of_clip in rows])
        return Batch(
            torch.from_numpy(self.features.windows[np.concatenate(rows)]),
            torch.from_numpy(owners),
            tuple(self.captions[index] for index in indices),
            torch.from_numpy(self.ratings[indices]).float(),
        )


def check_ratings(dataset: RatedDataset) -> None:
    """Refuse ratings that nothing can be learnt from.

    Raises:
        DataError: there are no pairs; a rating is NaN, infinite or off the scale; all are equal.
    """
    where = f"{dataset.name}, split {dataset.split or 'all'}"
    if not dataset.pairs:
        raise DataError(f"{where}: no pairs; choose another split")
    ratings = np.array([rated.mean_rating for rated in dataset.pairs])
    scale = dataset.scale
    wrong = ~((ratings >= scale.low) & (ratings <= scale.high))  # NaN too
    if wrong.any():
        which = listed(f"{dataset.pairs[k].pair.pair_id} {ratings[k]:g}" for k in np.flatnonzero(wrong))
        raise DataError(
            f"{where}: {int(wrong.sum())} of {len(ratings)} mean ratings are not on the scale from {scale.low:g} to "
            f"{scale.high:g} ({which}); correct them, or give the scale with --scale"
        )
    if len(ratings) > 1 and np.ptp(ratings) == 0:
        raise DataError(
            f"{where}: all {len(ratings)} mean ratings are {ratings[0]:g}; there is no difference to learn from: "
            "give others"
        )


def listed(items: Iterable[str]) -> str:
    """Return the first few items, for a message."""
    every = list(items)
    return ", ".join(every[:LISTED]) + (", …" if len(every) > LISTED else "")
