"""Does a metric rank systems as listeners do, and does it still work within one system?

System-level: each system's mean score and mean rating over its pairs, and how they agree (`bench.statistics.
system_level`): the pairwise accuracy is the share of pairs of systems ordered alike by both (Kocmi et al. 2021), a tie
in either counting as half. With four or five systems it moves in steps of a tenth: read its interval, and the
probability that chance does as well.

Within systems: pooled SRCC also rewards a metric for telling good systems from bad ones. The macro-average of the SRCC
within each system, every system counting the same, does not.

Captions are drawn as everywhere, over all systems together, so that systems rated on the same captions stay paired.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, UInt8

from bench.statistics.intervals import Measured
from bench.statistics.replicates import Replicates, replicate, replicate_sums
from bench.statistics.sample import MIN_PAIRS, Scores, StratumSample, split_strata
from bench.statistics.system_level import (
    chance_of_accuracy,
    mean_of_defined,
    pairwise_system_accuracy,
    soft_pairwise_accuracy,
    system_ktau,
    system_lcc,
    system_srcc,
    too_few_systems,
)
from bench.statistics.types import Resampled, ResamplingPlan
from bench.statistics.weighted import prepare, weighted_srcc

_STRATUM = "systems"


@dataclass(frozen=True, slots=True)
class SystemMeans(Resampled):
    """Means over one system's pairs.

    Attributes:
        ratings: of the listeners, rescaled to [0, 1].
        scores: of each metric's scores, by metric.
    """

    system: str
    n_pairs: int
    ratings: Measured
    scores: Mapping[str, Measured]


@dataclass(frozen=True, slots=True)
class SystemAgreement(Resampled):
    """Does a metric rank systems as listeners do, and pairs within a system?

    Attributes:
        pairwise_accuracy: share of pairs of systems that metric means and mean ratings order alike.
        p_chance: probability that systems in random order reach this accuracy or more.
        soft_accuracy: soft pairwise accuracy; no interval, as it is made from resamples itself.
        srcc, lcc, ktau: of the systems' means; NaN with fewer than three systems.
        macro_srcc: mean over systems of the SRCC within each; pooled SRCC also rewards telling systems apart.
        pooled_srcc: SRCC over the same systems' pairs together.
    """

    metric: str
    n_systems: int
    n_system_pairs: int
    pairwise_accuracy: Measured
    p_chance: float
    soft_accuracy: float
    srcc: Measured
    lcc: Measured
    ktau: Measured
    macro_srcc: Measured
    pooled_srcc: Measured
    note: str = ""


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
    point, means = _system_means(sample, system, len(names), plan, n_threads)
    table = [_mean(sample, system, k, str(name), point, means, plan) for k, name in enumerate(names)]
    srcc = _system_srcc(sample, system, len(names), plan, n_threads)
    return table, [_agreement(sample, m, (point, means), srcc, plan) for m in range(len(sample.metrics))]


def _system_means(
    sample: StratumSample,
    system: Int[np.ndarray, " pairs"],
    n_systems: int,
    plan: ResamplingPlan,
    n_threads: int | None,
) -> tuple[Float[np.ndarray, "rows systems"], Replicates]:
    """Return means of ratings and scores by system, on the sample itself and resampled."""
    rows = np.vstack([np.ones(sample.n_pairs), sample.human, sample.scores])
    cell = sample.clusters * n_systems + system
    totals = np.stack([np.bincount(cell, row, sample.n_clusters * n_systems) for row in rows], axis=1)
    totals = totals.reshape(sample.n_clusters, n_systems * len(rows))

    def means(sums: Float[np.ndarray, "replicates columns"]) -> Float[np.ndarray, "replicates rows systems"]:
        by_system = sums.reshape(-1, n_systems, len(rows))
        with np.errstate(invalid="ignore"):
            found: np.ndarray = by_system[:, :, 1:] / by_system[:, :, :1]
        return found.transpose(0, 2, 1)

    return means(totals.sum(axis=0)[None])[0], replicate_sums(totals, plan, sample.stratum, n_threads).map(means)


def _mean(
    sample: StratumSample,
    system: Int[np.ndarray, " pairs"],
    k: int,
    name: str,
    point: Float[np.ndarray, "rows systems"],
    means: Replicates,
    plan: ResamplingPlan,
) -> SystemMeans:
    """Return the means of one system; their intervals rest on the clusters that hold a pair of it."""
    n_clusters = len(np.unique(sample.clusters[system == k]))
    ratings, *scores = (means[r, k].measured(float(point[r, k]), plan, n_clusters) for r in range(len(point)))
    return SystemMeans(
        system=name,
        n_pairs=int((system == k).sum()),
        ratings=ratings,
        scores=dict(zip(sample.metrics, scores, strict=True)),
        **plan.as_fields(),
    )


def _system_srcc(
    sample: StratumSample,
    system: Int[np.ndarray, " pairs"],
    n_systems: int,
    plan: ResamplingPlan,
    n_threads: int | None,
) -> tuple[Float[np.ndarray, "metrics 2"], Replicates]:
    """Return macro-averaged and pooled SRCC, on the sample itself and resampled."""
    parts = [np.flatnonzero(system == k) for k in range(n_systems)]
    parts = [part for part in parts if len(part) >= MIN_PAIRS] + [np.arange(sample.n_pairs)]
    prepared = [
        prepare(sample.human[part], sample.scores[:, part], sample.clusters[part], sample.n_clusters) for part in parts
    ]

    def values_of(weights: UInt8[np.ndarray, "clusters lanes"]) -> Float[np.ndarray, "lanes metrics 2"]:
        values = np.stack([weighted_srcc(part, weights) for part in prepared], axis=-1)
        return np.stack([mean_of_defined(values[:, :, :-1]), values[:, :, -1]], axis=-1)

    size, shape = prepared[-1].bytes_per_lane(), (len(sample.metrics), 2)
    point = values_of(np.ones((sample.n_clusters, 1), np.uint8))[0]
    return point, replicate(values_of, shape, plan, sample.stratum, sample.n_clusters, size, n_threads)


def _agreement(
    sample: StratumSample,
    m: int,
    means: tuple[Float[np.ndarray, "rows systems"], Replicates],
    srcc: tuple[Float[np.ndarray, "metrics 2"], Replicates],
    plan: ResamplingPlan,
) -> SystemAgreement:
    point, resampled = means
    human, score = point[0], point[m + 1]

    def measured(measure: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Measured:
        def of(values: Float[np.ndarray, "replicates rows systems"]) -> Float[np.ndarray, " replicates"]:
            return measure(values[:, 0], values[:, m + 1])

        return resampled.map(of).measured(float(of(point[None])[0]), plan, sample.n_clusters)

    accuracy = measured(pairwise_system_accuracy)
    few = too_few_systems(len(human))
    macro, pooled = (srcc[1][m, k].measured(float(srcc[0][m, k]), plan, sample.n_clusters) for k in range(2))
    return SystemAgreement(
        metric=sample.metrics[m],
        n_systems=len(human),
        n_system_pairs=len(human) * (len(human) - 1) // 2,
        pairwise_accuracy=accuracy,
        p_chance=chance_of_accuracy(human, score, plan.seed),
        soft_accuracy=soft_pairwise_accuracy(resampled.resampled[:, 0], resampled.resampled[:, m + 1]),
        srcc=few or measured(system_srcc),
        lcc=few or measured(system_lcc),
        ktau=few or measured(system_ktau),
        macro_srcc=macro,
        pooled_srcc=pooled,
        **plan.as_fields(),
    )
