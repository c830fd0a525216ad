"""Does a metric rank systems as listeners do, and does it still work within one system?

System-level: each system's mean score and mean rating over its pairs; the pairwise accuracy is the share of pairs of
systems ordered alike by both (Kocmi et al. 2021), a tie in either counting as half. With four or five systems it moves
in steps of a tenth: read its interval.

Within systems: pooled SRCC also rewards a metric for telling good systems from bad ones. The macro-average of the SRCC
within each system, every system counting the same, does not.

Captions are drawn as everywhere, over all systems together, so that systems rated on the same captions stay paired.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from jaxtyping import Float, Int, UInt8

from bench.statistics.intervals import measured
from bench.statistics.resampling import bootstrap_sums, for_each_resample
from bench.statistics.sample import MIN_PAIRS, Scores, StratumSample, split_strata
from bench.statistics.types import Measured, ResamplingPlan, SystemAgreement, SystemMeans
from bench.statistics.weighted import prepare, weighted_statistics

_STRATUM = "systems"


def system_agreement(
    human: Float[np.ndarray, " pairs"],
    scores: Scores,
    systems: np.ndarray,
    clusters: Int[np.ndarray, " pairs"],
    plan: ResamplingPlan,
    n_threads: int | None = None,
) -> tuple[list[SystemMeans], list[SystemAgreement]]:
    """Return ratings' and metrics' means by system, and each metric's agreement with the ratings.

    Args:
        human: mean ratings, on any one scale.
        systems: name of each pair's system; empty where unknown, and then the pair is left out.

    Returns:
        Two empty lists where fewer than two systems are known.
    """
    known = np.array([bool(name) for name in systems])
    names, system = np.unique(systems[known], return_inverse=True)
    if len(names) < 2:
        return [], []
    [sample] = split_strata(human, scores, {_STRATUM: known}, clusters, plan.unit)
    means = _system_means(sample, system, len(names), plan, n_threads)
    table = [
        SystemMeans(
            str(name),
            int((system == k).sum()),
            _measured(means[:, 0, k], plan),
            {metric: _measured(means[:, 1 + m, k], plan) for m, metric in enumerate(sample.metrics)},
        )
        for k, name in enumerate(names)
    ]
    srcc = _system_srcc(sample, system, len(names), plan, n_threads)
    return table, [_agreement(sample, m, means, srcc, plan) for m in range(len(sample.metrics))]


def pairwise_system_accuracy(
    human_means: Float[np.ndarray, "resamples systems"], score_means: Float[np.ndarray, "resamples systems"]
) -> Float[np.ndarray, " resamples"]:
    """Return the share of pairs of systems that both means order alike, ties counting half; NaN ignores a system."""
    agreement = []
    for a, b in combinations(range(human_means.shape[1]), 2):
        product = np.sign(human_means[:, a] - human_means[:, b]) * np.sign(score_means[:, a] - score_means[:, b])
        agreement.append((product + 1) / 2)
    return _mean_of_defined(np.stack(agreement, axis=1))


def _system_means(
    sample: StratumSample,
    system: Int[np.ndarray, " pairs"],
    n_systems: int,
    plan: ResamplingPlan,
    n_threads: int | None,
) -> Float[np.ndarray, "resamples_and_1 rows systems"]:
    """Return means of ratings and scores by system, first on the sample itself, then on each resample."""
    rows = np.vstack([np.ones(sample.n_pairs), sample.human, sample.scores])
    cell = sample.clusters * n_systems + system
    totals = np.stack([np.bincount(cell, row, sample.n_clusters * n_systems) for row in rows], axis=1)
    totals = totals.reshape(sample.n_clusters, n_systems * len(rows))
    drawn = bootstrap_sums(totals, plan.seed, sample.stratum, plan.n_resamples, n_threads)
    sums = np.vstack([totals.sum(axis=0), drawn]).reshape(-1, n_systems, len(rows))
    with np.errstate(invalid="ignore"):
        means: np.ndarray = sums[:, :, 1:] / sums[:, :, :1]
    return means.transpose(0, 2, 1)


def _system_srcc(
    sample: StratumSample,
    system: Int[np.ndarray, " pairs"],
    n_systems: int,
    plan: ResamplingPlan,
    n_threads: int | None,
) -> Float[np.ndarray, "resamples_and_1 metrics 2"]:
    """Return macro-averaged and pooled SRCC, first on the sample itself, then on each resample."""
    parts = [np.flatnonzero(system == k) for k in range(n_systems)]
    parts = [part for part in parts if len(part) >= MIN_PAIRS] + [np.arange(sample.n_pairs)]
    prepared = [
        prepare(sample.human[part], sample.scores[:, part], sample.clusters[part], sample.n_clusters) for part in parts
    ]
    result = np.empty((plan.n_resamples + 1, len(sample.metrics), 2))

    def compute(weights: UInt8[np.ndarray, "clusters lanes"], rows: slice) -> None:
        values = np.stack([weighted_statistics(part, weights)[:, :, 0] for part in prepared], axis=-1)
        result[rows.start + 1 : rows.stop + 1, :, 0] = _mean_of_defined(values[:, :, :-1])
        result[rows.start + 1 : rows.stop + 1, :, 1] = values[:, :, -1]

    compute(np.ones((sample.n_clusters, 1), np.uint8), slice(-1, 0))
    size = prepared[-1].bytes_per_lane()
    for_each_resample(compute, plan.seed, sample.stratum, sample.n_clusters, plan.n_resamples, size, n_threads)
    return result


def _agreement(
    sample: StratumSample,
    m: int,
    means: Float[np.ndarray, "resamples_and_1 rows systems"],
    srcc: Float[np.ndarray, "resamples_and_1 metrics 2"],
    plan: ResamplingPlan,
) -> SystemAgreement:
    n_systems = means.shape[2]
    return SystemAgreement(
        metric=sample.metrics[m],
        n_systems=n_systems,
        n_system_pairs=n_systems * (n_systems - 1) // 2,
        pairwise_accuracy=_measured(pairwise_system_accuracy(means[:, 0], means[:, m + 1]), plan),
        macro_srcc=_measured(srcc[:, m, 0], plan),
        pooled_srcc=_measured(srcc[:, m, 1], plan),
        n_resamples=plan.n_resamples,
        seed=plan.seed,
    )


def _measured(values: Float[np.ndarray, " resamples_and_1"], plan: ResamplingPlan) -> Measured:
    return measured(float(values[0]), values[1:], plan.confidence_level)


def _mean_of_defined(values: Float[np.ndarray, "*shape last"]) -> Float[np.ndarray, "*shape"]:
    defined = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        mean: np.ndarray = np.where(defined, values, 0).sum(axis=-1) / defined.sum(axis=-1)
    return mean
