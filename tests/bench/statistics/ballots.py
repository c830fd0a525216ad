"""Simulated votes, and slow twins that count them one by one."""

from __future__ import annotations

import numpy as np

from bench.statistics.ballots import Ballots


def simulated(
    n_comparisons: int = 60, n_metrics: int = 2, seed: int = 0, per_clip: int = 3, n_votes: int = 3, ties: float = 0.1
) -> Ballots:
    """Draw comparisons whose true preference is shared by a clip's votes and, with more noise, by the metrics."""
    rng = np.random.default_rng(seed)
    clusters = np.arange(n_comparisons) // per_clip
    truth = 0.5 * rng.normal(size=clusters.max() + 1)[clusters] + rng.normal(size=n_comparisons)
    opinions = truth + rng.normal(size=(n_votes, n_comparisons))
    tied = rng.random(opinions.shape) < ties
    counts = np.stack(
        [np.sum((opinions > 0) & ~tied, axis=0), np.sum((opinions <= 0) & ~tied, axis=0), tied.sum(axis=0)]
    )
    scores = np.round(truth + rng.normal(size=(n_metrics, n_comparisons)) * np.arange(1, n_metrics + 1)[:, None], 1)
    return Ballots("all", counts, tuple(f"m{m}" for m in range(n_metrics)), scores, clusters)


def single_votes(ballots: Ballots) -> list[list[int]]:
    """Return the votes of each comparison one by one: 1, -1 or 0."""
    return [[1] * a + [-1] * b + [0] * tie for a, b, tie in ballots.counts.T.tolist()]


def turned(ballots: Ballots, which: np.ndarray) -> Ballots:
    """Return the same votes with the sides of some comparisons called the other way round."""
    a, b, tie = ballots.counts
    counts = np.stack([np.where(which, b, a), np.where(which, a, b), tie])
    differences = np.where(which, -ballots.differences, ballots.differences)
    return Ballots(ballots.stratum, counts, ballots.metrics, differences, ballots.clusters)
