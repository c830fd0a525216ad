"""Do intervals and tests on votes keep their promises? ``python -m tests.studies.simulations.votes [RUNS]``.

Draws data sets of votes with four comparisons a clip whose preferences are correlated, three voters, ties of voters
and of scores; the true values come from a very large data set of the same kind. Prints the table of docs/votes.md.
"""

from __future__ import annotations

import sys
from collections import Counter

import numpy as np

from bench.statistics.ballots import Ballots
from bench.statistics.strengths import system_strengths
from bench.statistics.types import ResamplingPlan
from bench.statistics.vote_differences import compare_on_votes
from bench.statistics.votes import StratumAgreement, agreement_with_votes
from tests.bench.statistics.ballots import simulated
from tests.bench.statistics.test_strengths import NAMES, THETA, UNIT
from tests.bench.statistics.test_strengths import simulated as with_systems

PLAN = ResamplingPlan(n_resamples=999, n_permutations=499)
CLIPS = (15, 30, 60, 250)
MANY = 100_000


def intervals(found: StratumAgreement) -> dict[str, tuple[float, float, float]]:
    """Return estimate and ends of each kind of interval."""
    first, beside = found.agreements[0], found.beside_voter[0]
    measured = {
        "accuracy": first.accuracy,
        "single votes": first.with_votes,
        "AUC": first.auc,
        "one listener": found.one_voter.agreement,
        "metric minus listener": beside.excess,
    }
    return {name: (one.estimate, one.low, one.high) for name, one in measured.items()}


def coverage(n_clips: int, runs: int, true: dict[str, float]) -> Counter[str]:
    """Count the intervals that hold the true value."""
    covered = Counter[str]()
    for run in range(runs):
        found = agreement_with_votes(simulated(4 * n_clips, 1, seed=1000 + run, per_clip=4), PLAN, "clip", 1)
        covered.update(name for name, (_, low, high) in intervals(found).items() if low <= true[name] <= high)
        ballots, systems = with_systems(3 * n_clips, 1000 + run)
        strengths = {one.system: one.strength for one in system_strengths(ballots, systems, NAMES, PLAN, UNIT, 1)}
        covered["strength"] += strengths[NAMES[0]].low <= THETA[0] <= strengths[NAMES[0]].high
    return covered


EQUAL = ("all differences", "all kept", "any false finding")


def equal_metrics(n_clips: int, runs: int) -> Counter[str]:
    """Count data sets with four equally good metrics.

    Those whose simultaneous intervals all hold 0; those in which no metric is left out of the set that may be best; and
    those on which any is shown to be better than another at level .05.
    """
    found = Counter[str]()
    for run in range(runs):
        base = simulated(4 * n_clips, 1, seed=5000 + run, per_clip=4)
        noise = 2 * np.random.default_rng(run).normal(size=(4, 4 * n_clips))
        equal = Ballots("all", base.counts, ("a", "b", "c", "d"), base.differences + noise, base.clusters)
        compared = compare_on_votes(equal, PLAN, "clip", n_threads=1)
        found["all differences"] += all(one.sim_low <= 0 <= one.sim_high for one in compared.differences)
        found["all kept"] += all(one.may_be_best for one in compared.standings)
        found["any false finding"] += any(one.is_shown for one in compared.differences)
    return found


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    large = agreement_with_votes(simulated(MANY, 1, seed=1, per_clip=4), ResamplingPlan(1), "clip")
    true = {name: estimate for name, (estimate, _, _) in intervals(large).items()}
    names = [*true, "strength", *EQUAL]
    print(f"| clips | {' | '.join(names)} |\n|{'---:|' * (len(names) + 1)}")
    for n_clips in CLIPS:
        counted = coverage(n_clips, runs, true) + equal_metrics(n_clips, runs)
        print(f"| {n_clips} | {' | '.join(f'{counted[name] / runs:.3f}' for name in names)} |", flush=True)


if __name__ == "__main__":
    main()
