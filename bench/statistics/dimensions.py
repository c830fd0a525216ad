"""Several rated dimensions: does a metric agree with the target beyond what the others explain?

Listeners often rate quality beside relevance, and give good sound high relevance or the reverse. A metric that agrees
with relevance may then only hear quality. For every dimension d in turn, with S the others:

    its SRCC with a metric, and the partial one given S: see `bench.statistics.partial`.

How much of the target is its own is told by the share of its rank variance that the others explain together,
R^2 = r_S' R^-1 r_S; for a single other dimension the square of their SRCC.

Ratings of S are noisy: what the noise hides of S is not taken out, so that a metric that hears nothing but S keeps a
partial correlation with the target above 0. For a single other dimension with mean ratings of reliability rho,
r_mS r_hS / rho is what S itself explains of r_mh (Stouffer 1936), so that nothing is left where

    rho = r_mS r_hS / r_mh:

if S was rated less reliably than that, the metric may hear S alone. (Ranks lose correlation to noise nearly as
values do.)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, UInt8

from bench.statistics.agreement import SRCC, why_undefined
from bench.statistics.intervals import Measured, too_few_clusters
from bench.statistics.partial import RCOND, PartialRanks, partial_correlations
from bench.statistics.replicates import Replicates, replicate
from bench.statistics.sample import MIN_PAIRS, StratumSample
from bench.statistics.sentinels import MAX_PARTIAL_RESAMPLES
from bench.statistics.types import Resampled, ResamplingPlan

NEARLY_ONE = 0.5
"""The target is nearly one with the others where these explain more than half of its rank variance."""

TOO_FEW = f"fewer than {MIN_PAIRS} pairs are rated in all dimensions"
ALL_KNOWN = "the other dimensions know all of its scores, or of the ratings"


@dataclass(frozen=True, slots=True)
class DimensionAgreement(Resampled):
    """A metric's agreement with the mean ratings in one dimension, and what is left of it given the others.

    Attributes:
        given: the other dimensions.
        n_pairs: those that are rated in all dimensions.
        correlation: SRCC.
        partial: partial rank correlation, given the others.
        gone_at: the reliability of the other dimension's ratings at which nothing would be left of ``correlation``;
            NaN where there are several others, or no positive correlation. Above 1: nothing is left anyhow.
    """

    metric: str
    stratum: str
    dimension: str
    given: tuple[str, ...]
    n_pairs: int
    correlation: Measured
    partial: Measured
    gone_at: Measured
    note: str = ""


@dataclass(frozen=True, slots=True)
class DimensionOverlap(Resampled):
    """How far the target and another dimension are one.

    Attributes:
        correlation: SRCC of their mean ratings.
        shared: share of the target's rank variance that all other dimensions explain together.
    """

    stratum: str
    target: str
    dimension: str
    n_pairs: int
    correlation: Measured
    shared: Measured
    note: str = ""

    @property
    def nearly_one(self) -> bool:
        """Whether the target is nearly one with the other dimensions together."""
        return self.shared.estimate > NEARLY_ONE


def agreement_by_dimension(
    sample: StratumSample,
    target: str,
    others: Mapping[str, Float[np.ndarray, " pairs"]],
    plan: ResamplingPlan,
    n_threads: int | None = None,
) -> tuple[list[DimensionAgreement], list[DimensionOverlap]]:
    """Compare metrics with every dimension, alone and given the others, on the pairs that are rated in all of them.

    Args:
        sample: ratings in the target dimension, and scores.
        target: its name.
        others: mean ratings in the other dimensions, by name, on any scale; NaN where a pair has none.
        plan: of intervals; at most `MAX_PARTIAL_RESAMPLES` resamples.
        n_threads: None takes every core; the results do not depend on it.

    Returns:
        Records by dimension, the target first, then metric; and one a dimension beside the target.
    """
    plan = replace(plan, n_resamples=min(plan.n_resamples, MAX_PARTIAL_RESAMPLES))
    rated = _Rated.of(sample, target, others)
    values = _Values(rated, plan, n_threads)
    return list(_agreements(rated, values, plan)), list(_overlaps(rated, values, plan))


@dataclass(frozen=True, slots=True)
class _Rated:
    """The pairs that are rated in all dimensions; ``means`` has a row a dimension, the target first."""

    sample: StratumSample
    dimensions: tuple[str, ...]
    means: Float[np.ndarray, "dimensions pairs"]

    @classmethod
    def of(cls, sample: StratumSample, target: str, others: Mapping[str, Float[np.ndarray, " pairs"]]) -> _Rated:
        means = np.array([sample.human, *others.values()])
        kept = ~np.isnan(means).any(axis=0)
        clusters = np.unique(sample.clusters[kept], return_inverse=True)[1].reshape(-1)
        rated = replace(sample, human=sample.human[kept], scores=sample.scores[:, kept], clusters=clusters)
        return cls(rated, (target, *others), means[:, kept])

    def given(self, d: int) -> tuple[str, ...]:
        return tuple(name for name in self.dimensions if name != self.dimensions[d])


class _Values:
    """All correlations of a stratum, on the data and on every resample."""

    def __init__(self, rated: _Rated, plan: ResamplingPlan, n_threads: int | None) -> None:
        sample, self._plan = rated.sample, plan
        self._n_dimensions, self._n_metrics = len(rated.dimensions), len(sample.metrics)
        self.estimates = np.full(self._n_values, np.nan)
        self._replicates: Replicates | None = None
        self._n_clusters = sample.n_clusters
        if sample.n_pairs < MIN_PAIRS:
            return
        self._ranks = PartialRanks(sample.human, sample.scores, rated.means[1:], sample.clusters)
        self.estimates = self._of(np.ones((sample.n_clusters, 1), np.uint8))[0]
        if not too_few_clusters(sample.n_clusters):
            self._replicates = replicate(
                self._of,
                (self._n_values,),
                plan,
                sample.stratum,
                sample.n_clusters,
                self._ranks.bytes_per_lane,
                n_threads,
            )

    def correlation(self, m: int, d: int) -> Measured:
        """Return the SRCC of a metric with a dimension."""
        return self._measured(m * self._n_dimensions + d)

    def partial(self, m: int, d: int) -> Measured:
        """Return the partial SRCC of a metric with a dimension, given the others."""
        return self._measured((self._n_metrics + m) * self._n_dimensions + d)

    def gone_at(self, m: int, d: int) -> Measured:
        """Return the reliability of the other dimension at which nothing is left."""
        return self._measured((2 * self._n_metrics + m) * self._n_dimensions + d)

    def between(self, d: int) -> Measured:
        """Return the SRCC of the target with another dimension, which is not the first."""
        return self._measured(3 * self._n_metrics * self._n_dimensions + d - 1)

    def shared(self) -> Measured:
        """Return the share of the target's rank variance that the other dimensions explain."""
        return self._measured(self._n_values - 1)

    @property
    def _n_values(self) -> int:
        return (3 * self._n_metrics + 1) * self._n_dimensions

    def _of(self, weights: UInt8[np.ndarray, "clusters lanes"]) -> Float[np.ndarray, "lanes values"]:
        known = self._n_dimensions
        found = self._ranks.correlations(weights)
        metrics = np.arange(known, found.shape[1])
        in_turn = [np.array([d, *(i for i in range(known) if i != d)]) for d in range(known)]
        partial = [partial_correlations(found[:, [*first, *metrics]][:, :, first]) for first in in_turn]
        columns = (
            found[:, known:].reshape(len(found), -1),
            np.stack(partial, axis=2).reshape(len(found), -1),
            _gone_at(found).reshape(len(found), -1),
            found[:, 1:known, 0],
            explained_share(found[:, :known])[:, None],
        )
        return np.concatenate(columns, axis=1)

    def _measured(self, place: int) -> Measured:
        estimate = float(self.estimates[place])
        if self._replicates is None:
            return Measured(estimate, np.nan, np.nan, too_few_clusters(self._n_clusters, f"{self._plan.unit}s"))
        return self._replicates[place].measured(estimate, self._plan, self._n_clusters)


