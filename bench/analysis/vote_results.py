"""All statistics of a run on votes; each field is one JSON file of its folder."""

from __future__ import annotations

from dataclasses import dataclass

from bench.analysis.sentence import Sentence
from bench.analysis.strata import ALL
from bench.statistics.power import DetectableDifference
from bench.statistics.standing import Standing
from bench.statistics.strengths import SystemStrength
from bench.statistics.vote_differences import VoteDifference
from bench.statistics.votes import BesideVoter, OneVoter, VoteAgreement

KIND = "kind:"
"""What the name of a stratum begins with that holds the comparisons of one kind."""


@dataclass(frozen=True, slots=True)
class VoteAnalysis:
    """The statistics of a run on votes, by stratum: all comparisons first, then each kind where there are several.

    Attributes:
        vote_agreements: how well each metric agrees with votes.
        one_voter, beside_voter: one listener as the yardstick of metrics.
        vote_differences: every pair of metrics.
        standings: which metrics may be the best, and letters for those that were not shown to differ.
        detectable_differences: what these data could show, by pair of metrics.
        system_strengths: what listeners prefer, on all comparisons.
        verdict: what all of this says.
    """

    vote_agreements: tuple[VoteAgreement, ...] = ()
    one_voter: tuple[OneVoter, ...] = ()
    beside_voter: tuple[BesideVoter, ...] = ()
    vote_differences: tuple[VoteDifference, ...] = ()
    standings: tuple[Standing, ...] = ()
    detectable_differences: tuple[DetectableDifference, ...] = ()
    system_strengths: tuple[SystemStrength, ...] = ()
    verdict: tuple[Sentence, ...] = ()


def kind_label(stratum: str) -> str:
    """Return what a stratum is called in tables: ``all``, or its kind."""
    return stratum if stratum == ALL else stratum.removeprefix(KIND)
