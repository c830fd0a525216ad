"""Would intervals widen if other listeners had rated? For data in which listeners connect all captions.

Captions and listeners are drawn with replacement; a rating counts as often as its caption times its listener was drawn
(Owen 2007, the pigeonhole bootstrap). A pair's mean rating is then a weighted mean over drawn listeners, and a pair
without any drops out. This overstates the spread: the listeners' noise is drawn twice, and doubled and missing
listeners make means noisier than they were. So the spread is given beside its value where listeners do not differ: each
pair's ratings are shuffled among its listeners, anew for every resample, which leaves means, scores and design as they
are and takes from listeners whatever they have in common over pairs. Only the part by which the first spread exceeds
the second is due to listeners.

Where a data set falls apart into blocks, `bench.statistics.blocks` answers the question without that bias.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from bench.statistics.agreement import SRCC, STATISTICS
from bench.statistics.bootstrap import StratumBootstrap
from bench.statistics.reliability import Ratings
from bench.statistics.resampling import BLOCK, bootstrap_weights, generator, layout, run_blocks
from bench.statistics.sample import StratumSample
from bench.statistics.types import ResamplingPlan

MAX_RESAMPLES = 499
"""Ratings change with every resample, so nothing can be sorted once."""


@dataclass(frozen=True, slots=True)
class CrossedSpread:
    """How far SRCC moves when captions and listeners are both drawn anew.

    Attributes:
        caption_spread: standard deviation over resamples of captions (or pairs, or blocks) alone.
        spread: over resamples of captions and listeners.
        spread_if_alike: the same if each pair's ratings are shuffled among its listeners.
        n_listeners: that are drawn.
        n_resamples: of captions and listeners.
    """

    metric: str
    stratum: str
    statistic: str
    caption_spread: float
    spread: float
    spread_if_alike: float
    n_listeners: int
    n_resamples: int
    note: str = ""


def crossed_spreads(
    bootstrap: StratumBootstrap, ratings: Ratings, plan: ResamplingPlan, n_threads: int | None = None
) -> list[CrossedSpread]:
    """Return the spread of each metric's SRCC; none where the bootstrap has too few pairs or clusters.

    Args:
        bootstrap: of the pairs that ``ratings.pair`` counts.
        ratings: on any one scale.
        plan: that the bootstrap was made by; at most `MAX_RESAMPLES` resamples are made.
    """
    if bootstrap.resampled is None:
        return []
    srcc, n_resamples = STATISTICS.index(SRCC), min(plan.n_resamples, MAX_RESAMPLES)
    names, listener = np.unique(ratings.listener, return_inverse=True)
    local = Ratings(ratings.score, ratings.pair, listener)
    found = _crossed_srcc(bootstrap.sample, local, len(names), plan.seed, n_resamples, n_threads)
    return [
        CrossedSpread(
            metric=metric,
            stratum=bootstrap.sample.stratum,
            statistic=SRCC.id,
            caption_spread=_sd(bootstrap.resampled[:, m, srcc]),
            spread=_sd(found[:, 0, m]),
            spread_if_alike=_sd(found[:, 1, m]),
            n_listeners=len(names),
            n_resamples=n_resamples,
            note=bootstrap.reasons[m][srcc],
        )
        for m, metric in enumerate(bootstrap.sample.metrics)
    ]


def mean_ratings(
    ratings: Ratings, listener_weights: Int[np.ndarray, " listeners"], n_pairs: int
) -> Float[np.ndarray, " pairs"]:
    """Return each pair's mean rating, listeners counted by their weights; NaN where none was drawn."""
    weights = listener_weights[ratings.listener].astype(float)
    total = np.bincount(ratings.pair, weights * ratings.score, n_pairs)
    count = np.bincount(ratings.pair, weights, n_pairs)
    return np.divide(total, count, out=np.full(n_pairs, np.nan), where=count > 0)


def shuffled_within_pairs(ratings: Ratings, draw: np.random.Generator) -> Ratings:
    """Return the ratings with each pair's scores shuffled among its listeners."""
    by_pair = np.argsort(ratings.pair, kind="stable")
    shuffled = np.lexsort((draw.random(len(ratings.pair)), ratings.pair))
    score = np.empty_like(ratings.score)
    score[by_pair] = ratings.score[shuffled]
    return Ratings(score, ratings.pair, ratings.listener)


def _crossed_srcc(
    sample: StratumSample, ratings: Ratings, n_listeners: int, seed: int, n_resamples: int, n_threads: int | None
) -> Float[np.ndarray, "resamples 2 metrics"]:
    """Return SRCC on each resample, with the ratings as they are and shuffled within pairs."""
    result = np.full((n_resamples, 2, len(sample.metrics)), np.nan)
    levels = [np.unique(row, return_inverse=True)[1] for row in sample.scores]

    def compute(block: int) -> None:
        first = block * BLOCK
        rows = min(BLOCK, n_resamples - first)
        draw = generator(seed, "listeners", sample.stratum, block)
        [weights] = bootstrap_weights(seed, sample.stratum, sample.n_clusters, block, rows)
        for lane in range(rows):
            drawn = np.bincount(draw.integers(0, n_listeners, n_listeners), minlength=n_listeners)
            for version, rated in enumerate((ratings, shuffled_within_pairs(ratings, draw))):
                human = mean_ratings(rated, drawn, sample.n_pairs)
                counted = np.where(np.isnan(human), 0.0, weights[sample.clusters, lane])
                result[first + lane, version] = _weighted_srcc(human, levels, counted)

    threads, _ = layout(64 * sample.n_pairs, n_threads)
    run_blocks(compute, -(-n_resamples // BLOCK), threads)
    return result


def _weighted_srcc(
    human: Float[np.ndarray, " pairs"], levels: list[Int[np.ndarray, " pairs"]], weights: Float[np.ndarray, " pairs"]
) -> Float[np.ndarray, " metrics"]:
    """Return the SRCC of each metric, pairs counted by weight: Pearson's correlation of the weighted mid-ranks."""
    y = _centred_ranks(np.unique(human, return_inverse=True)[1], weights)
    x = np.array([_centred_ranks(level, weights) for level in levels]).reshape(len(levels), len(weights))
    product, square, human_square = (
        (x * (weights * y)).sum(axis=1),
        (x * x * weights).sum(axis=1),
        (y * y * weights).sum(),
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        srcc: np.ndarray = product / np.sqrt(square * human_square)
    return np.where((square > 0) & (human_square > 0), srcc, np.nan)


def _centred_ranks(
    level: Int[np.ndarray, " pairs"], weights: Float[np.ndarray, " pairs"]
) -> Float[np.ndarray, " pairs"]:
    """Return twice each pair's mid-rank less the mean of those: whole numbers, 0 everywhere if all weight is tied."""
    count = np.bincount(level, weights)
    ranks: np.ndarray = (2 * np.cumsum(count) - count - count.sum())[level]
    return np.where(weights > 0, ranks, 0.0)


def _sd(values: Float[np.ndarray, " resamples"]) -> float:
    defined = values[~np.isnan(values)]
    return float(defined.std(ddof=1)) if len(defined) > 1 else float("nan")
