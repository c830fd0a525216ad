"""How strong is a system? Bradley-Terry strengths of what listeners voted between.

A vote for system i against system j has probability 1 / (1 + exp(theta_j - theta_i)) (Bradley & Terry 1952). Strengths
are maximum-likelihood estimates by choix, add up to 0, and are log odds: a system is preferred to one whose strength
is lower by 1 in 73 of 100 votes. A tie is half a vote for each side. Votes between a system and itself say nothing.

Intervals are clustered, since votes on one clip are not independent: each resample weights the clips' scores (the
gradients of their log-likelihood) and takes one Newton step from the estimate (score bootstrap, Kline & Santos 2012).
Not valid where a system wins or loses nearly all its votes.

Where some systems never lose to the others, directly or through others, no finite strengths are the most likely ones
(Ford 1957): the systems then fall into groups, and strengths are estimated within each. These are the limits of what
estimates with ever weaker priors say of the differences within a group; those between groups have none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.sparse.csgraph import connected_components
from scipy.special import expit

from bench.statistics.ballots import Ballots
from bench.statistics.intervals import Measured
from bench.statistics.replicates import replicate_sums
from bench.statistics.types import ResamplingPlan
from bench.statistics.votes import OfVotes, VoteUnit, about_votes

ALONE = "no strength: no system both wins and loses against it, directly or through others"
GROUPED = "some systems never lose to others: strengths are relative to the mean of the systems of the same group"
NO_CONVERGENCE = "no estimate: the iteration did not converge; a system may win or lose nearly all its votes"
MAX_ITERATIONS = 10_000
Wins = Float[np.ndarray, "systems systems"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemStrength(OfVotes):
    """One system's Bradley-Terry strength.

    Attributes:
        n_comparisons: those of two different systems of the stratum that have votes, whichever the systems.
        n_votes: on comparisons of this system with others.
        wins: votes for this system; ties count half.
        group: 1 for the group of systems that wins the largest share of its votes, and so on; all 1 where there is
            one group.
        strength: log odds against a system of mean strength in its group.
    """

    system: str
    n_votes: int
    wins: float
    group: int
    strength: Measured


@dataclass(frozen=True, slots=True)
class Matches:
    """Votes between different systems: ``a`` for the first of ``systems``, ``b`` for the second, ties half to each."""

    systems: Int[np.ndarray, "2 comparisons"]
    a: Float[np.ndarray, " comparisons"]
    b: Float[np.ndarray, " comparisons"]
    clusters: Int[np.ndarray, " comparisons"]

    def wins(self, n_systems: int) -> Wins:
        """Return how often each system is preferred to each other."""
        wins = np.zeros((n_systems, n_systems))
        np.add.at(wins, (self.systems[0], self.systems[1]), self.a)
        np.add.at(wins, (self.systems[1], self.systems[0]), self.b)
        return wins

    def among(self, members: Int[np.ndarray, " members"], n_systems: int) -> Matches:
        """Return the matches among some of the systems, who are then called 0, 1, …"""
        place = np.full(n_systems, -1)
        place[members] = np.arange(len(members))
        systems = place[self.systems]
        kept = systems.min(axis=0) >= 0
        return Matches(systems[:, kept], self.a[kept], self.b[kept], self.clusters[kept])


def system_strengths(
    ballots: Ballots,
    systems: Int[np.ndarray, "2 comparisons"],
    names: Sequence[str],
    plan: ResamplingPlan,
    unit: VoteUnit,
    n_threads: int | None = None,
) -> tuple[SystemStrength, ...]:
    """Return the strength of every system that takes part in a vote with another, by group, strongest first.

    Args:
        ballots: with the comparisons that ``systems`` describes.
        systems: indices in ``names`` of what made each side; -1 where unknown: such comparisons are left out.
        plan, unit, n_threads: as in `bench.statistics.votes.agreement_with_votes`.
    """
    voted = (systems[0] != systems[1]) & (systems.min(axis=0) >= 0) & (ballots.counts.sum(axis=0) > 0)
    if not voted.any():
        return ()
    a, b = ballots.counts[:2, voted] + ballots.counts[2, voted] / 2
    matches = Matches(systems[:, voted], a, b, ballots.clusters[voted])
    wins = matches.wins(len(names))
    groups = groups_of(wins)
    records = []
    for number, members in enumerate(groups, 1):
        strengths, note = _strengths(matches.among(members, len(names)), len(members), plan, ballots.stratum, n_threads)
        note = note or (GROUPED if len(groups) > 1 else "")
        in_order = sorted(zip(members, strengths, strict=True), key=lambda pair: (-pair[1].estimate, pair[0]))
        records += [
            SystemStrength(
                **about_votes(ballots, plan, unit),
                system=names[system],
                n_comparisons=int(voted.sum()),
                n_clusters=ballots.clusters_of(voted & np.isin(systems, members).all(axis=0)),
                n_votes=round(float(wins[system].sum() + wins[:, system].sum())),
                wins=float(wins[system].sum()),
                group=number,
                strength=strength,
                note=note,
            )
            for system, strength in in_order
        ]
    return tuple(records)


def groups_of(wins: Wins) -> list[Int[np.ndarray, " members"]]:
    """Return the systems that have votes in groups whose members all win and lose against each other, even indirectly.

    The group that wins the largest share of its votes comes first.
    """
    labels = connected_components(wins > 0, directed=True, connection="strong")[1]
    present = np.flatnonzero(wins.sum(axis=0) + wins.sum(axis=1))
    groups = [present[labels[present] == label] for label in np.unique(labels[present])]

    def share_lost(members: Int[np.ndarray, " members"]) -> tuple[float, int]:
        won, lost = wins[members].sum(), wins[:, members].sum()
        return -float(won / (won + lost)), int(members[0])

    return sorted(groups, key=share_lost)


def bradley_terry(wins: Wins) -> Float[np.ndarray, " systems"]:
    """Return maximum-likelihood strengths that add up to 0; NaN where the iteration does not converge.

    Args:
        wins: ``wins[i, j]`` is how often i is preferred to j; one group (see `groups_of`).
    """
    import choix

    try:
        theta = choix.ilsr_pairwise_dense(wins, max_iter=MAX_ITERATIONS)
    except (RuntimeError, ValueError, np.linalg.LinAlgError):
        return np.full(len(wins), np.nan)
    centred: np.ndarray = theta - theta.mean()
    return centred


def _strengths(
    matches: Matches, n_systems: int, plan: ResamplingPlan, stratum: str, n_threads: int | None
) -> tuple[list[Measured], str]:
    """Return the strengths of the systems of one group with their intervals, and why there are none."""
    nothing = [Measured(np.nan, np.nan, np.nan)] * n_systems
    if n_systems < 2:
        return nothing, ALONE
    wins = matches.wins(n_systems)
    theta = bradley_terry(wins)
    if np.isnan(theta).any():
        return nothing, NO_CONVERGENCE
    scores = _scores(theta, matches)
    inverse = _inverse_information(theta, wins)
    replicates = replicate_sums(scores, plan, f"strengths|{stratum}|{n_systems}", n_threads).map(
        lambda sums: theta + sums @ inverse
    )
    return [replicates[i].measured(float(theta[i]), plan, len(scores)) for i in range(n_systems)], ""


def _scores(theta: Float[np.ndarray, " systems"], matches: Matches) -> Float[np.ndarray, "clusters systems"]:
    """Return the gradient of each cluster's log-likelihood: votes for a system, minus those that were expected."""
    first, second = matches.systems
    clusters = np.unique(matches.clusters, return_inverse=True)[1].reshape(-1)
    surplus = matches.a - (matches.a + matches.b) * expit(theta[first] - theta[second])
    scores = np.zeros((int(clusters.max()) + 1, len(theta)))
    np.add.at(scores, (clusters, first), surplus)
    np.add.at(scores, (clusters, second), -surplus)
    return scores


def _inverse_information(theta: Float[np.ndarray, " systems"], wins: Wins) -> Wins:
    """Return the pseudo-inverse of the information, whose one flat direction is a constant added to all strengths."""
    preferred = expit(theta[:, None] - theta[None, :])
    weights = (wins + wins.T) * preferred * (1 - preferred)
    information = np.diag(weights.sum(axis=1)) - weights
    inverse: np.ndarray = np.linalg.pinv(information, hermitian=True)
    return inverse
