"""What data sets have in common: captions, and clips by the content of their files.

Scores on two data sets that share material are no independent evidence, and a scorer that was trained on one of them
has seen a part of the other. Captions are compared by `bench.datasets.captions.caption_key`. A clip that is missing has
no content and is compared with nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from bench.datasets.captions import caption_key
from bench.datasets.types import Tested
from metrics.files import sha256_of_file
from metrics.types import ProgressCallback, no_progress


@dataclass(frozen=True, slots=True)
class Overlap:
    """What two data sets share.

    Attributes:
        first, second: their names, with the split.
        captions: keys of shared ones, in alphabetical order.
        n_clips: shared clips by content; None where one of them has no clips here.
        n_affected_first, n_affected_second: pairs of each with a shared caption or clip.
    """

    first: str
    second: str
    captions: tuple[str, ...]
    n_clips: int | None
    n_affected_first: int
    n_affected_second: int


def find_overlaps(datasets: Sequence[Tested], hashes: Sequence[Mapping[str, str]]) -> tuple[Overlap, ...]:
    """Compare every two data sets.

    Args:
        datasets: two or more.
        hashes: what `clip_hashes` says of each.
    """
    indexed = list(zip(datasets, hashes, strict=True))
    return tuple(_overlap(*first, *second) for first, second in combinations(indexed, 2))


def label(name: str, split: str | None) -> str:
    """Return the name of a data set, with its split if it has any."""
    return f"{name} ({split})" if split else name


def _overlap(first: Tested, first_clips: Mapping[str, str], second: Tested, second_clips: Mapping[str, str]) -> Overlap:
    captions = _captions(first) & _captions(second)
    clips = set(first_clips.values()) & set(second_clips.values())
    affected = [
        sum(
            caption_key(pair.caption) in captions or known.get(pair.pair_id) in clips
            for pair in dataset.audio_text_pairs
        )
        for dataset, known in ((first, first_clips), (second, second_clips))
    ]
    n_clips = len(clips) if first_clips and second_clips else None
    names = label(first.name, first.split), label(second.name, second.split)
    return Overlap(names[0], names[1], tuple(sorted(captions)), n_clips, *affected)


def _captions(dataset: Tested) -> set[str]:
    return {caption_key(pair.caption) for pair in dataset.audio_text_pairs}


def clip_hashes(dataset: Tested, progress: ProgressCallback = no_progress) -> dict[str, str]:
    """Return the SHA-256 of each clip that is here, by pair id."""
    hashes: dict[str, str] = {}
    pairs = dataset.audio_text_pairs
    for done, pair in enumerate(pairs, start=1):
        if pair.audio_path.is_file():
            hashes[pair.pair_id] = sha256_of_file(pair.audio_path)
        progress(f"clips of {label(dataset.name, dataset.split)}", done, len(pairs))
    return hashes
