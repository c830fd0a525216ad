"""Votes on comparisons as counts, and what a metric's score differences get right of them.

A comparison has ``a`` votes for its first side, ``b`` for its second, and ``ties`` for neither. Who voted does not
matter here: each vote is held against the metric, or against the other votes, by itself.

A metric that scores both sides the same has chosen neither, and a listener who says ``tie`` neither: where the others
have chosen, neither of them agrees. (So it is in the figures published on BRACE, where ties count as wrong.)
Comparisons without a majority have nothing to agree with, and are left out of that count.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from metrics.errors import DataError

CHOICES = np.array([1, -1, 0])
"""What a vote for the first side, for the second, and for neither says, as the sign of a difference."""


@dataclass(frozen=True, slots=True)
class Ballots:
    """The comparisons of one stratum, the votes on them, and score differences, first side minus second.

    Attributes:
        counts: votes for the first side, for the second, for neither.
        metrics: names of the rows of ``differences``.
        clusters: index, from 0 without gaps, of what is resampled together: the clip or caption of a comparison.
    """

    stratum: str
    counts: Int[np.ndarray, "3 comparisons"]
    metrics: tuple[str, ...]
    differences: Float[np.ndarray, "metrics comparisons"]
    clusters: Int[np.ndarray, " comparisons"]

    @property
    def majority(self) -> Int[np.ndarray, " comparisons"]:
        """1 where more votes are for the first side, -1 where more are for the second, 0 where equally many are."""
        majority: np.ndarray = np.sign(self.counts[0] - self.counts[1])
        return majority

    @property
    def n_clusters(self) -> int:
        return int(self.clusters.max()) + 1 if len(self.clusters) else 0

    def clusters_of(self, comparisons: Bool[np.ndarray, " comparisons"]) -> int:
        """Return the number of clusters with at least one of these comparisons."""
        return len(np.unique(self.clusters[comparisons]))

    def totals(self, columns: Float[np.ndarray, "columns comparisons"]) -> Float[np.ndarray, "clusters columns"]:
        """Return the sums over the comparisons of each cluster."""
        return np.stack([np.bincount(self.clusters, column, self.n_clusters) for column in columns], axis=1)


def split_ballots(
    counts: Int[np.ndarray, "3 comparisons"],
    differences: Mapping[str, Float[np.ndarray, " comparisons"]],
    strata: Mapping[str, Bool[np.ndarray, " comparisons"]],
    clusters: Int[np.ndarray, " comparisons"],
) -> list[Ballots]:
    """Return the ballots of each stratum that has a comparison.

    Raises:
        DataError: a difference is NaN or infinite, or a count negative.
    """
    for metric, values in differences.items():
        if not np.isfinite(values).all():
            raise DataError(
                f"the score differences of {metric!r} hold NaN or infinite values: leave out the comparisons of which "
                "a side has no score, for all metrics alike"
            )
    if counts.size and counts.min() < 0:
        raise DataError(f"a number of votes is {counts.min()}, expected 0 or more; correct the counts")
    rows = np.array(list(differences.values()), float).reshape(len(differences), counts.shape[1])
    return [
        Ballots(
            stratum,
            counts[:, mask],
            tuple(differences),
            rows[:, mask],
            np.unique(clusters[mask], return_inverse=True)[1].reshape(-1),
        )
        for stratum, mask in strata.items()
        if mask.any()
    ]


def agrees_with_majority(ballots: Ballots) -> Float[np.ndarray, "metrics comparisons"]:
    """Return 1 where a metric prefers the side that most listeners prefer, else 0; 0 without a majority."""
    majority = ballots.majority
    agrees: np.ndarray = ((np.sign(ballots.differences) == majority) & (majority != 0)).astype(float)
    return agrees


def agrees_with_votes(ballots: Ballots) -> Float[np.ndarray, "metrics comparisons"]:
    """Return how many votes for a side are for the side that a metric prefers."""
    a, b, _ = ballots.counts
    agrees: np.ndarray = np.where(ballots.differences > 0, a, 0) + np.where(ballots.differences < 0, b, 0.0)
    return agrees


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Each vote held out in turn, beside the majority of the others on the same comparison.

    Attributes:
        held_out: votes whose others have a majority, by comparison.
        agreeing: those that say the same as the others do.
        of_metrics: those where the metric says the same as the others do.
    """

    held_out: Float[np.ndarray, " comparisons"]
    agreeing: Float[np.ndarray, " comparisons"]
    of_metrics: Float[np.ndarray, "metrics comparisons"]


def hold_out(ballots: Ballots) -> HeldOut:
    """Hold out every vote; the others of a vote for the first side are one vote for it fewer, and so on."""
    lead = ballots.counts[0] - ballots.counts[1]
    others = np.sign(lead[None, :] - CHOICES[:, None])
    votes = np.where(others != 0, ballots.counts, 0).astype(float)
    says_the_same = others == CHOICES[:, None]
    preferred = np.sign(ballots.differences)
    return HeldOut(
        votes.sum(axis=0),
        (votes * says_the_same).sum(axis=0),
        np.stack([(votes * (others == row)).sum(axis=0) for row in preferred])
        if len(preferred)
        else np.empty((0, votes.shape[1])),
    )


def placements(signed: Float[np.ndarray, " comparisons"]) -> Float[np.ndarray, " comparisons"]:
    """Return, for each comparison, the share of comparisons j with s_i > -s_j, equality counting half.

    ``signed`` is the score of the side that listeners prefer minus that of the other side. The mean of the result is
    the area under the ROC curve of the difference as a detector of the preferred side, every comparison taken both
    ways round, so that it does not depend on which side is called the first (Krasula et al. 2016, "better or worse").
    The results are the placement values of DeLong, DeLong & Clarke-Pearson (1988).
    """
    in_order = np.sort(signed)
    below = np.searchsorted(in_order, -signed, side="left")
    up_to = np.searchsorted(in_order, -signed, side="right")
    shares: np.ndarray = 1 - (below + up_to) / (2 * len(signed))
    return shares
