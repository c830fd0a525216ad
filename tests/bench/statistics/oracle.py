"""The plain way to resample: write the drawn pairs out and call scipy. Slow, and what the kernels must equal."""

from __future__ import annotations

import warnings

import numpy as np
from scipy import stats

from bench.statistics.resampling import BLOCK, bootstrap_weights
from bench.statistics.types import ResamplingPlan


def statistics(human: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """SRCC, LCC, tau-b and MSE by scipy, NaN where one input is constant."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.array(
            [
                stats.spearmanr(human, scores).statistic,
                stats.pearsonr(human, scores).statistic if len(human) > 1 else np.nan,
                stats.kendalltau(human, scores).statistic,
                np.mean((scores - human) ** 2),
            ]
        )


def weighted(human: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Statistics of the pairs, each written out as often as its weight says."""
    return statistics(np.repeat(human, weights), np.repeat(scores, weights))


def bootstrap(human: np.ndarray, scores: np.ndarray, clusters: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Statistics on each resample; ``weights[clusters, resamples]`` as drawn by bench.statistics.resampling."""
    return np.array([weighted(human, scores, column[clusters]) for column in weights.T])


def all_weights(plan: ResamplingPlan, stratum: str, n_clusters: int) -> np.ndarray:
    """Return how often each cluster is drawn in each resample of the plan, over all blocks."""
    blocks = range(-(-plan.n_resamples // BLOCK))
    rows = [min(BLOCK, plan.n_resamples - block * BLOCK) for block in blocks]
    drawn = [
        w
        for block, n in zip(blocks, rows, strict=True)
        for w in bootstrap_weights(plan.seed, stratum, n_clusters, block, n)
    ]
    return np.concatenate(drawn, axis=1)
