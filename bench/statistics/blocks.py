"""Captions and listeners drawn together, without bias, where a data set falls apart into blocks that share neither.

Intervals draw captions. Were the study repeated, the listeners would be others, too, and a listener who rated several
captions ties these together. Where captions and listeners form blocks (the connected components of the graph in which
each rating joins its caption and its listener), blocks are independent of one another, and drawing whole blocks draws
both (a cluster bootstrap at the level above; Cameron, Gelbach & Miller 2011 on clusters that are nested). If standard
errors over blocks are those over captions, listeners do not matter for the intervals.

Not valid with few blocks: their standard error is itself uncertain by about 1 / sqrt(2 (blocks - 1)), so that no ratio
is given for fewer than 20.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from jaxtyping import Float, Int

from bench.statistics.agreement import SRCC, point_estimate
from bench.statistics.evenness import BlockSpread
from bench.statistics.reliability import Ratings
from bench.statistics.replicates import replicate
from bench.statistics.sample import FEW_CLUSTERS, MIN_PAIRS, Scores, Strata, StratumSample, split_strata
from bench.statistics.types import ResamplingPlan
from bench.statistics.weighted import prepare, weighted_srcc

MAX_RESAMPLES = 999
"""A standard error from so many resamples is uncertain by 2.2 %, a ratio of two by 3.2 %."""


def blocks_of(ratings: Ratings, captions: Int[np.ndarray, " pairs"]) -> Int[np.ndarray, " pairs"]:
    """Return the block of each pair, 0, 1, …: captions that share a listener, directly or through others, are in one.

    A caption that nobody rated is a block of its own.
    """
    from scipy.sparse import coo_array  # not at the top: `bench --help` only wants the names
    from scipy.sparse.csgraph import connected_components

    caption = np.unique(captions, return_inverse=True)[1]
    listener = np.unique(ratings.listener, return_inverse=True)[1]
    n_captions = int(caption.max()) + 1
    n_nodes = n_captions + (int(listener.max()) + 1 if len(listener) else 0)
    ends = (caption[ratings.pair], n_captions + listener)
    graph = coo_array((np.ones(len(listener), bool), ends), shape=(n_nodes, n_nodes))
    component = connected_components(graph, directed=False)[1]
    block: np.ndarray = np.unique(component[caption], return_inverse=True)[1]
    return block


def block_spreads(
    human: Float[np.ndarray, " pairs"],
    scores: Scores,
    strata: Strata,
    captions: Int[np.ndarray, " pairs"],
    blocks: Int[np.ndarray, " pairs"],
    plan: ResamplingPlan,
    n_threads: int | None = None,
) -> list[BlockSpread]:
    """Return the standard error of each metric's SRCC over blocks, divided by that over captions.

    Args:
        human: mean ratings, on any one scale.
        blocks: as `blocks_of` returns them.
        plan: seed and number of resamples, at most `MAX_RESAMPLES`; the unit is not used.

    Returns:
        Records by stratum, then metric; strata with fewer than three pairs are left out.
    """
    plan = replace(plan, unit="caption", ci_method="percentile", n_resamples=min(plan.n_resamples, MAX_RESAMPLES))
    by_caption = split_strata(human, scores, strata, captions, "caption")
    by_block = split_strata(human, scores, strata, blocks, "block")
    return [
        record
        for one, other in zip(by_caption, by_block, strict=True)
        if one.n_pairs >= MIN_PAIRS
        for record in _spreads(one, other, plan, n_threads)
    ]


def _spreads(
    by_caption: StratumSample, by_block: StratumSample, plan: ResamplingPlan, n_threads: int | None
) -> Iterator[BlockSpread]:
    n_blocks, reason = by_block.n_clusters, ""
    ratios = np.full(len(by_caption.metrics), np.nan)
    if n_blocks == 1:
        reason = "listeners connect all captions"
    elif n_blocks < FEW_CLUSTERS:
        reason = f"{n_blocks} blocks, fewer than {FEW_CLUSTERS}"
    else:
        over_blocks, over_captions = (_standard_errors(one, plan, n_threads) for one in (by_block, by_caption))
        ratios = np.divide(over_blocks, over_captions, out=ratios, where=over_captions > 0)
    for metric, row, ratio in zip(by_caption.metrics, by_caption.scores, ratios, strict=True):
        note = reason or point_estimate(SRCC, by_caption.human, row)[1]
        yield BlockSpread(metric, by_caption.stratum, SRCC.id, n_blocks, float(ratio), note)


def _standard_errors(
    sample: StratumSample, plan: ResamplingPlan, n_threads: int | None
) -> Float[np.ndarray, " metrics"]:
    """Return the standard deviation of SRCC over resamples of the sample's clusters; NaN where it is undefined."""
    prepared = prepare(sample.human, sample.scores, sample.clusters)
    found = replicate(
        lambda weights: weighted_srcc(prepared, weights),
        (len(sample.metrics),),
        plan,
        sample.stratum,
        sample.n_clusters,
        prepared.bytes_per_lane(),
        n_threads,
    )
    defined = ~np.isnan(found.resampled)
    return np.array(
        [
            values[kept].std(ddof=1) if kept.sum() > 1 else np.nan
            for values, kept in zip(found.resampled.T, defined.T, strict=True)
        ]
    )
