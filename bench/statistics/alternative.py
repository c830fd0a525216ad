"""The alternative annotator test: could a metric stand in for a listener? (Calderon, Reichart & Dror 2025)

Each rating y of listener j is held out, and so is the metric's answer f for the same pair; whichever is nearer to the
mean of the pair's other ratings wins, and where both are as near both do. (For ratings the paper compares root mean
squared distances from the others; the spread of the others is in both, so that the distance from their mean decides.)
For every listener with enough ratings, one-sided,

    H0: P(f wins) <= P(y wins) - epsilon,

by a t test of the differences that lets ratings of one caption depend on each other (linearised, with one residual a
caption; where each caption has one rating it is the paper's t test). The p-values are adjusted for the false
discovery rate (Benjamini & Yekutieli 2001). The metric may replace a listener if H0 falls for half of the listeners
or more.

Scores are no ratings: they are mapped to answers first, by the equipercentile method (Kolen & Brennan 2014, chapter
2), cross-fitted by caption: a score gets the rating that has the same rank among single ratings of other captions as
the score has among scores; equal scores share their ranks by chance. So the metric answers with the spread of a
listener. A least-squares map would not do: it shrinks answers towards the mean, and where listeners differ much a
constant is nearer to the others than a listener is, so that noise would pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Float, Int

from bench.statistics.agreement import PRIMARY, why_undefined
from bench.statistics.folds import N_FOLDS
from bench.statistics.held_out import HeldOut, hold_out
from bench.statistics.intervals import Measured, too_few_clusters
from bench.statistics.reliability import Ratings
from bench.statistics.replicates import replicate_sums
from bench.statistics.resampling import generator
from bench.statistics.sample import MIN_CLUSTERS, Scores, Strata
from bench.statistics.types import ResamplingPlan
from bench.statistics.yardsticks import UNDEFINED, AlternativeListener

EPSILON = 0.1
"""What the paper grants where annotators are crowd workers."""

MIN_RATINGS = 30
"""Of a listener who is tested, as the paper has it."""

MIN_CAPTIONS = 10
"""That the ratings of a tested listener belong to: with fewer, the spread over captions is not known."""

MIN_LISTENERS = 3
"""Below this many a share of listeners says nothing."""

LEVEL = 0.05
HALF = 0.5
_EQUAL = 1e-9


def alternative_listeners(
    ratings: Ratings,
    scores: Scores,
    strata: Strata,
    captions: Int[np.ndarray, " pairs"],
    plan: ResamplingPlan,
    epsilon: float = EPSILON,
    n_threads: int | None = None,
) -> list[AlternativeListener]:
    """Test every metric on each stratum with a pair that two listeners rated.

    Args:
        ratings: single ratings on any scale.
        scores: by metric.
        strata: masks over the pairs.
        captions: of each pair: maps are cross-fitted by these, and listeners' ratings depend on each other within them.
        plan: of the intervals; its seed also deals folds and ranks of equal scores.
        epsilon: cost that is granted to the metric.
        n_threads: None takes every core; the results do not depend on it.
    """
    records: list[AlternativeListener] = []
    for stratum, mask in strata.items():
        held = hold_out(ratings, mask, captions, plan.unit)
        if len(held.pairs):
            caption = np.unique(captions[held.pairs], return_inverse=True)[1]
            inside = {metric: row[held.pairs] for metric, row in scores.items()}
            records += _test(held, caption, inside, stratum, plan, epsilon, n_threads)
    return records


def answers_like_a_listener(
    scores: Float[np.ndarray, " pairs"],
    ratings: Ratings,
    captions: Int[np.ndarray, " pairs"],
    seed: int,
    stratum: str,
) -> Float[np.ndarray, " pairs"]:
    """Map scores to ratings by the equipercentile method, each by other captions than its own.

    Args:
        scores: a pair each.
        ratings: single ratings of the pairs.
        captions: index, from 0 without gaps, of the caption of each pair.
        seed, stratum: key the folds and the ranks of equal scores.
    """
    draw = generator(seed, "answers", stratum, 0)
    fold = draw.permutation(np.arange(int(captions.max()) + 1) % N_FOLDS)[captions]
    chance = draw.random(len(scores))
    answers = np.full(len(scores), np.nan)
    for k in np.unique(fold):
        inside, known = fold == k, np.sort(scores[fold != k])
        given = np.sort(ratings.score[fold[ratings.pair] != k])
        if len(given):
            below = np.searchsorted(known, scores[inside], side="left")
            equal = np.searchsorted(known, scores[inside], side="right") - below
            rank = (below + chance[inside] * (equal + 1)) / (len(known) + 1)
            answers[inside] = given[np.floor(rank * len(given)).astype(int)]
    return answers


def listener_p_value(
    difference: Float[np.ndarray, " ratings"], captions: Int[np.ndarray, " ratings"], epsilon: float
) -> float:
    """Return the one-sided p-value of one listener.

    Args:
        difference: for each rating, whether the listener wins minus whether the metric wins.
        captions: that the ratings belong to.
        epsilon: H0 is that the mean difference is ``epsilon`` or more.
    """
    from scipy.special import stdtr

    index = np.unique(captions, return_inverse=True)[1]
    n, c = len(difference), int(index.max()) + 1
    mean = float(difference.mean())
    residual = np.bincount(index, difference - mean)
    error = float(np.sqrt(c / (c - 1) * np.sum(residual**2))) / n
    if error == 0:
        return float(mean >= epsilon)
    return float(stdtr(c - 1, (mean - epsilon) / error))


def _test(
    held: HeldOut,
    caption: Int[np.ndarray, " pairs"],
    scores: Scores,
    stratum: str,
    plan: ResamplingPlan,
    epsilon: float,
    n_threads: int | None,
) -> list[AlternativeListener]:
    reasons = {metric: _why_untested(held, caption, row) for metric, row in scores.items()}
    wins = {
        metric: _wins(held, answers_like_a_listener(row, held.ratings, caption, plan.seed, stratum))
        for metric, row in scores.items()
        if not reasons[metric]
    }
    shares = dict(zip(wins, _shares(held, list(wins.values()), stratum, plan, n_threads), strict=True))
    tested = list(_tested_listeners(held, caption)) if wins else []
    too_few = _too_few_listeners(len(tested))
    records = []
    for metric, reason in reasons.items():
        rate = np.nan
        if not (reason or too_few):
            of_metric, of_listener = wins[metric]
            difference = of_listener - of_metric
            p_values = [listener_p_value(difference[mine], captions, epsilon) for mine, captions in tested]
            rate = winning_rate(np.array(p_values))
        advantage, listeners_advantage = shares.get(metric, (UNDEFINED, UNDEFINED))
        records.append(
            AlternativeListener(
                metric=metric,
                stratum=stratum,
                winning_rate=rate,
                advantage=advantage,
                listeners_advantage=listeners_advantage,
                epsilon=epsilon,
                n_listeners=len(tested),
                may_replace=bool(rate >= HALF),
                note=reason or too_few,
                **plan.as_fields(),
            )
        )
    return records


def winning_rate(p_values: Float[np.ndarray, " listeners"]) -> float:
    """Return the share of H0 that fall at a false discovery rate of `LEVEL` (Benjamini & Yekutieli 2001)."""
    n = len(p_values)
    limits = LEVEL * np.arange(1, n + 1) / n / np.sum(1 / np.arange(1, n + 1))
    below = np.flatnonzero(np.sort(p_values) <= limits)
    return float(below[-1] + 1) / n if len(below) else 0.0


def _why_untested(held: HeldOut, caption: Int[np.ndarray, " pairs"], scores: Float[np.ndarray, " pairs"]) -> str:
    n_captions = int(caption.max()) + 1
    too_few = too_few_clusters(n_captions, "captions") if n_captions < MIN_CLUSTERS else ""
    return why_undefined(PRIMARY, held.others, scores[held.pair]) or too_few


def _too_few_listeners(n_listeners: int) -> str:
    if n_listeners >= MIN_LISTENERS:
        return ""
    return (
        f"{n_listeners} listeners rated {MIN_RATINGS} pairs or more of {MIN_CAPTIONS} captions or more together with "
        f"others; the test asks for {MIN_LISTENERS}"
    )


def _tested_listeners(
    held: HeldOut, caption: Int[np.ndarray, " pairs"]
) -> Iterator[tuple[Int[np.ndarray, " own"], Int[np.ndarray, " own"]]]:
    """Yield, for each listener with enough ratings, which they are and their captions."""
    order = np.argsort(held.listener, kind="stable")
    for mine in np.split(order, np.flatnonzero(np.diff(held.listener[order])) + 1):
        captions = caption[held.pair[mine]]
        if len(mine) >= MIN_RATINGS and len(np.unique(captions)) >= MIN_CAPTIONS:
            yield mine, captions


def _wins(
    held: HeldOut, answers: Float[np.ndarray, " pairs"]
) -> tuple[Float[np.ndarray, " ratings"], Float[np.ndarray, " ratings"]]:
    """Return 1 where the metric's answer is as near to the others as the held-out rating, and the other way round."""
    metric, listener = np.abs(answers[held.pair] - held.others), np.abs(held.own - held.others)
    return (metric <= listener + _EQUAL).astype(float), (listener <= metric + _EQUAL).astype(float)


def _shares(
    held: HeldOut,
    wins: Sequence[tuple[Float[np.ndarray, " ratings"], Float[np.ndarray, " ratings"]]],
    stratum: str,
    plan: ResamplingPlan,
    n_threads: int | None,
) -> list[tuple[Measured, Measured]]:
    """Return, for each metric, the share of held-out ratings that it and the listener win, pairs counting equally."""
    by_cluster, n = held.cluster[held.pair], held.n_clusters
    columns = [np.ones(len(held.own)), *(column for both in wins for column in both)]
    totals = np.stack([np.bincount(by_cluster, held.share * column, n) for column in columns], axis=1)
    shares = totals.sum(axis=0) / totals[:, 0].sum()
    if n < MIN_CLUSTERS:
        found = [Measured(float(share), np.nan, np.nan, too_few_clusters(n)) for share in shares]
    else:
        drawn = replicate_sums(totals, plan, stratum, n_threads).map(lambda sums: sums / sums[:, :1])
        found = [drawn[k].measured(float(share), plan, n) for k, share in enumerate(shares)]
    return list(zip(found[1::2], found[2::2], strict=True))
