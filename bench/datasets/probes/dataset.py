"""A set of probes from any rated data set: the original captions and clips, ratings not looked at unless asked.

A probe is a comparison whose preferred side is constructed: the original caption of the clip. No listener said so.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Int

from bench.datasets.captions import caption_key
from bench.datasets.probes.rules import RULES
from bench.datasets.types import RatedDataset, RatedPair
from bench.datasets.votes import Comparison, Vote, VotedDataset, pair_id_of
from metrics.errors import DataError, UsageError, did_you_mean
from metrics.types import AudioTextPair

SWAPPED = "swapped"
KINDS = (SWAPPED, *RULES)
"""Caption of another clip; order of events reversed; last event removed; first event negated."""

RULE = "constructed"
"""Stands where the name of a listener would."""


@dataclass(frozen=True)
class Probes(VotedDataset):
    """Comparisons of a caption, side a, with an altered one, side b; ``choice`` is always a.

    Attributes:
        n_pairs: clips with captions that probes were to be made of.
        not_made: captions that a rule does not apply to, by kind.
        groups: index of what each comparison is resampled with: all that share a clip or an original caption.
    """

    n_pairs: int = 0
    not_made: Mapping[str, int] = field(default_factory=dict)
    groups: tuple[int, ...] = ()

    def clusters(self) -> Int[np.ndarray, " comparisons"]:
        """Return ``groups``: clips of one caption stand against the same altered captions."""
        found: np.ndarray = np.unique(np.array(self.groups, dtype=int), return_inverse=True)[1].reshape(-1)
        return found


def parse_kinds(text: str) -> tuple[str, ...]:
    """Read ``"order,negated"``, in the order of `KINDS`.

    Raises:
        UsageError: another kind is among them, or none.
    """
    named = [part.strip() for part in text.split(",")]
    unknown = next((name for name in named if name not in KINDS), None)
    if unknown is not None:
        raise UsageError(
            f"--kinds is {text!r}; give one or more of {', '.join(KINDS)}, with commas between them"
            f"{did_you_mean(unknown, KINDS)}"
        )
    return tuple(kind for kind in KINDS if kind in named)


def make_probes(
    dataset: RatedDataset, kinds: Collection[str] = KINDS, least_rating: float | None = None, seed: int = 0
) -> Probes:
    """Alter the caption of every clip once a kind.

    Args:
        dataset: clips and captions.
        kinds: of `KINDS`.
        least_rating: leave out clips whose mean rating is below; None takes all.
        seed: deals out the captions of other clips; each clip's depends on nothing but its id, the captions and this.

    Raises:
        DataError: no probe could be made.
    """
    pairs = _unique([one for one in dataset.pairs if least_rating is None or one.mean_rating >= least_rating], dataset)
    if not pairs:
        raise DataError(f"{dataset.name}: no clip has a mean rating of {least_rating:g} or more; give a lower one")
    others = sorted({caption_key(one.pair.caption): one.pair.caption for one in dataset.pairs}.items())
    groups = _groups(pairs)
    comparisons, of_group, not_made = list[Comparison](), list[int](), Counter[str]()
    for kind in (kind for kind in KINDS if kind in kinds):
        for one, group in zip(pairs, groups, strict=True):
            altered = _altered(kind, one, others, seed)
            if altered is None or caption_key(altered) == caption_key(one.pair.caption):
                not_made[kind] += 1
                continue
            comparisons.append(_comparison(dataset, one, kind, altered))
            of_group.append(group)
    if not comparisons:
        raise DataError(f"{dataset.name}: none of {len(pairs):,} captions makes a probe; take other kinds or clips")
    repeated = len({one.caption_id for one in pairs}) < len(pairs)
    left_out = () if least_rating is None else (f"clips with a mean rating below {least_rating:g} are left out",)
    return Probes(
        name=dataset.name,
        shared="caption" if repeated else "clip",
        comparisons=tuple(comparisons),
        votes=tuple(Vote(one.comparison_id, RULE, "a") for one in comparisons),
        source_sha256=dataset.source_sha256,
        audio_root=dataset.audio_root,
        notes=(*dataset.notes, *left_out),
        n_pairs=len(pairs),
        not_made={kind: not_made[kind] for kind in KINDS if kind in kinds},
        groups=tuple(of_group),
    )


def _unique(pairs: Sequence[RatedPair], dataset: RatedDataset) -> list[RatedPair]:
    """Return each clip and caption once."""
    return list({_pair_id(dataset, one.pair, one.pair.caption): one for one in reversed(pairs)}.values())[::-1]


def _altered(kind: str, rated: RatedPair, others: Sequence[tuple[str, str]], seed: int) -> str | None:
    if kind != SWAPPED:
        return RULES[kind](rated.pair.caption)
    own = caption_key(rated.pair.caption)
    choices = len(others) - 1
    if choices < 1:
        return None
    digest = hashlib.sha256(f"{seed}|{rated.pair.pair_id}".encode("utf-8", "surrogatepass")).digest()
    position = bisect_left(others, (own, ""))
    step = 1 + int.from_bytes(digest[:8], "big") % choices
    return others[(position + step) % len(others)][1]


def _comparison(dataset: RatedDataset, rated: RatedPair, kind: str, altered: str) -> Comparison:
    pair = rated.pair
    a, b = (replace(pair, pair_id=_pair_id(dataset, pair, text), caption=text) for text in (pair.caption, altered))
    return Comparison(f"{kind}: {pair.pair_id}", a, b, kind)


def _pair_id(dataset: RatedDataset, pair: AudioTextPair, caption: str) -> str:
    return pair_id_of(dataset.portable_name(pair.audio_path), caption)


def _groups(pairs: Sequence[RatedPair]) -> list[int]:
    """Number what shares a clip or a caption, directly or through others, alike."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    clips = np.unique([str(one.pair.audio_path) for one in pairs], return_inverse=True)[1].reshape(-1)
    captions = np.unique([one.caption_id for one in pairs], return_inverse=True)[1].reshape(-1)
    n_clips = int(clips.max(initial=-1)) + 1
    size = n_clips + int(captions.max(initial=-1)) + 1
    links = coo_array((np.ones(len(pairs)), (clips, n_clips + captions)), shape=(size, size))
    number = connected_components(links, directed=False)[1]
    return [int(number[clip]) for clip in clips]