def explained_share(
    correlations: Float[np.ndarray, "lanes known known"],
) -> Float[np.ndarray, " lanes"]:
    """Return R^2 of the first variable's ranks from those of the others; NaN where the first is constant."""
    given, with_first = np.nan_to_num(correlations[:, 1:, 1:]), correlations[:, 1:, 0]
    inverse = np.linalg.pinv(given, rcond=RCOND, hermitian=True)
    known = np.nan_to_num(with_first)[:, None]
    share = np.clip((known @ inverse @ known.transpose(0, 2, 1))[:, 0, 0], 0, 1)
    return np.where(np.isnan(correlations[:, 0, 0]), np.nan, share)


def _gone_at(correlations: Float[np.ndarray, "lanes rows known"]) -> Float[np.ndarray, "lanes metrics known"]:
    known = correlations.shape[2]
    of_metrics = correlations[:, known:]
    if known != 2:
        return np.full_like(of_metrics, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        gone = of_metrics[:, :, ::-1] * correlations[:, 1, 0][:, None, None] / of_metrics
    return np.where(of_metrics > 0, gone, np.nan)


def _agreements(rated: _Rated, values: _Values, plan: ResamplingPlan) -> Iterator[DimensionAgreement]:
    sample = rated.sample
    for d, dimension in enumerate(rated.dimensions):
        for m, metric in enumerate(sample.metrics):
            partial = values.partial(m, d)
            yield DimensionAgreement(
                metric=metric,
                stratum=sample.stratum,
                dimension=dimension,
                given=rated.given(d),
                n_pairs=sample.n_pairs,
                correlation=values.correlation(m, d),
                partial=partial,
                gone_at=values.gone_at(m, d),
                note=_why(rated.means[d], sample.scores[m], partial.estimate),
                **plan.as_fields(),
            )


def _overlaps(rated: _Rated, values: _Values, plan: ResamplingPlan) -> Iterator[DimensionOverlap]:
    for d, dimension in enumerate(rated.dimensions[1:], start=1):
        yield DimensionOverlap(
            stratum=rated.sample.stratum,
            target=rated.dimensions[0],
            dimension=dimension,
            n_pairs=rated.sample.n_pairs,
            correlation=values.between(d),
            shared=values.shared(),
            note=_why_apart(rated, d),
            **plan.as_fields(),
        )


def _why_apart(rated: _Rated, d: int) -> str:
    """Return why the target has no correlation with a dimension; empty where it has one."""
    if rated.sample.n_pairs < MIN_PAIRS:
        return TOO_FEW
    flat = [rated.dimensions[i] for i in (0, d) if np.all(rated.means[i] == rated.means[i][0])]
    return f"the ratings of {' and of '.join(flat)} are constant" if flat else ""


def _why(ratings: Float[np.ndarray, " pairs"], scores: Float[np.ndarray, " pairs"], partial: float) -> str:
    """Return why a correlation of two variables, or a partial one, is undefined; empty where neither is."""
    if len(ratings) < MIN_PAIRS:
        return TOO_FEW
    return why_undefined(SRCC, ratings, scores) or (ALL_KNOWN if np.isnan(partial) else "")
