"""What sentences on votes are made from: the statistics of a run, and what they cannot tell of its data."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from bench.analysis.leakage import Leakage
from bench.analysis.merit import Lead, in_order
from bench.analysis.strata import ALL
from bench.analysis.verdict.best import is_above
from bench.analysis.vote_results import VoteAnalysis
from bench.datasets.votes import Shared
from bench.statistics.intervals import Measured
from bench.statistics.vote_differences import ACCURACY, VoteDifference
from bench.statistics.votes import VoteAgreement

COIN = 0.5


@dataclass(frozen=True)
class VoteFacts:
    """Of the comparisons and their scores.

    Attributes:
        shared: what both sides of a comparison have in common.
        n_comparisons: of the data set.
        n_common: those of which every metric scored both sides that scored any pair; all statistics are on them.
        n_equal: of these, those without a majority.
        most_votes: on one comparison.
        n_missing: comparisons of which a side has no score, by metric; only metrics that lack some.
        unscored: metrics without a single score, which take no part.
    """

    shared: Shared
    n_comparisons: int
    n_common: int
    n_equal: int = 0
    most_votes: int = 3
    n_missing: Mapping[str, int] = field(default_factory=dict)
    unscored: tuple[str, ...] = ()


@dataclass(frozen=True)
class Facts:
    """Everything that the verdict on votes is made from.

    Attributes:
        analysis: its statistics; their field ``verdict`` is not read.
        votes: see `VoteFacts`.
        baselines: metrics that are shown but not compared.
        leakage: what trained metrics were shown.
    """

    analysis: VoteAnalysis
    votes: VoteFacts
    baselines: Sequence[str] = ()
    leakage: Sequence[Leakage] = ()

    @cached_property
    def compared(self) -> list[str]:
        """The metrics that the verdict is about: no baselines, with or without an accuracy."""
        return [one.metric for one in self.agreements_in(ALL)]

    @cached_property
    def ranked(self) -> list[VoteAgreement]:
        """The compared metrics that have an accuracy on all comparisons, the best first."""
        return self.ranked_in(ALL)

    @cached_property
    def leader(self) -> VoteAgreement | None:
        """The metric that further questions are asked of: the first in merit, if it was shown to beat a coin."""
        return self.ranked[0] if self.ranked and beats_coin(self.ranked[0], len(self.ranked)) else None

    @property
    def kinds(self) -> list[str]:
        """The strata that hold one kind of comparisons."""
        return [
            stratum for stratum in dict.fromkeys(a.stratum for a in self.analysis.vote_agreements) if stratum != ALL
        ]

    def agreements_in(self, stratum: str) -> list[VoteAgreement]:
        """Return the agreement of each compared metric, the highest accuracy first and what is undefined last."""
        found = [a for a in self.analysis.vote_agreements if a.stratum == stratum and a.metric not in self.baselines]
        return sorted(found, key=lambda a: (math.isnan(a.accuracy.estimate), -_or_zero(a.accuracy.estimate)))

    def ranked_in(self, stratum: str) -> list[VoteAgreement]:
        """Return those that have an accuracy."""
        return [one for one in self.agreements_in(stratum) if not math.isnan(one.accuracy.estimate)]

    def leads_in(self, stratum: str) -> dict[frozenset[str], Lead]:
        """Return the differences between compared metrics by the two names."""
        known = set(self.compared)
        found = [d for d in self.analysis.vote_differences if d.stratum == stratum]
        return {frozenset(pair): lead_of(d) for d in found if (pair := {d.metric_a, d.metric_b}) <= known}

    def leads_by_merit(self) -> list[Lead]:
        """Return the differences on all comparisons, those of the best metric first."""
        return in_order(self.leads_in(ALL), [one.metric for one in self.ranked])

    def why_untested(self, stratum: str) -> list[str]:
        """Return why it is not known which metrics may be the best."""
        return sorted({s.note for s in self.analysis.standings if s.stratum == stratum} - {""})

    def may_be_best(self, stratum: str) -> list[str]:
        """Return the metrics that were not shown to be worse than the best, by merit; none where nothing was tested."""
        if self.why_untested(stratum):
            return []
        may_be = {s.metric for s in self.analysis.standings if s.stratum == stratum and s.may_be_best}
        return [one.metric for one in self.ranked_in(stratum) if one.metric in may_be]

    @property
    def side(self) -> str:
        """What a side of a comparison is: what it does not share with the other."""
        return "caption" if self.votes.shared == "clip" else "clip"


def beats_coin(agreement: VoteAgreement, n_looked_at: int) -> bool:
    """Whether accuracy is shown to be above a coin's, as one of so many that were looked at."""
    return is_above(COIN, agreement.accuracy, n_looked_at, agreement.confidence_level)


def loses_to_coin(agreement: VoteAgreement, n_looked_at: int) -> bool:
    """Whether accuracy is shown to be below a coin's, as one of so many that were looked at.

    Not where sides that are scored alike, which count as not agreeing, could make the difference.
    """
    ties = agreement.n_score_ties / agreement.n_comparisons if agreement.n_comparisons else 0.0
    value = agreement.accuracy
    turned = Measured(1 - value.estimate - ties, 1 - value.high - ties, 1 - value.low - ties)
    return is_above(COIN, turned, n_looked_at, agreement.confidence_level)


def lead_of(difference: VoteDifference) -> Lead:
    """Return a difference with the better metric first."""
    delta = difference.delta.estimate
    turned = delta < 0
    names = (difference.metric_a, difference.metric_b)
    better, worse = reversed(names) if turned else names
    low, high = difference.sim_low, difference.sim_high
    return Lead(
        better,
        worse,
        stratum=difference.stratum,
        statistic=ACCURACY,
        delta=abs(delta),
        low=-high if turned else low,
        high=-low if turned else high,
        p=difference.p_adjusted,
        p_is_bound=difference.at_resolution,
        note=difference.sim_note,
    )


def _or_zero(value: float) -> float:
    return 0.0 if math.isnan(value) else value
