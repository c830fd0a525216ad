"""How wrong a metric is once its scale is put right: MSE after calibration.

Raw MSE punishes a metric for living on another scale than the ratings (a CLAPScore of .4 may well be excellent). An
affine map removes offset and spread, an isotonic map everything but the order. Maps are fitted on other data than they
are judged on: on training data, or, without any, on the other nine of ten folds of captions. The intervals
resample captions with the fitted maps held fixed.
"""

from __future__ import annotations

from collections.abc import Callable
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

_Values = Float[np.ndarray, " pairs"]
_Map = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, slots=True)
class CalibratedError(Resampled):
    """MSE of a metric after its scores are mapped to ratings, so that only the shape of its scale counts.

    Attributes:
        raw: of the scores as they are.
        affine: after the best straight line.
        isotonic: after the best rising step function.
        calibration: the data that the maps were fitted on.
    """

    metric: str
    stratum: str
    raw: Measured
    affine: Measured
    isotonic: Measured
    calibration: Literal["training data", "cross-fitted by caption"]
    note: str = ""


def calibrated_errors(
    human: Float[np.ndarray, " pairs"],
    scores: Scores,
    strata: Strata,
    clusters: Int[np.ndarray, " pairs"],
    plan: ResamplingPlan,
    training: TrainingData | None = None,
    n_threads: int | None = None,
) -> list[CalibratedError]:
    """Return each metric's MSE raw and after both maps, on each stratum that can be resampled.

    A map is fitted on all training pairs, or within the stratum where there are none.
    """
    return [
        _errors(sample, m, plan, training, n_threads)
        for sample in split_strata(human, scores, strata, clusters, plan.unit)
        if sample.can_be_resampled
        for m in range(len(sample.metrics))
    ]


def fit_affine(scores: Float[np.ndarray, " pairs"], human: Float[np.ndarray, " pairs"]) -> _Map:
    """Return the least-squares line; a flat one where the scores are constant."""
    centre, mean = scores.mean(), human.mean()
    spread = np.sum((scores - centre) ** 2)
    slope = np.sum((scores - centre) * (human - mean)) / spread if spread > 0 else 0.0
    return lambda values: mean + slope * (values - centre)


def fit_isotonic(scores: Float[np.ndarray, " pairs"], human: Float[np.ndarray, " pairs"]) -> _Map:
    """Return the least-squares rising function (pool adjacent violators), linear between the fitted scores."""
    values, group, count = np.unique(scores, return_inverse=True, return_counts=True)
    fitted = isotonic_regression(np.bincount(group, human) / count, weights=count).x
    return lambda new: np.interp(new, values, fitted)


def _errors(
    sample: StratumSample, m: int, plan: ResamplingPlan, training: TrainingData | None, n_threads: int | None
) -> CalibratedError:
    predictions = [sample.scores[m]] + [
        _calibrated(sample, m, fit, plan.seed, training) for fit in (fit_affine, fit_isotonic)
    ]
    squared = [(prediction - sample.human) ** 2 for prediction in predictions]
    totals = np.stack([np.bincount(sample.clusters, row) for row in (np.ones(sample.n_pairs), *squared)], axis=1)
    drawn = replicate_sums(totals, plan, sample.stratum, n_threads).map(lambda sums: sums[:, 1:] / sums[:, :1])
    raw, affine, isotonic = (
        drawn[k].measured(float(error.mean()), plan, sample.n_clusters) for k, error in enumerate(squared)
    )
    return CalibratedError(
        metric=sample.metrics[m],
        stratum=sample.stratum,
        raw=raw,
        affine=affine,
        isotonic=isotonic,
        calibration="cross-fitted by caption" if training is None else "training data",
        **plan.as_fields(),
    )


def _calibrated(
    sample: StratumSample,
    m: int,
    fit: Callable[[_Values, _Values], _Map],
    seed: int,
    training: TrainingData | None,
) -> Float[np.ndarray, " pairs"]:
    """Return the scores mapped to ratings, each pair by a map that did not see its caption."""
    if training is not None:
        return fit(training.scores[sample.metrics[m]], training.human)(sample.scores[m])
    fold = cluster_folds(sample, seed)[sample.clusters]
    mapped = np.empty(sample.n_pairs)
    for k in np.unique(fold):
        inside = fold == k
        mapped[inside] = fit(sample.scores[m, ~inside], sample.human[~inside])(sample.scores[m, inside])
    return mapped
