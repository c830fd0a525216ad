"""How wrong a metric is once its scale is put right: MSE after calibration.

Raw MSE punishes a metric for living on another scale than the ratings (a CLAPScore of .4 may well be excellent), and
of a metric that leaves [0, 1] it says nothing at all: there it is not given. An isotonic map removes everything but
the order. (After a straight line the error is Var(y) (1 - LCC^2), which LCC says already.) Maps are fitted on other
data than they are judged on: on training data, or, without any, on the other nine of ten folds of captions, whatever
unit is resampled: clips of one caption on both sides would leak. Intervals hold the fitted maps fixed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, Int
from scipy.optimize import isotonic_regression

from bench.statistics.folds import TrainingData, cluster_folds
from bench.statistics.intervals import Measured
from bench.statistics.replicates import replicate_sums
from bench.statistics.sample import Scores, Strata, StratumSample, split_strata
from bench.statistics.types import Resampled, ResamplingPlan

_Map = Callable[[np.ndarray], np.ndarray]

ONE_CAPTION = "a single caption: no other to fit the map on"


@dataclass(frozen=True, slots=True)
class CalibratedError(Resampled):
    """MSE of a metric as it is, and after its scores are mapped to ratings.

    Attributes:
        raw: of the scores as they are; NaN, with the reason, where they leave the [0, 1] of the ratings.
        isotonic: after the best rising function, interpolated linearly between the fitted scores.
        calibration: the data that the map was fitted on.
    """

    metric: str
    stratum: str
    raw: Measured
    isotonic: Measured
    calibration: Literal["training data", "cross-fitted by caption"]
    note: str = ""


def calibrated_errors(
    human: Float[np.ndarray, " pairs"],
    scores: Scores,
    strata: Strata,
    captions: Int[np.ndarray, " pairs"],
    plan: ResamplingPlan,
    training: TrainingData | None = None,
    clusters: Int[np.ndarray, " pairs"] | None = None,
    n_threads: int | None = None,
) -> list[CalibratedError]:
    """Return each metric's MSE raw and after the map, on each stratum that can be resampled.

    The map is fitted on all training pairs, or within the stratum where there are none.

    Args:
        captions: of each pair; folds are of these.
        clusters: what is resampled, unless the plan's unit is single pairs; None means the captions.
    """
    units = split_strata(human, scores, strata, captions if clusters is None else clusters, plan.unit)
    by_caption = split_strata(human, scores, strata, captions, "caption")
    mismatches = [unit_mismatch(row) for row in scores.values()]
    return [
        record
        for sample, folded in zip(units, by_caption, strict=True)
        if sample.can_be_resampled
        for record in _errors(sample, folded, mismatches, plan, training, n_threads)
    ]


def unit_mismatch(scores: Float[np.ndarray, " pairs"]) -> str:
    """Return why scores cannot be taken for ratings rescaled to [0, 1]; empty if they can."""
    inside = len(scores) == 0 or (scores.min() >= 0 and scores.max() <= 1)
    return "" if inside else "scores leave [0, 1], so the MSE depends on their unit"


def fit_isotonic(scores: Float[np.ndarray, " pairs"], human: Float[np.ndarray, " pairs"]) -> _Map:
    """Return the least-squares rising function (pool adjacent violators), linear between the fitted scores."""
    values, group, count = np.unique(scores, return_inverse=True, return_counts=True)
    fitted = isotonic_regression(np.bincount(group, human) / count, weights=count).x
    return lambda new: np.interp(new, values, fitted)


def _errors(
    sample: StratumSample,
    folded: StratumSample,
    mismatches: Sequence[str],
    plan: ResamplingPlan,
    training: TrainingData | None,
    n_threads: int | None,
) -> Iterator[CalibratedError]:
    """Yield the records of one stratum; ``folded`` are the same pairs, whose clusters are captions."""
    rows = [np.ones(sample.n_pairs)]
    for m, scores in enumerate(sample.scores):
        rows += [(row - sample.human) ** 2 for row in (scores, _mapped(folded, m, plan.seed, training))]
    totals = np.stack([np.bincount(sample.clusters, row) for row in rows], axis=1)
    drawn = replicate_sums(totals, plan, sample.stratum, n_threads).map(lambda sums: sums[:, 1:] / sums[:, :1])
    for m, mismatch in enumerate(mismatches):
        raw, isotonic = (
            drawn[k].measured(float(rows[k + 1].mean()), plan, sample.n_clusters) for k in (2 * m, 2 * m + 1)
        )
        yield CalibratedError(
            metric=sample.metrics[m],
            stratum=sample.stratum,
            raw=Measured(np.nan, np.nan, np.nan, mismatch) if mismatch else raw,
            isotonic=Measured(np.nan, np.nan, np.nan, ONE_CAPTION) if np.isnan(isotonic.estimate) else isotonic,
            calibration="cross-fitted by caption" if training is None else "training data",
            **plan.as_fields(),
        )


def _mapped(sample: StratumSample, m: int, seed: int, training: TrainingData | None) -> Float[np.ndarray, " pairs"]:
    """Return the scores mapped to ratings, each pair by a map that did not see its caption; NaN where there is none."""
    if training is not None:
        return fit_isotonic(training.scores[sample.metrics[m]], training.human)(sample.scores[m])
    fold = cluster_folds(sample, seed)[sample.clusters]
    mapped = np.full(sample.n_pairs, np.nan)
    for k in np.unique(fold) if sample.n_clusters > 1 else ():
        inside = fold == k
        mapped[inside] = fit_isotonic(sample.scores[m, ~inside], sample.human[~inside])(sample.scores[m, inside])
    return mapped
