"""What a metric that is equally good everywhere would show in each part of a data set.

Parts differ in how far their ratings spread, and bands of mean ratings are cut by noise as well, so that equal
correlations are not to be expected even of a metric whose error is the same everywhere. What such a metric shows is
computed from an ordinal model of the ratings (`bench.statistics.even_metric`) for the metric's own SRCC over all pairs.

The excess over that is resampled jointly: every resample draws captions over all pairs, and gives the metric's SRCC
over all pairs, what this predicts for the part, and the metric's SRCC in the part. The model is fitted once, to the
data themselves: that it would differ on each resample moves predictions by much less than the metric's SRCC moves.

Even on which scale? On the latent scale listeners' errors are even; the rating scale ends, and what is rated near its
ends is less spread there. A metric that is even on one is not even on the other, so both are predicted, and a metric is
called better or worse in a part only where it is so by both.

Only SRCC is predicted: other statistics depend on the metric's unit. Not valid for a metric that agrees better than the
true relevance could: it has seen these ratings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from jaxtyping import Float, UInt8

from bench.statistics.agreement import SRCC, STATISTICS, point_estimate
from bench.statistics.bootstrap import StratumBootstrap
from bench.statistics.even_metric import MIN_GROUP, EvenMetric, Part, fit_even_metrics
from bench.statistics.intervals import Measured
from bench.statistics.reliability import Ratings
from bench.statistics.replicates import Replicates, replicate
from bench.statistics.sample import MIN_PAIRS
from bench.statistics.types import Resampled, ResamplingPlan
from bench.statistics.weighted import prepare, weighted_srcc

MAX_RESAMPLES = 999
"""Enough for an interval; every part is computed anew on each."""


@dataclass(frozen=True, slots=True)
class Evenness(Resampled):
    """A metric in one stratum, beside what an evenly good metric of the same overall agreement would show there.

    Attributes:
        n_pairs: of the stratum.
        estimate: the metric's statistic in the stratum.
        predicted: of the evenly good metric, from the ordinal model of the ratings; even on the scale on which
            listeners' errors are even.
        excess: ``estimate`` minus ``predicted``, resampled together.
        predicted_on_ratings, excess_on_ratings: the same for a metric that is even on the rating scale.
    """

    metric: str
    stratum: str
    statistic: str
    n_pairs: int
    estimate: float
    predicted: float
    excess: Measured
    predicted_on_ratings: float
    excess_on_ratings: Measured
    note: str = ""

    @property
    def shown(self) -> Literal["better", "worse", ""]:
        """What both intervals leave 0 out for: better or worse here than an evenly good metric; empty for neither."""
        both = (self.excess, self.excess_on_ratings)
        if all(one.low > 0 for one in both):
            return "better"
        return "worse" if all(one.high < 0 for one in both) else ""


@dataclass(frozen=True, slots=True)
class BlockSpread:
    """Would intervals widen if listeners were drawn as well? Blocks of captions that listeners connect, resampled.

    Attributes:
        n_blocks: connected components of listeners and captions in the stratum.
        ratio: standard error over blocks divided by that over captions; NaN where everything is one block.
    """

    metric: str
    stratum: str
    statistic: str
    n_blocks: int
    ratio: float
    note: str = ""


def evenness(
    overall: StratumBootstrap,
    ratings: Ratings,
    parts: Sequence[Part],
    plan: ResamplingPlan,
    n_threads: int | None = None,
) -> list[Evenness]:
    """Hold every metric in every part against an evenly good metric of the same SRCC over all pairs.

    Args:
        overall: the bootstrap of all pairs.
        ratings: the single ratings of these pairs, at least one each.
        parts: masks over these pairs; ends of bands on the scale of the ratings.
        plan: that ``overall`` was made by; at most `MAX_RESAMPLES` resamples are made.

    Returns:
        Records by part, then metric; none where no pair was rated twice, all ratings are equal, or ``overall`` has too
        few pairs or clusters. Parts of fewer than three pairs are left out.

    Raises:
        DataError: a pair has no rating.
    """
    n_ratings = np.bincount(ratings.pair, minlength=overall.sample.n_pairs)
    drawn = overall.replicates()
    if drawn is None or (n_ratings <= 1).all() or np.ptp(ratings.score) == 0:
        return []
    mean = np.bincount(ratings.pair, ratings.score) / n_ratings
    # Rounded as the means of the model are, so that a mean on an edge is on one side of it in both.
    pairs_of = {part.stratum: part.pairs(np.round(mean, 9)) for part in parts}
    parts = [part for part in parts if len(pairs_of[part.stratum]) >= MIN_PAIRS]
    even = fit_even_metrics(ratings, parts, overall.sample.n_pairs)
    plan = replace(plan, n_resamples=min(plan.n_resamples, MAX_RESAMPLES))
    srcc = STATISTICS.index(SRCC)
    of_all = Replicates(drawn.resampled[: plan.n_resamples], drawn.jackknife).map(lambda values: values[:, :, srcc])
    pairs = [pairs_of[part.stratum] for part in parts]
    within = _srcc_within(overall, pairs, plan, n_threads)
    return [
        _evenness(overall, even, parts[p].stratum, pairs[p], (p, m), (of_all[m], within[p, m]), plan)
        for p in range(len(parts))
        for m in range(len(overall.sample.metrics))
    ]


def _srcc_within(
    overall: StratumBootstrap, pairs: Sequence[np.ndarray], plan: ResamplingPlan, n_threads: int | None
) -> Replicates:
    """Return the SRCC of every metric in every part, on the resamples of all pairs."""
    sample = overall.sample
    prepared = [
        prepare(sample.human[part], sample.scores[:, part], sample.clusters[part], sample.n_clusters) for part in pairs
    ]

    def values_of(weights: UInt8[np.ndarray, "clusters lanes"]) -> Float[np.ndarray, "lanes parts metrics"]:
        return np.stack([weighted_srcc(part, weights) for part in prepared], axis=1)

    shape, size = (len(pairs), len(sample.metrics)), max(part.bytes_per_lane() for part in prepared)
    return replicate(values_of, shape, plan, sample.stratum, sample.n_clusters, size, n_threads)


def _evenness(
    overall: StratumBootstrap,
    even: tuple[EvenMetric, EvenMetric],
    stratum: str,
    pairs: np.ndarray,
    place: tuple[int, int],
    drawn: tuple[Replicates, Replicates],
    plan: ResamplingPlan,
) -> Evenness:
    """Return the record of one part and metric; ``drawn`` holds its SRCC over all pairs and in the part."""
    p, m = place
    sample, at_all = overall.sample, float(overall.estimates[m, STATISTICS.index(SRCC)])
    estimate, note = point_estimate(SRCC, sample.human[pairs], sample.scores[m, pairs])
    n_clusters = len(np.unique(sample.clusters[pairs]))
    if len(pairs) < MIN_GROUP:
        at_all, note = np.nan, f"nothing is predicted for fewer than {MIN_GROUP} pairs"
    elif abs(at_all) > min(one.highest for one in even):
        note = "agrees better over all pairs than the true relevance could: no evenly good metric does"
    latent, on_ratings = (_held_against(one, p, at_all, estimate, drawn, plan, n_clusters) for one in even)
    return Evenness(
        metric=sample.metrics[m],
        stratum=stratum,
        statistic=SRCC.id,
        n_pairs=len(pairs),
        estimate=estimate,
        predicted=latent[0],
        excess=latent[1],
        predicted_on_ratings=on_ratings[0],
        excess_on_ratings=on_ratings[1],
        note=note,
        **plan.as_fields(),
    )


def _held_against(
    even: EvenMetric,
    part: int,
    at_all: float,
    estimate: float,
    drawn: tuple[Replicates, Replicates],
    plan: ResamplingPlan,
    n_clusters: int,
) -> tuple[float, Measured]:
    """Return what an evenly good metric shows, NaN where none agrees so well over all pairs, and the excess over it."""
    predicted = float(even.predicted(part, np.array(at_all))) if abs(at_all) <= even.highest else np.nan
    of_all, within = drawn
    excess = _minus(within, of_all.map(lambda values: even.predicted(part, values)))
    return predicted, excess.measured(estimate - predicted, plan, n_clusters)


def _minus(one: Replicates, other: Replicates) -> Replicates:
    by = other.jackknife
    jackknife = None if one.jackknife is None or by is None else one.jackknife - by
    return Replicates(one.resampled - other.resampled, jackknife)
