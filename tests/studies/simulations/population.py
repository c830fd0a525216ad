"""A population of rated pairs whose true correlations are known, with the traits of real ratings.

A caption has three to five pairs. They share part of their relevance, their listeners (one to six) with the bias of
these, and part of each metric's error. Ratings are whole numbers from 0 to 10, averaged and rescaled to [0, 1];
scores are clamped at 0, as CLAPScores are. ``quality`` is a metric's weight on relevance; ``shared`` is the
part of its error's variance that a caption's pairs have in common.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy import stats

RELEVANCE_SHARED = 0.4
LISTENER_BIAS_SD = 0.7
LISTENER_NOISE_SD = 1.8


@dataclass(frozen=True)
class Metric:
    """How a simulated metric scores."""

    quality: float = 0.6
    shared: float = 0.3


@dataclass(frozen=True)
class Draw:
    """One simulated data set; ``ratings`` has a column for each of six listeners, NaN where one was not asked."""

    human: np.ndarray
    scores: dict[str, np.ndarray]
    captions: np.ndarray
    ratings: np.ndarray


def draw(n_pairs: int, metrics: dict[str, Metric], rng: np.random.Generator) -> Draw:
    """Draw captions with three to five pairs each until there are ``n_pairs``, four a caption on average."""
    sizes = rng.integers(3, 6, n_pairs // 3 + 1)
    captions = np.repeat(np.arange(len(sizes)), sizes)[:n_pairs]
    relevance = _mixed(captions, RELEVANCE_SHARED, rng)
    scores = {
        name: np.maximum(0, 0.25 + 0.15 * (metric.quality * relevance + _mixed(captions, metric.shared, rng)))
        for name, metric in metrics.items()
    }
    ratings = _ratings(relevance, captions, rng)
    return Draw(np.nansum(ratings, axis=1) / np.sum(~np.isnan(ratings), axis=1) / 10, scores, captions, ratings)


@cache
def true_values(metric: Metric, n_pairs: int = 2_000_000) -> tuple[float, float, float, float]:
    """Return the population's SRCC, LCC, tau-b and MSE, from one very large draw (standard error about .001)."""
    large = draw(n_pairs, {"m": metric}, np.random.default_rng(987))
    human, scores = large.human, large.scores["m"]
    return (
        float(stats.spearmanr(human, scores).statistic),
        float(stats.pearsonr(human, scores).statistic),
        float(stats.kendalltau(human, scores).statistic),
        float(np.mean((human - scores) ** 2)),
    )


def _mixed(captions: np.ndarray, shared: float, rng: np.random.Generator) -> np.ndarray:
    """Return standard normal values, ``shared`` of whose variance belongs to the caption."""
    common = rng.normal(size=captions[-1] + 1)[captions]
    return np.sqrt(shared) * common + np.sqrt(1 - shared) * rng.normal(size=len(captions))


def _ratings(relevance: np.ndarray, captions: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    n_listeners = rng.integers(1, 7, captions[-1] + 1)
    ratings = np.full((len(captions), 6), np.nan)
    for listener in range(6):
        bias = LISTENER_BIAS_SD * rng.normal(size=captions[-1] + 1)[captions]
        noise = LISTENER_NOISE_SD * rng.normal(size=len(captions))
        asked = listener < n_listeners[captions]
        ratings[asked, listener] = np.clip(np.round(6.2 + 2 * relevance + bias + noise), 0, 10)[asked]
    return ratings
