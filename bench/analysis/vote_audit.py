"""What a data set of votes is like, and what is wrong with it, before anything is computed from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bench.analysis.audit import AudioAudit, audit_audio
from bench.analysis.strata import ALL
from bench.analysis.vote_results import kind_label
from bench.analysis.votes import ballots_of
from bench.datasets.captions import caption_key
from bench.datasets.votes import Shared, VotedDataset
from bench.statistics.ballots import hold_out
from bench.statistics.types import DEFAULT_PLAN
from metrics.types import ProgressCallback, no_progress


@dataclass(frozen=True, slots=True)
class VoteGroup:
    """The comparisons of one kind, or all of them.

    Attributes:
        label: ``all``, or the kind.
        n_votes, n_ties: single votes, and those for neither side.
        n_equal: comparisons without a majority.
        n_contradicted: comparisons with votes for both sides.
        one_vote: share of the votes that say what the majority of the others says; None where no vote has others that
            prefer a side.
    """

    label: str
    n_comparisons: int
    n_votes: int
    n_ties: int
    n_equal: int
    n_contradicted: int
    one_vote: float | None


@dataclass(frozen=True, slots=True)
class VoteAudit:
    """A data set of votes in numbers.

    Attributes:
        name: as in ``--dataset``.
        source_sha256: of the file of votes.
        notes: the data set's own remarks.
        shared: what both sides of a comparison have in common.
        n_pairs: clips and captions that a metric has to score.
        n_captions: different captions.
        n_listeners: 0 if the data name no listeners.
        votes_per_comparison: number of comparisons by number of votes.
        systems: sides by what made them; sides of unknown origin are not counted.
        groups: all comparisons, then each kind where there are several.
        audio: the clips.
    """

    name: str
    source_sha256: str
    notes: tuple[str, ...]
    shared: Shared
    n_pairs: int
    n_captions: int
    n_listeners: int
    votes_per_comparison: Mapping[int, int]
    systems: Mapping[str, int]
    groups: tuple[VoteGroup, ...]
    audio: AudioAudit


def audit_votes(
    dataset: VotedDataset, *, expected_rate_hz: int | None = None, progress: ProgressCallback = no_progress
) -> VoteAudit:
    """Look at votes and clips; nothing that is found raises. Arguments as in `bench.analysis.audit.audit`."""
    sides = [side for one in dataset.comparisons for side in (one.system_a, one.system_b) if side]
    return VoteAudit(
        name=dataset.name,
        source_sha256=dataset.source_sha256,
        notes=dataset.notes,
        shared=dataset.shared,
        n_pairs=len(dataset.pairs),
        n_captions=len({caption_key(pair.caption) for pair in dataset.pairs}),
        n_listeners=len(dataset.listener_ids),
        votes_per_comparison=dict(sorted(Counter(dataset.counts().sum(axis=0).tolist()).items())),
        systems=dict(sorted(Counter(sides).items())),
        groups=_groups(dataset),
        audio=audit_audio(dataset.pairs, expected_rate_hz, progress),
    )


def _groups(dataset: VotedDataset) -> tuple[VoteGroup, ...]:
    groups = []
    for ballots in ballots_of(dataset, {}, DEFAULT_PLAN):
        a, b, ties = ballots.counts
        held = hold_out(ballots)
        n_held = float(held.held_out.sum())
        groups.append(
            VoteGroup(
                ALL if ballots.stratum == ALL else kind_label(ballots.stratum),
                n_comparisons=len(a),
                n_votes=int(ballots.counts.sum()),
                n_ties=int(ties.sum()),
                n_equal=int(np.sum(a == b)),
                n_contradicted=int(np.sum((a > 0) & (b > 0))),
                one_vote=float(held.agreeing.sum()) / n_held if n_held else None,
            )
        )
    return tuple(groups)
