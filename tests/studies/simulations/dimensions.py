"""Do intervals of agreement by dimension cover, and what does the noise of the other ratings leave in a partial SRCC?

``python -m tests.studies.simulations.dimensions [RUNS]`` prints the two tables of docs/statistics.md. Relevance follows
quality, clips of one caption are alike, and the metric hears quality alone; the true values come from 200,000 pairs.
"""

from __future__ import annotations

import sys
from collections import Counter

import numpy as np

from bench.statistics.dimensions import agreement_by_dimension
from bench.statistics.intervals import Measured
from bench.statistics.types import ResamplingPlan
from tests.bench.statistics.test_dimensions import simulated

CAPTIONS = (10, 20, 60, 250)
NOISES = (0.0, 0.35, 0.7, 1.0)
MANY = 200_000


def values(n: int, noise: float, seed: int, n_resamples: int) -> dict[str, Measured]:
    """Return what is said of one drawn data set."""
    sample, others = simulated(np.random.default_rng(seed), n, noise)
    plan = ResamplingPlan(n_resamples, seed=seed)
    [one, _], [beside] = agreement_by_dimension(sample, "relevance", others, plan, n_threads=1)
    return {
        "SRCC": one.correlation,
        "partial": one.partial,
        "gone at": one.gone_at,
        "relevance, quality": beside.correlation,
        "explained": beside.shared,
    }


def coverage(n_captions: int, runs: int, true: dict[str, Measured]) -> Counter[str]:
    """Count the intervals that hold the true value."""
    covered = Counter[str]()
    for run in range(runs):
        found = values(2 * n_captions, 0.7, 1000 + run, 499)
        covered.update(name for name, one in found.items() if one.low <= true[name].estimate <= one.high)
    return covered


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    true = values(MANY, 0.7, 1, 1)
    print(f"| captions | {' | '.join(true)} |\n|{'---:|' * (len(true) + 1)}")
    for n_captions in CAPTIONS:
        covered = coverage(n_captions, runs, true)
        print(f"| {n_captions} | {' | '.join(f'{100 * covered[name] / runs:.1f}' for name in true)} |", flush=True)
    print("\n| reliability of quality's ratings | partial SRCC of a metric that hears quality alone |\n|---:|---:|")
    for noise in NOISES:
        print(f"| {1 / (1 + noise**2):.2f} | {values(MANY, noise, 2, 1)['partial'].estimate:.2f} |")


if __name__ == "__main__":
    main()
