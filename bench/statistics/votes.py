"""Does a metric prefer what listeners prefer? Agreement with votes, with intervals, beside one listener.

Everything here is a ratio of sums over comparisons, resampled by cluster (the clip that the two captions of a
comparison share). Accuracy is the share of comparisons with a majority on which the metric prefers the majority's
side; see `bench.statistics.ballots` for ties.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from bench.statistics.ballots import Ballots, agrees_with_majority, agrees_with_votes, hold_out, placements
from bench.statistics.intervals import Measured
from bench.statistics.replicates import Replicates, replicate_sums
from bench.statistics.types import IntervalMethod, ResamplingPlan

VoteUnit = Literal["clip", "caption", "comparison"]

NO_MAJORITY = "no comparison has a majority"
NO_VOTE = "no vote is for a side"
ONE_VOTE = "no vote has others on the same comparison that prefer one side"
ONE_SIDED = "no comparison has votes for both sides, so one listener agrees with the others by selection"
FEW_ONE_SIDED = 20
"""Comparisons with several votes from which on it is no accident that none has votes for both sides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfVotes:
    """A record on votes, and how its intervals were made; ``resample_unit`` is what is drawn."""

    stratum: str
    n_comparisons: int
    n_clusters: int
    confidence_level: float
    ci_method: IntervalMethod
    resample_unit: VoteUnit
    n_resamples: int
    seed: int
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteAgreement(OfVotes):
    """How well a metric agrees with listeners' votes.

    Attributes:
        n_comparisons: those with a majority.
        n_score_ties: of them, those whose sides the metric scores the same: they count as not agreeing.
        n_votes: single votes for one of the sides.
        accuracy: share of comparisons on which the metric prefers the majority's side.
        with_votes: share of single votes that are for the side that the metric prefers.
        auc: area under the ROC curve of the score difference, see `bench.statistics.ballots.placements`.
    """

    metric: str
    n_score_ties: int
    n_votes: int
    accuracy: Measured
    with_votes: Measured
    auc: Measured


@dataclass(frozen=True, slots=True, kw_only=True)
class OneVoter(OfVotes):
    """How well one held-out listener agrees with the majority of the others.

    Attributes:
        n_comparisons: those with a vote whose others prefer one side.
        n_votes: such votes; each is held out once.
        n_contradicted: comparisons with votes for both sides.
        agreement: share of the held-out votes that are for the side that the others prefer.
    """

    n_votes: int
    n_contradicted: int
    agreement: Measured


@dataclass(frozen=True, slots=True, kw_only=True)
class BesideVoter(OfVotes):
    """A metric beside one listener, both against the same majorities of the others.

    Attributes:
        agreement: of the metric with the others of each held-out vote.
        excess: ``agreement`` minus that of the held-out listener, resampled together.
    """

    metric: str
    n_votes: int
    agreement: Measured
    excess: Measured


@dataclass(frozen=True, slots=True)
class StratumAgreement:
    """All that is said of one stratum."""

    agreements: tuple[VoteAgreement, ...]
    one_voter: OneVoter
    beside_voter: tuple[BesideVoter, ...]


def agreement_with_votes(
    ballots: Ballots, plan: ResamplingPlan, unit: VoteUnit, n_threads: int | None = None
) -> StratumAgreement:
    """Return how well each metric, and one listener, agrees with the votes of a stratum.

    Args:
        ballots: at least one comparison.
        plan: how intervals are made; its unit is not looked at: the clusters of ``ballots`` are drawn.
        unit: what these clusters are.
        n_threads: None takes every core; the results do not depend on it.
    """
    sums = _Sums.of(ballots, plan, n_threads)
    about = about_votes(ballots, plan, unit)
    return StratumAgreement(
        tuple(_agreement(ballots, sums, plan, m, about) for m in range(len(ballots.metrics))),
        _one_voter(ballots, sums, plan, about),
        tuple(_beside_voter(ballots, sums, plan, m, about) for m in range(len(ballots.metrics))),
    )


def about_votes(ballots: Ballots, plan: ResamplingPlan, unit: VoteUnit) -> dict[str, Any]:
    """Return the fields of `OfVotes` that records of one stratum have in common."""
    return {"stratum": ballots.stratum, **plan.as_fields(), "resample_unit": unit}


