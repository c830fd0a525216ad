"""What if other listeners had rated? Captions and listeners resampled together, as a sensitivity analysis.

Both are drawn with replacement; a rating counts as often as its caption times its listener was drawn (Owen 2007, the
pigeonhole bootstrap, conservative for crossed random effects). A pair's mean rating is then a weighted mean over drawn
listeners, and a pair without any drops out. Doubled and missing listeners make means noisier than they were, so
correlations on crossed resamples are biased downwards: their quantiles are no interval. Their spread is reported, and
an interval recentred on the estimate.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from bench.statistics.agreement import STATISTICS
from bench.statistics.bootstrap import StratumBootstrap
from bench.statistics.intervals import Measured, measured, too_few_clusters
from bench.statistics.reliability import Ratings
from bench.statistics.resampling import BLOCK, bootstrap_weights, generator, layout, run_blocks
from bench.statistics.sample import StratumSample
from bench.statistics.types import IntervalMethod, Resampled, ResamplingPlan
from bench.statistics.weighted import prepare, weighted_statistics

MAX_RESAMPLES = 999
"""Ratings change with every resample, so nothing can be sorted once: a thousand resamples take seconds."""


@dataclass(frozen=True, slots=True)
class CrossedSpread(Resampled):
    """How far an estimate moves when captions and listeners are both drawn anew: a sensitivity analysis.

    Attributes:
        spread: standard deviation of the statistic over crossed resamples.
        caption_spread: the same when captions alone are drawn, for comparison.
        bias: mean over crossed resamples minus estimate: drawing listeners adds label noise, which lowers correlations.
        recentred: the estimate, with the crossed resamples' quantiles shifted by the bias.
        ci_method: ``percentile`` also where BCa was asked for: that is defined for one kind of cluster, not for two.
    """

    metric: str
    stratum: str
    statistic: str
    spread: float
    caption_spread: float
    bias: float
    recentred: Measured
    n_listeners: int
    note: str = ""


def crossed_spreads(
    bootstrap: StratumBootstrap,
    ratings: Ratings,
    pairs: Int[np.ndarray, " pairs"],
    plan: ResamplingPlan,
    n_threads: int | None = None,
) -> list[CrossedSpread]:
    """Return the spread of each metric and statistic of one stratum.

    Args:
        ratings: scores rescaled to [0, 1].
        pairs: index, as in ``ratings.pair``, of the stratum's pairs in the order of the bootstrap's sample.
        plan: at most `MAX_RESAMPLES` resamples are made.
    """
    method: IntervalMethod = "percentile" if plan.ci_method == "bca" else plan.ci_method
    plan = replace(plan, n_resamples=min(plan.n_resamples, MAX_RESAMPLES), ci_method=method)
    sample, by_caption = bootstrap.sample, bootstrap.resampled
    if by_caption is None:
        return []
    local, n_listeners = _within(ratings, pairs)
    crossed = _crossed_statistics(sample, local, n_listeners, plan, n_threads)
    return [
        _spread(bootstrap, (m, s), by_caption[:, m, s], crossed[:, m, s], n_listeners, plan)
        for m in range(len(sample.metrics))
        for s in range(len(STATISTICS))
    ]


def mean_ratings(
    ratings: Ratings, listener_weights: Int[np.ndarray, " listeners"], n_pairs: int
) -> Float[np.ndarray, " pairs"]:
    """Return each pair's mean rating, listeners counted by their weights; NaN where none was drawn."""
    weights = listener_weights[ratings.listener].astype(float)
    total = np.bincount(ratings.pair, weights * ratings.score, n_pairs)
    count = np.bincount(ratings.pair, weights, n_pairs)
    return np.divide(total, count, out=np.full(n_pairs, np.nan), where=count > 0)


def _within(ratings: Ratings, pairs: Int[np.ndarray, " pairs"]) -> tuple[Ratings, int]:
    """Return the ratings of the given pairs, with pairs and listeners as indices from 0."""
    position = np.full(int(ratings.pair.max()) + 1, -1)
    position[pairs] = np.arange(len(pairs))
    used = position[ratings.pair] >= 0
    names, listener = np.unique(ratings.listener[used], return_inverse=True)
    return Ratings(ratings.score[used], position[ratings.pair[used]], listener), len(names)


def _crossed_statistics(
    sample: StratumSample, ratings: Ratings, n_listeners: int, plan: ResamplingPlan, n_threads: int | None
) -> Float[np.ndarray, "resamples metrics statistics"]:
    result = np.full((plan.n_resamples, len(sample.metrics), len(STATISTICS)), np.nan)

    def compute(block: int) -> None:
        first = block * BLOCK
        rows = min(BLOCK, plan.n_resamples - first)
        draw = generator(plan.seed, "listeners", sample.stratum, block)
        [weights] = bootstrap_weights(plan.seed, sample.stratum, sample.n_clusters, block, rows)
        for lane in range(rows):
            drawn = draw.integers(0, n_listeners, n_listeners)
            human = mean_ratings(ratings, np.bincount(drawn, minlength=n_listeners), sample.n_pairs)
            rated = ~np.isnan(human)
            if weights[sample.clusters[rated], lane].any():
                kept = prepare(human[rated], sample.scores[:, rated], sample.clusters[rated], sample.n_clusters)
                result[first + lane] = weighted_statistics(kept, np.ascontiguousarray(weights[:, [lane]]))[0]

    threads, _ = layout(64 * sample.n_pairs * len(sample.metrics), n_threads)
    run_blocks(compute, -(-plan.n_resamples // BLOCK), threads)
    return result


def _spread(
    bootstrap: StratumBootstrap,
    cell: tuple[int, int],
    by_caption: Float[np.ndarray, " resamples"],
    crossed: Float[np.ndarray, " crossed_resamples"],
    n_listeners: int,
    plan: ResamplingPlan,
) -> CrossedSpread:
    m, s = cell
    estimate = float(bootstrap.estimates[cell])
    defined = ~np.isnan(crossed)
    bias = float(np.mean(crossed[defined]) - estimate) if defined.any() else np.nan
    return CrossedSpread(
        metric=bootstrap.sample.metrics[m],
        stratum=bootstrap.sample.stratum,
        statistic=STATISTICS[s].id,
        spread=_sd(crossed),
        caption_spread=_sd(by_caption),
        bias=bias,
        recentred=_recentred(estimate, crossed - bias, bootstrap.sample.n_clusters, n_listeners, plan),
        n_listeners=n_listeners,
        **plan.as_fields(),
        note=bootstrap.reasons[m][s],
    )


def _recentred(
    estimate: float,
    crossed: Float[np.ndarray, " crossed_resamples"],
    n_clusters: int,
    n_listeners: int,
    plan: ResamplingPlan,
) -> Measured:
    """Return the estimate with its interval, as wide as the fewer of captions and listeners ask for."""
    if reason := too_few_clusters(n_listeners, "listeners"):
        return Measured(estimate, np.nan, np.nan, reason)
    return measured(estimate, crossed, plan, min(n_clusters, n_listeners))


def _sd(values: Float[np.ndarray, " resamples"]) -> float:
    defined = values[~np.isnan(values)]
    return float(defined.std(ddof=1)) if len(defined) > 1 else float("nan")
