"""Simulated ratings and scores with the traits that make real ones hard: captions in common, ties, few listeners."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True)
class Simulated:
    """Ratings in [0, 1] with ties, scores by metric, and the caption of each pair."""

    human: np.ndarray
    scores: dict[str, np.ndarray]
    clusters: np.ndarray


def rated_pairs(n_pairs: int, n_metrics: int = 2, seed: int = 0, pairs_per_caption: int = 3) -> Simulated:
    """Draw pairs whose captions share random effects; ratings are means of four whole numbers from 0 to 10."""
    rng = np.random.default_rng(seed)
    clusters = np.arange(n_pairs) // pairs_per_caption
    shared = rng.normal(size=clusters.max() + 1)[clusters]
    relevance = 0.6 * shared + 0.8 * rng.normal(size=n_pairs)
    ratings = np.clip(np.round(5 + 2 * relevance[:, None] + 2 * rng.normal(size=(n_pairs, 4))), 0, 10)
    scores = {f"metric{m}": 0.4 + 0.1 * relevance + 0.1 * (1 + m) * rng.normal(size=n_pairs) for m in range(n_metrics)}
    return Simulated(ratings.mean(axis=1) / 10, scores, clusters)


def planted_metric(ratings: np.ndarray, srcc: float, seed: int = 0) -> np.ndarray:
    """Return ratings plus even noise, of an SRCC with the ratings as asked for: a metric equally good everywhere."""
    noise = np.random.default_rng(seed).normal(size=len(ratings))
    signal = (ratings - ratings.mean()) / ratings.std()
    low, high = 0.0, 1.0
    for _ in range(40):
        share = (low + high) / 2
        scores = share * signal + np.sqrt(1 - share**2) * noise
        too_weak = stats.spearmanr(scores, ratings).statistic < srcc
        low, high = (share, high) if too_weak else (low, share)
    return scores


def some_pairs() -> tuple[np.ndarray, dict[str, np.ndarray], np.ndarray]:
    """Return ratings, the scores of two metrics, and captions of 120 pairs."""
    data = rated_pairs(120, n_metrics=2, seed=3)
    return data.human, data.scores, data.clusters
