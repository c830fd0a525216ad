"""Everything that is computed from votes and scores: agreement, one listener beside it, differences, strengths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from bench.datasets.votes import VotedDataset
from bench.statistics.ballots import split_ballots
from bench.statistics.strengths import SystemStrength, system_strengths
from bench.statistics.types import ResamplingPlan
from bench.statistics.vote_differences import VoteDifference, differences_in_accuracy
from bench.statistics.votes import BesideVoter, OneVoter, VoteAgreement, VoteUnit, agreement_with_votes

ALL = "all"
KIND = "kind:"
"""What the name of a stratum begins with that holds the comparisons of one kind."""


@dataclass(frozen=True, slots=True)
class VoteAnalysis:
    """The statistics of a run on votes: each field is one JSON file of its folder."""

    vote_agreements: tuple[VoteAgreement, ...]
    one_voter: tuple[OneVoter, ...]
    beside_voter: tuple[BesideVoter, ...]
    vote_differences: tuple[VoteDifference, ...]
    system_strengths: tuple[SystemStrength, ...]


def analyse_votes(
    dataset: VotedDataset, scores: Mapping[str, Float[np.ndarray, " pairs"]], plan: ResamplingPlan
) -> VoteAnalysis:
    """Compute all statistics on the comparisons of which every metric scored both sides.

    Args:
        dataset: comparisons and votes.
        scores: by metric, one for each of the data set's pairs; NaN where there is none. Higher is better.
        plan: with unit ``pair`` each comparison is resampled by itself, otherwise with all of its clip or caption.
    """
    a, b = dataset.sides()
    kept = scored_comparisons(dataset, scores)
    unit: VoteUnit = "comparison" if plan.unit == "pair" else dataset.shared
    clusters = np.arange(len(a)) if plan.unit == "pair" else dataset.clusters()
    differences = {metric: (values[a] - values[b])[kept] for metric, values in usable(scores).items()}
    kinds = np.array([one.kind or "" for one in dataset.comparisons], dtype=np.str_)[kept]
    samples = split_ballots(dataset.counts()[:, kept], differences, _strata(kinds), clusters[kept])
    found = [agreement_with_votes(ballots, plan, unit) for ballots in samples]
    names = sorted({system for one in dataset.comparisons for system in (one.system_a, one.system_b) if system})
    row = {name: i for i, name in enumerate(names)}
    systems = np.array(
        [[row.get(one.system_a or "", -1), row.get(one.system_b or "", -1)] for one in dataset.comparisons]
    )
    return VoteAnalysis(
        tuple(record for one in found for record in one.agreements),
        tuple(one.one_voter for one in found),
        tuple(record for one in found for record in one.beside_voter),
        tuple(record for ballots in samples for record in differences_in_accuracy(ballots, plan, unit)),
        system_strengths(samples[0], systems.T[:, kept], names, plan, unit) if samples else (),
    )


def usable(scores: Mapping[str, Float[np.ndarray, " pairs"]]) -> dict[str, Float[np.ndarray, " pairs"]]:
    """Return the metrics that scored any pair at all."""
    return {metric: values for metric, values in scores.items() if not np.isnan(values).all()}


def scored_comparisons(
    dataset: VotedDataset, scores: Mapping[str, Float[np.ndarray, " pairs"]]
) -> Bool[np.ndarray, " comparisons"]:
    """Mask of the comparisons of which every usable metric scored both sides."""
    a, b = dataset.sides()
    kept = np.ones(len(a), dtype=bool)
    for values in usable(scores).values():
        kept &= ~np.isnan(values[a] + values[b])
    return kept


def _strata(kinds: np.ndarray) -> dict[str, Bool[np.ndarray, " comparisons"]]:
    """Return the mask of all comparisons, and of each kind where there are several."""
    strata = {ALL: np.ones(len(kinds), dtype=bool)}
    known = [str(kind) for kind in np.unique(kinds) if kind]
    if len(set(kinds.tolist())) > 1:
        strata |= {f"{KIND}{kind}": kinds == kind for kind in known}
    return strata
