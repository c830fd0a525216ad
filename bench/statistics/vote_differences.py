"""Does metric A agree with more votes than metric B? Differences in accuracy, their intervals and p-values.

Paired: both metrics decide the same comparisons. If they were equally good, which of them a clip's decisions came from
would not matter: a permutation swaps them on a random half of the clips (`bench.statistics.permutation`), and p-values
are adjusted for all comparisons of metrics in a stratum (step-down max-T). With one comparison a clip, and no ties,
this is the exact conditional test of McNemar (1947), by simulation.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from bench.statistics.ballots import Ballots, agrees_with_majority
from bench.statistics.intervals import Measured
from bench.statistics.max_t import LEVEL
from bench.statistics.permutation import Terms, at_resolution, permutation_tests
from bench.statistics.replicates import Replicates, replicate_sums
from bench.statistics.sample import MIN_CLUSTERS
from bench.statistics.types import ResamplingPlan
from bench.statistics.votes import NO_MAJORITY, OfVotes, VoteUnit, about_votes


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteDifference(OfVotes):
    """Accuracy of ``metric_a`` minus that of ``metric_b``, on the same comparisons and the same resamples.

    Attributes:
        n_comparisons: those with a majority.
        n_decided: of them, those on which exactly one of the metrics agrees with the majority.
        delta: with the interval of this difference by itself.
        p_value: two-sided, ``(count + 1) / (n + 1)``, by itself; NaN without permutations or with too few clusters.
        p_adjusted: adjusted for all differences of the stratum.
    """

    metric_a: str
    metric_b: str
    n_decided: int
    delta: Measured
    p_value: float
    p_adjusted: float
    n_permutations: int

    @property
    def is_shown(self) -> bool:
        """Whether the adjusted p is at or below the level."""
        return self.p_adjusted <= LEVEL

    @property
    def at_resolution(self) -> bool:
        """Whether no permutation came as far as the data: p is at most this, and could be anything below."""
        return at_resolution(self.p_adjusted, self.n_permutations)


def differences_in_accuracy(
    ballots: Ballots, plan: ResamplingPlan, unit: VoteUnit, n_threads: int | None = None
) -> tuple[VoteDifference, ...]:
    """Compare every metric with every later one; arguments as in `bench.statistics.votes.agreement_with_votes`."""
    pairs = list(combinations(range(len(ballots.metrics)), 2))
    if not pairs:
        return ()
    decided = ballots.majority != 0
    n_clusters = ballots.clusters_of(decided)
    agrees = agrees_with_majority(ballots)
    gains = np.stack([agrees[a] - agrees[b] for a, b in pairs])
    p_value = p_adjusted = np.full(len(pairs), np.nan)
    if plan.n_permutations and n_clusters >= MIN_CLUSTERS:
        family = [np.arange(len(pairs))]
        tests = permutation_tests(
            Terms.of(ballots.totals(gains)), family, plan.seed, ballots.stratum, plan.n_permutations, n_threads
        )
        p_value, p_adjusted = tests.p_value, tests.p_adjusted
    totals = ballots.totals(np.concatenate([decided[None, :].astype(float), gains]))
    sums = replicate_sums(totals, plan, ballots.stratum, n_threads)
    return tuple(
        VoteDifference(
            **about_votes(ballots, plan, unit),
            metric_a=ballots.metrics[a],
            metric_b=ballots.metrics[b],
            n_comparisons=int(decided.sum()),
            n_clusters=n_clusters,
            n_decided=int(np.sum(gains[i] != 0)),
            delta=_delta(sums, i, float(gains[i].sum()), int(decided.sum()), plan, n_clusters),
            p_value=float(p_value[i]),
            p_adjusted=float(p_adjusted[i]),
            n_permutations=plan.n_permutations,
            note="" if decided.any() else NO_MAJORITY,
        )
        for i, (a, b) in enumerate(pairs)
    )


def _delta(sums: Replicates, pair: int, gain: float, n: int, plan: ResamplingPlan, n_clusters: int) -> Measured:
    with np.errstate(invalid="ignore", divide="ignore"):
        resampled = sums[1 + pair].divided_by(sums[0])
    return resampled.measured(gain / n if n else np.nan, plan, n_clusters)
