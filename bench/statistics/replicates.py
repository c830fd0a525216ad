"""Values of a quantity on every resample, and without each cluster in turn: what its intervals are made from.

Everything that is resampled goes through here, so that one plan means the same for every table: the same resamples of
a stratum, and the leave-one-out values that BCa needs wherever BCa was asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int, UInt8

from bench.statistics.intervals import Measured, measured
from bench.statistics.resampling import (
    bootstrap_sums,
    for_each_left_out,
    for_each_resample,
    generator,
    leave_out_sums,
)
from bench.statistics.types import ResamplingPlan

MAX_JACKKNIFE = 5000
"""Beyond this many clusters BCa's acceleration comes from as many random groups of clusters, left out in turn."""


@dataclass(frozen=True, slots=True)
class Replicates:
    """One or more quantities, resampled.

    Attributes:
        resampled: the values on each resample.
        jackknife: the values without each cluster (or group of clusters) in turn; None unless BCa asks for them.
    """

    resampled: Float[np.ndarray, "resamples ..."]
    jackknife: Float[np.ndarray, "replicates ..."] | None

    def map(self, function: Callable[[np.ndarray], np.ndarray]) -> Replicates:
        """Return what a function of the values, replicate by replicate, makes of them."""
        return Replicates(function(self.resampled), None if self.jackknife is None else function(self.jackknife))

    def divided_by(self, other: Replicates) -> Replicates:
        """Return the quotients of two quantities, replicate by replicate; both by one plan on one stratum."""
        by = other.jackknife
        jackknife = None if self.jackknife is None or by is None else self.jackknife / by
        return Replicates(self.resampled / other.resampled, jackknife)

    def __getitem__(self, place: int | tuple[int, ...]) -> Replicates:
        """Return one quantity."""
        index: Any = (slice(None), place) if isinstance(place, int) else (slice(None), *place)
        return self.map(lambda values: values[index])

    def measured(self, estimate: float, plan: ResamplingPlan, n_clusters: int) -> Measured:
        """Return the estimate with its interval; for a single quantity (see `bench.statistics.intervals.measured`)."""
        return measured(estimate, self.resampled, plan, n_clusters, self.jackknife)


def replicate(
    values_of: Callable[[UInt8[np.ndarray, "clusters lanes"]], np.ndarray],
    shape: tuple[int, ...],
    plan: ResamplingPlan,
    stratum: str,
    n_clusters: int,
    bytes_per_lane: int,
    n_threads: int | None = None,
) -> Replicates:
    """Resample any function of the clusters' weights.

    Args:
        values_of: returns values of ``shape`` for each lane of weights.
        shape: of the quantities on one resample.
        plan: number of resamples, seed, and whether the jackknife is needed.
        stratum: keys the generator.
        n_clusters: that are drawn from.
        bytes_per_lane: memory that a lane needs while it is computed.
        n_threads: None takes every core; the results do not depend on it.
    """

    def filled(result: Float[np.ndarray, "replicates ..."]) -> Callable[[np.ndarray, slice], None]:
        def compute(weights: UInt8[np.ndarray, "clusters lanes"], rows: slice) -> None:
            with np.errstate(invalid="ignore"):  # a resample without spread is NaN, and is counted as such
                result[rows] = values_of(weights)

        return compute

    resampled, jackknife = _empty(plan.n_resamples, shape), None
    for_each_resample(filled(resampled), plan.seed, stratum, n_clusters, plan.n_resamples, bytes_per_lane, n_threads)
    if plan.ci_method == "bca":
        group = jackknife_groups(plan.seed, stratum, n_clusters)
        jackknife = _empty(int(group.max()) + 1, shape)
        for_each_left_out(filled(jackknife), group, bytes_per_lane, n_threads)
    return Replicates(resampled, jackknife)


def _empty(n_replicates: int, shape: tuple[int, ...]) -> Float[np.ndarray, "replicates ..."]:
    """Return room for quantities of which one at a time will be read: its replicates lie side by side."""
    return np.moveaxis(np.empty((*shape, n_replicates)), -1, 0)


def replicate_sums(
    totals: Float[np.ndarray, "clusters columns"], plan: ResamplingPlan, stratum: str, n_threads: int | None = None
) -> Replicates:
    """Resample sums over clusters; arguments as in `replicate`."""
    resampled = bootstrap_sums(totals, plan.seed, stratum, plan.n_resamples, n_threads)
    if plan.ci_method != "bca":
        return Replicates(resampled, None)
    return Replicates(resampled, leave_out_sums(totals, jackknife_groups(plan.seed, stratum, len(totals))))


def jackknife_groups(seed: int, stratum: str, n_clusters: int) -> Int[np.ndarray, " clusters"]:
    """Put each cluster in a group of its own, or, beyond `MAX_JACKKNIFE` clusters, in one of as many random groups.

    The summed influence of a group has the third moment of its members' sum, so that the acceleration keeps its
    expectation, with more noise, where its value is below 1 / sqrt(MAX_JACKKNIFE) anyway.
    """
    group = np.arange(n_clusters)
    if n_clusters > MAX_JACKKNIFE:
        group = generator(seed, "jackknife", stratum, 0).permutation(group % MAX_JACKKNIFE)
    return group
