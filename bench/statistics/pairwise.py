"""Which of two clips fits the caption better? Pairwise accuracy within captions, with tie calibration.

For two clips of one caption a metric is right if it prefers the clip that listeners prefer, or ties where they tie:

    acc = (concordant + tied in both) / all pairs, within each caption, averaged over captions    (Deutsch et al. 2023)

Scores hardly ever tie exactly while mean ratings do, so scores within epsilon of each other count as tied; epsilon is
chosen on other captions, to maximise acc there. Guessing has no fixed level: it depends on how often listeners tie.
Not affected by how metrics compare across captions, which pooled correlations are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int

from bench.statistics.folds import TrainingData, cluster_folds
from bench.statistics.intervals import Measured
from bench.statistics.replicates import replicate_sums
from bench.statistics.sample import MIN_CLUSTERS, Scores, Strata, StratumSample, split_strata
from bench.statistics.types import Resampled, ResamplingPlan


@dataclass(frozen=True, slots=True)
class PairwiseAccuracy(Resampled):
    """Of two clips for one caption, how often does a metric prefer the one that listeners prefer, or tie where they do?

    Attributes:
        n_comparisons: pairs of clips that share a caption.
        epsilon: score differences up to this count as ties; the mean over folds where cross-validated.
        accuracy: after tie calibration.
        accuracy_uncalibrated: with exact ties only (epsilon 0).
        calibration: the data that epsilon was chosen on.
    """

    metric: str
    stratum: str
    n_captions: int
    n_comparisons: int
    epsilon: float
    accuracy: Measured
    accuracy_uncalibrated: Measured
    calibration: Literal["training data", "cross-validated by caption"]
    note: str = ""


def pairwise_accuracies(
    human: Float[np.ndarray, " pairs"],
    scores: Scores,
    strata: Strata,
    captions: Int[np.ndarray, " pairs"],
    plan: ResamplingPlan,
    training: TrainingData | None = None,
    blocks: Int[np.ndarray, " pairs"] | None = None,
    n_threads: int | None = None,
) -> list[PairwiseAccuracy]:
    """Return each metric's accuracy on each stratum in which enough captions have two clips.

    Args:
        captions: clips are compared within these; these are resampled also where the plan's unit is single pairs.
        training: where epsilon is chosen; without it, in ten folds of captions, on the other nine.
        blocks: of captions, which are resampled if the plan's unit says so.
    """
    drawn = blocks if plan.unit == "block" and blocks is not None else captions
    plan = replace(plan, unit="caption" if drawn is captions else "block")
    records: list[PairwiseAccuracy] = []
    for sample, by_unit in zip(
        split_strata(human, scores, strata, captions, plan.unit),
        split_strata(human, {}, strata, drawn, plan.unit),
        strict=True,
    ):
        unit = np.zeros(sample.n_clusters, int)
        unit[sample.clusters] = by_unit.clusters
        clips = clip_pairs(sample.clusters)
        compared = [compare_clips(sample.human, row, sample.clusters, clips) for row in sample.scores]
        if compared and len(np.unique(compared[0].caption)) >= MIN_CLUSTERS:
            chosen = [
                _epsilons(one, sample, m, plan.seed, training) for one, m in zip(compared, sample.metrics, strict=True)
            ]
            records += _accuracies(compared, chosen, unit, sample, plan, training is not None, n_threads)
    return records


@dataclass(frozen=True, slots=True)
class ClipComparisons:
    """Every pair of clips that share a caption.

    Attributes:
        caption: index of the caption.
        distance: absolute difference of the two scores.
        agrees: whether score and rating differ in the same direction.
        human_tie: whether the ratings are equal.
        weight: one over the caption's number of comparisons.
    """

    caption: Int[np.ndarray, " comparisons"]
    distance: Float[np.ndarray, " comparisons"]
    agrees: Bool[np.ndarray, " comparisons"]
    human_tie: Bool[np.ndarray, " comparisons"]
    weight: Float[np.ndarray, " comparisons"]

    def correct(self, epsilon: Float[np.ndarray, "*#comparisons"]) -> Bool[np.ndarray, " comparisons"]:
        """Return whether each comparison is right if scores up to ``epsilon`` apart are tied."""
        return np.where(self.distance <= epsilon, self.human_tie, self.agrees)


ClipPairs = tuple[Int[np.ndarray, " comparisons"], Int[np.ndarray, " comparisons"]]
"""The first and the second clip of each comparison."""


def clip_pairs(captions: Int[np.ndarray, " pairs"]) -> ClipPairs:
    """Return every two clips that share a caption, caption by caption."""
    order = np.argsort(captions, kind="stable")
    first, second = _index_pairs(np.bincount(captions))
    return order[first], order[second]


def compare_clips(
    human: Float[np.ndarray, " pairs"],
    scores: Float[np.ndarray, " pairs"],
    captions: Int[np.ndarray, " pairs"],
    clips: ClipPairs | None = None,
) -> ClipComparisons:
    """List the comparisons of ``clips``, by default all of `clip_pairs`."""
    first, second = clips or clip_pairs(captions)
    human_difference, score_difference = human[first] - human[second], scores[first] - scores[second]
    caption = captions[first]
    return ClipComparisons(
        caption,
        np.abs(score_difference),
        (np.sign(human_difference) == np.sign(score_difference)) & (human_difference != 0),
        human_difference == 0,
        1 / np.bincount(caption)[caption],
    )


def best_epsilon(comparisons: ClipComparisons) -> float:
    """Return the smallest score distance (or 0) that, taken as a tie, maximises the accuracy averaged over captions."""
    order = np.argsort(comparisons.distance, kind="stable")
    distance = comparisons.distance[order]
    gain = comparisons.weight * (comparisons.human_tie.astype(float) - comparisons.agrees)
    total = np.cumsum(gain[order])
    last_of_its_distance = np.append(np.diff(distance) > 0, True)
    candidates = np.append(0.0, distance[last_of_its_distance])
    gains = np.append(gain[comparisons.distance == 0].sum(), total[last_of_its_distance])
    return float(candidates[np.flatnonzero(gains >= gains.max() - 1e-12)[0]])


def _index_pairs(sizes: Int[np.ndarray, " captions"]) -> tuple[Int[np.ndarray, " n"], Int[np.ndarray, " n"]]:
    """Return positions i < j of all pairs within consecutive groups of the given sizes."""
    starts = np.cumsum(sizes) - sizes
    pairs = [start + np.stack(np.triu_indices(size, 1)) for start, size in zip(starts, sizes, strict=True) if size > 1]
    first, second = np.concatenate([np.empty((2, 0), int), *pairs], axis=1)
    return first, second


def _epsilons(
    compared: ClipComparisons, sample: StratumSample, metric: str, seed: int, training: TrainingData | None
) -> Float[np.ndarray, " comparisons"]:
    """Return the epsilon that each comparison is judged with, chosen without its caption."""
    if training is not None:
        index = np.unique(training.clusters, return_inverse=True)[1]
        epsilon = best_epsilon(compare_clips(training.human, training.scores[metric], index))
        return np.full(len(compared.caption), epsilon)
    fold = cluster_folds(sample, seed)[compared.caption]
    epsilons = np.zeros(len(fold))
    for k in np.unique(fold):
        epsilons[fold == k] = best_epsilon(_subset(compared, fold != k))
    return epsilons


def _subset(compared: ClipComparisons, kept: Bool[np.ndarray, " comparisons"]) -> ClipComparisons:
    return ClipComparisons(
        compared.caption[kept],
        compared.distance[kept],
        compared.agrees[kept],
        compared.human_tie[kept],
        compared.weight[kept],
    )


def _accuracies(
    compared: Sequence[ClipComparisons],
    epsilons: Sequence[Float[np.ndarray, " comparisons"]],
    unit: Int[np.ndarray, " captions"],
    sample: StratumSample,
    plan: ResamplingPlan,
    trained: bool,
    n_threads: int | None,
) -> Iterator[PairwiseAccuracy]:
    """Yield the records of one stratum, all metrics on the same comparisons and resamples.

    ``unit`` is what each caption is drawn with.
    """
    weight, caption = compared[0].weight, compared[0].caption
    cluster = np.unique(unit[caption], return_inverse=True)[1]
    rows = [np.ones(len(weight))]
    for one, epsilon in zip(compared, epsilons, strict=True):
        rows += [one.correct(epsilon), one.correct(np.zeros(1))]
    totals = np.stack([np.bincount(cluster, weight * row) for row in rows], axis=1)
    drawn = replicate_sums(totals, plan, f"{sample.stratum}|comparisons", n_threads)
    shares, sums = drawn.map(lambda sums: sums[:, 1:] / sums[:, :1]), totals.sum(axis=0)
    for m, epsilon in enumerate(epsilons):
        accuracy, uncalibrated = (
            shares[k].measured(float(sums[k + 1] / sums[0]), plan, len(totals)) for k in (2 * m, 2 * m + 1)
        )
        yield PairwiseAccuracy(
            metric=sample.metrics[m],
            stratum=sample.stratum,
            n_captions=len(np.unique(caption)),
            n_comparisons=len(epsilon),
            epsilon=float(epsilon.mean()),
            accuracy=accuracy,
            accuracy_uncalibrated=uncalibrated,
            calibration="training data" if trained else "cross-validated by caption",
            **plan.as_fields(),
        )
