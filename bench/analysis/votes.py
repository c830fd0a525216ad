"""Everything that is computed from votes and scores: agreement, one listener beside it, differences, strengths."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float

from bench.analysis.leakage import Leakage
from bench.analysis.strata import ALL
from bench.analysis.vote_results import KIND, VoteAnalysis
from bench.analysis.vote_verdict.build import vote_verdict
from bench.analysis.vote_verdict.facts import Facts, VoteFacts
from bench.datasets.votes import VotedDataset
from bench.statistics.ballots import Ballots, split_ballots
from bench.statistics.strengths import system_strengths
from bench.statistics.types import ResamplingPlan
from bench.statistics.vote_differences import compare_on_votes
from bench.statistics.votes import VoteUnit, agreement_with_votes

Scores = Mapping[str, Float[np.ndarray, " pairs"]]


def analyse_votes(
    dataset: VotedDataset,
    scores: Scores,
    plan: ResamplingPlan,
    baselines: Collection[str] = (),
    leakage: Sequence[Leakage] = (),
) -> VoteAnalysis:
    """Compute all statistics on the comparisons of which every metric scored both sides, and say what they show.

    Args:
        dataset: comparisons and votes.
        scores: by metric, one for each of the data set's pairs; NaN where there is none. Higher is better.
        plan: with unit ``pair`` each comparison is resampled by itself, otherwise with all of its clip or caption.
        baselines: metrics that are shown, and are no part of the comparisons that p-values are adjusted for.
        leakage: what trained metrics were shown of the pairs, for the verdict.
    """
    kept = scored_comparisons(dataset, scores)
    unit: VoteUnit = "comparison" if plan.unit == "pair" else dataset.shared
    samples = ballots_of(dataset, scores, plan)
    found = [agreement_with_votes(ballots, plan, unit) for ballots in samples]
    compared = [compare_on_votes(ballots, plan, unit, baselines) for ballots in samples]
    names = sorted({system for one in dataset.comparisons for system in (one.system_a, one.system_b) if system})
    row = {name: i for i, name in enumerate(names)}
    systems = np.array(
        [[row.get(one.system_a or "", -1), row.get(one.system_b or "", -1)] for one in dataset.comparisons]
    )
    analysis = VoteAnalysis(
        vote_agreements=tuple(record for one in found for record in one.agreements),
        one_voter=tuple(one.one_voter for one in found),
        beside_voter=tuple(record for one in found for record in one.beside_voter),
        vote_differences=tuple(record for one in compared for record in one.differences),
        standings=tuple(record for one in compared for record in one.standings),
        detectable_differences=tuple(record for one in compared for record in one.detectable),
        system_strengths=system_strengths(samples[0], systems.T[:, kept], names, plan, unit) if samples else (),
    )
    facts = Facts(analysis, vote_facts(dataset, scores), tuple(baselines), leakage)
    return replace(analysis, verdict=vote_verdict(facts))


def ballots_of(dataset: VotedDataset, scores: Scores, plan: ResamplingPlan) -> list[Ballots]:
    """Return the comparisons of which every metric scored both sides: all first, then by kind; none without any."""
    a, b = dataset.sides()
    kept = scored_comparisons(dataset, scores)
    clusters = np.arange(len(a)) if plan.unit == "pair" else dataset.clusters()
    differences = {metric: (values[a] - values[b])[kept] for metric, values in usable(scores).items()}
    kinds = np.array([one.kind or "" for one in dataset.comparisons], dtype=np.str_)[kept]
    return split_ballots(dataset.counts()[:, kept], differences, _strata(kinds), clusters[kept])


def vote_facts(dataset: VotedDataset, scores: Scores) -> VoteFacts:
    """Return what the verdict says of comparisons and their scores."""
    a, b = dataset.sides()
    kept = scored_comparisons(dataset, scores)
    counts = dataset.counts()
    missing = {metric: int(np.isnan(values[a] + values[b]).sum()) for metric, values in scores.items()}
    return VoteFacts(
        shared=dataset.shared,
        n_comparisons=len(dataset.comparisons),
        n_common=int(kept.sum()),
        n_equal=int(np.sum((counts[0] == counts[1]) & kept)),
        most_votes=int(counts.sum(axis=0).max(initial=0)),
        n_missing={metric: n for metric, n in missing.items() if n},
        unscored=tuple(metric for metric in scores if metric not in usable(scores)),
    )


def usable(scores: Scores) -> dict[str, Float[np.ndarray, " pairs"]]:
    """Return the metrics that scored any pair at all."""
    return {metric: values for metric, values in scores.items() if not np.isnan(values).all()}


def scored_comparisons(dataset: VotedDataset, scores: Scores) -> Bool[np.ndarray, " comparisons"]:
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