@dataclass(frozen=True, slots=True)
class _Sums:
    """Sums over comparisons, on the data and on every resample; rows of metrics follow each other.

    ``names`` says which column is what: the four of `_COLUMNS`, then four blocks of one column a metric.
    """

    columns: Float[np.ndarray, "columns comparisons"]
    replicates: Replicates
    n_metrics: int

    @classmethod
    def of(cls, ballots: Ballots, plan: ResamplingPlan, n_threads: int | None) -> _Sums:
        held = hold_out(ballots)
        decided = ballots.majority != 0
        shares = np.zeros(ballots.differences.shape)
        for row, values in zip(shares, ballots.differences, strict=True):
            row[decided] = placements((values * ballots.majority)[decided]) if decided.any() else 0
        columns = np.concatenate(
            [
                np.stack([decided, ballots.counts[:2].sum(axis=0), held.held_out, held.agreeing]).astype(float),
                agrees_with_majority(ballots),
                agrees_with_votes(ballots),
                held.of_metrics,
                shares,
            ]
        )
        replicates = replicate_sums(ballots.totals(columns), plan, ballots.stratum, n_threads)
        return cls(columns, replicates, len(ballots.metrics))

    def column(self, block: int, metric: int) -> int:
        return len(_COLUMNS) + block * self.n_metrics + metric

    def ratio(self, above: int, below: int) -> tuple[float, Replicates]:
        """Return the quotient of two columns' sums: on the data (NaN where that is 0 / 0), and resampled."""
        total = float(self.columns[below].sum())
        with np.errstate(invalid="ignore", divide="ignore"):
            resampled = self.replicates[above].divided_by(self.replicates[below])
        return (float(self.columns[above].sum()) / total if total else np.nan), resampled

    def voted(self, ballots: Ballots, column: int) -> int:
        """Return the number of clusters that a ratio over this column rests on."""
        return ballots.clusters_of(self.columns[column] > 0)


_COLUMNS = _DECIDED, _VOTES, _HELD_OUT, _AGREEING = range(4)
_WITH_MAJORITY, _WITH_VOTES, _WITH_OTHERS, _PLACEMENT = range(4)


def _agreement(ballots: Ballots, sums: _Sums, plan: ResamplingPlan, m: int, about: dict[str, Any]) -> VoteAgreement:
    decided = ballots.majority != 0
    n_clusters = ballots.clusters_of(decided)
    accuracy, resampled = sums.ratio(sums.column(_WITH_MAJORITY, m), _DECIDED)
    with_votes, votes_resampled = sums.ratio(sums.column(_WITH_VOTES, m), _VOTES)
    auc, placed = sums.ratio(sums.column(_PLACEMENT, m), _DECIDED)
    # The linear part of a statistic over pairs of comparisons: each comparison takes part on both sides of the pairs.
    linear = placed.map(lambda values: auc + 2 * (values - auc))
    return VoteAgreement(
        **about,
        metric=ballots.metrics[m],
        n_comparisons=int(decided.sum()),
        n_clusters=n_clusters,
        n_score_ties=int(np.sum(ballots.differences[m][decided] == 0)),
        n_votes=int(sums.columns[_VOTES].sum()),
        accuracy=resampled.measured(accuracy, plan, n_clusters),
        with_votes=votes_resampled.measured(with_votes, plan, sums.voted(ballots, _VOTES)),
        auc=linear.measured(auc, plan, n_clusters),
        note="" if decided.any() else NO_MAJORITY if sums.columns[_VOTES].any() else NO_VOTE,
    )


def _one_voter(ballots: Ballots, sums: _Sums, plan: ResamplingPlan, about: dict[str, Any]) -> OneVoter:
    held_out = sums.columns[_HELD_OUT]
    estimate, resampled = sums.ratio(_AGREEING, _HELD_OUT)
    n_clusters = sums.voted(ballots, _HELD_OUT)
    n_contradicted = int(np.sum((ballots.counts[0] > 0) & (ballots.counts[1] > 0)))
    several = int(np.sum(ballots.counts.sum(axis=0) > 1))
    return OneVoter(
        **about,
        n_comparisons=int(np.sum(held_out > 0)),
        n_clusters=n_clusters,
        n_votes=int(held_out.sum()),
        n_contradicted=n_contradicted,
        agreement=resampled.measured(estimate, plan, n_clusters),
        note=_remark(bool(held_out.any()), n_contradicted, several),
    )


def _remark(held_out: bool, n_contradicted: int, n_several: int) -> str:
    if not held_out:
        return ONE_VOTE
    return ONE_SIDED if n_several >= FEW_ONE_SIDED and not n_contradicted else ""


def _beside_voter(ballots: Ballots, sums: _Sums, plan: ResamplingPlan, m: int, about: dict[str, Any]) -> BesideVoter:
    n_clusters = sums.voted(ballots, _HELD_OUT)
    of_metric, resampled = sums.ratio(sums.column(_WITH_OTHERS, m), _HELD_OUT)
    of_voter, beside = sums.ratio(_AGREEING, _HELD_OUT)
    jackknife = None
    if resampled.jackknife is not None and beside.jackknife is not None:
        jackknife = resampled.jackknife - beside.jackknife
    excess = Replicates(resampled.resampled - beside.resampled, jackknife)
    return BesideVoter(
        **about,
        metric=ballots.metrics[m],
        n_comparisons=int(np.sum(sums.columns[_HELD_OUT] > 0)),
        n_clusters=n_clusters,
        n_votes=int(sums.columns[_HELD_OUT].sum()),
        agreement=resampled.measured(of_metric, plan, n_clusters),
        excess=excess.measured(of_metric - of_voter, plan, n_clusters),
        note="" if sums.columns[_HELD_OUT].any() else ONE_VOTE,
    )
