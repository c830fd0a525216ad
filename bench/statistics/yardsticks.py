"""One listener as a yardstick: how well a single person agrees with the others, and metrics with the same others.

The points are those of `bench.statistics.held_out`. A metric that agrees with the means of others q times as well as
one listener does agrees as well as the mean of

    k = q^2 (1 - ICC) / (1 - q^2 ICC)

listeners, ICC being the reliability of one rating: by Spearman (1910) and Brown (1910) the mean of k has the
reliability k ICC / (1 + (k - 1) ICC), and its correlation with the same others grows as the root of that. Where q^2
ICC reaches 1 no number of listeners would do. Exact for LCC under the one-way model of
`bench.statistics.reliability`; for SRCC an approximation, which simulation shows to be right within a tenth for two
and three listeners.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from bench.statistics.agreement import Statistic, why_undefined
from bench.statistics.held_out import HELD_OUT_STATISTICS, HeldOut, HeldOutAgreement, hold_out
from bench.statistics.intervals import Measured, too_few_clusters
from bench.statistics.reliability import QUANTITIES, Ratings, estimate_reliability
from bench.statistics.replicates import Replicates, replicate
from bench.statistics.sample import MIN_CLUSTERS, MIN_PAIRS, Scores, Strata
from bench.statistics.types import Resampled, ResamplingPlan

NO_OTHERS = "no pair has two ratings"
UNDEFINED = Measured(np.nan, np.nan, np.nan)


@dataclass(frozen=True, slots=True)
class OneListener(Resampled):
    """How well one held-out listener agrees with the mean of the pair's other listeners.

    Attributes:
        stratum, statistic: where and how it is measured.
        n_pairs: pairs with two ratings or more.
        n_ratings: ratings of these pairs; each is held out once, and pairs count equally.
        agreement: of the held-out ratings with the means of the others.
    """

    stratum: str
    statistic: str
    n_pairs: int
    n_ratings: int
    n_clusters: int
    agreement: Measured
    note: str = ""


@dataclass(frozen=True, slots=True)
class BesideListener(Resampled):
    """A metric beside one listener, both against the same means of the others.

    Attributes:
        agreement: of the metric's scores with the means of the others.
        excess: ``agreement`` minus that of the held-out listener, resampled together.
        worth: number of listeners whose mean agrees with the others as well as the metric does; infinite where no
            number of them would, 0 where the metric does not agree at all.
    """

    metric: str
    stratum: str
    statistic: str
    agreement: Measured
    excess: Measured
    worth: Measured
    note: str = ""


@dataclass(frozen=True, slots=True)
class AlternativeListener(Resampled):
    """Could the metric stand in for a listener? See `bench.statistics.alternative`.

    Attributes:
        winning_rate: share of the tested listeners than whom the metric was shown to be no worse by more than
            ``epsilon``; NaN where too few could be tested.
        advantage: share of held-out ratings than which the metric's answer is as near, or nearer, to the others.
        listeners_advantage: the same of the held-out ratings against the metric's answers; ties count in both.
        epsilon: cost that is granted to the metric.
        n_listeners: with enough ratings to be tested.
        may_replace: ``winning_rate`` is 0.5 or more.
    """

    metric: str
    stratum: str
    winning_rate: float
    advantage: Measured
    listeners_advantage: Measured
    epsilon: float
    n_listeners: int
    may_replace: bool
    note: str = ""


def beside_one_listener(
    ratings: Ratings,
    scores: Scores,
    strata: Strata,
    clusters: Int[np.ndarray, " pairs"],
    plan: ResamplingPlan,
    n_threads: int | None = None,
) -> tuple[list[OneListener], list[BesideListener]]:
    """Measure one listener and every metric against the same means of other listeners.

    Args:
        ratings: single ratings on any scale.
        scores: by metric.
        strata: masks over the pairs; not those that are cut by the ratings themselves.
        clusters: the caption of each pair.
        plan: how intervals are made; all rows of a stratum are on the same resamples.
        n_threads: None takes every core; the results do not depend on it.

    Returns:
        Records by stratum and statistic, and by stratum, metric and statistic. A stratum without a pair that two
        listeners rated has a record with the reason, and none of metrics.
    """
    listeners: list[OneListener] = []
    metrics: list[BesideListener] = []
    for stratum, mask in strata.items():
        held = hold_out(ratings, mask, clusters, plan.unit)
        if not len(held.pairs):
            listeners += [_nobody(stratum, statistic, plan) for statistic in HELD_OUT_STATISTICS]
            continue
        found = _Found.of(stratum, held, {name: row[held.pairs] for name, row in scores.items()}, plan, n_threads)
        listeners += [_listener(found, s, plan) for s in range(len(HELD_OUT_STATISTICS))]
        metrics += [
            _metric(found, metric, m, s, plan)
            for m, metric in enumerate(scores, start=1)
            for s in range(len(HELD_OUT_STATISTICS))
        ]
    return listeners, metrics


def listeners_worth(
    ratio: Float[np.ndarray, "*shape"], icc: Float[np.ndarray, "*#shape"]
) -> Float[np.ndarray, "*shape"]:
    """Return k, see the module; NaN where one rating has no reliability, 0 for a ratio of 0 or less.

    Args:
        ratio: q, the metric's agreement with the others divided by one listener's.
        icc: reliability of one rating.
    """
    square = np.maximum(ratio, 0) ** 2
    left = 1 - square * icc
    with np.errstate(divide="ignore", invalid="ignore"):
        k = np.where(left > 0, square * (1 - icc) / left, np.inf)
    return np.where((icc > 0) & ~np.isnan(ratio), k, np.nan)


@dataclass(frozen=True, slots=True)
class _Found:
    """One stratum: estimates and resampled values of the listener (row 0) and of the metrics, and of the ICC."""

    stratum: str
    held: HeldOut
    estimates: Float[np.ndarray, "rows statistics"]
    reasons: tuple[tuple[str, ...], ...]
    replicates: Replicates | None
    icc: float
    icc_replicates: Replicates | None

    @classmethod
    def of(cls, stratum: str, held: HeldOut, scores: Scores, plan: ResamplingPlan, n_threads: int | None) -> _Found:
        rows = np.array([*scores.values()]).reshape(len(scores), len(held.pairs))
        agreement = HeldOutAgreement(held, rows)
        estimates = agreement(np.ones((held.n_clusters, 1), np.uint8))[0]
        repeated = (held.own, *(row[held.pair] for row in rows))
        reasons = tuple(tuple(_reason(held, statistic, row) for statistic in HELD_OUT_STATISTICS) for row in repeated)
        estimates[np.array([[bool(reason) for reason in row] for row in reasons])] = np.nan
        everything = {stratum: np.ones(len(held.pairs), dtype=bool)}
        [reliability] = estimate_reliability(held.ratings, everything, held.cluster, plan, n_threads)
        replicates = None
        if held.n_clusters >= MIN_CLUSTERS:
            shape, n = estimates.shape, held.n_clusters
            replicates = replicate(agreement, shape, plan, stratum, n, agreement.bytes_per_lane, n_threads)
        icc = reliability.replicates and reliability.replicates[QUANTITIES.index("icc1")]
        return cls(stratum, held, estimates, reasons, replicates, reliability.estimate.icc1.estimate, icc)

    def measured(self, estimate: float, replicates: Replicates | None, plan: ResamplingPlan) -> Measured:
        """Return an estimate with its interval, or the reason why it has none."""
        if replicates is None or np.isnan(estimate):
            reason = too_few_clusters(self.held.n_clusters) if not np.isnan(estimate) else ""
            return Measured(estimate, np.nan, np.nan, reason)
        return replicates.measured(estimate, plan, self.held.n_clusters)


def _reason(held: HeldOut, statistic: Statistic, row: Float[np.ndarray, " ratings"]) -> str:
    if len(held.pairs) < MIN_PAIRS:
        return f"{len(held.pairs)} pairs with two ratings, fewer than {MIN_PAIRS}"
    return why_undefined(statistic, held.others, row)


def _nobody(stratum: str, statistic: Statistic, plan: ResamplingPlan) -> OneListener:
    return OneListener(
        stratum=stratum,
        statistic=statistic.id,
        n_pairs=0,
        n_ratings=0,
        n_clusters=0,
        agreement=UNDEFINED,
        note=NO_OTHERS,
        **plan.as_fields(),
    )


def _listener(found: _Found, s: int, plan: ResamplingPlan) -> OneListener:
    replicates = found.replicates and found.replicates[0, s]
    return OneListener(
        stratum=found.stratum,
        statistic=HELD_OUT_STATISTICS[s].id,
        n_pairs=len(found.held.pairs),
        n_ratings=len(found.held.own),
        n_clusters=found.held.n_clusters,
        agreement=found.measured(float(found.estimates[0, s]), replicates, plan),
        note=found.reasons[0][s],
        **plan.as_fields(),
    )


def _metric(found: _Found, metric: str, m: int, s: int, plan: ResamplingPlan) -> BesideListener:
    own, listener = found.estimates[m, s], found.estimates[0, s]
    both, excess = found.replicates, None
    if both is not None:
        excess = both.map(lambda values: values[:, m, s] - values[:, 0, s])
    return BesideListener(
        metric=metric,
        stratum=found.stratum,
        statistic=HELD_OUT_STATISTICS[s].id,
        agreement=found.measured(float(own), both and both[m, s], plan),
        excess=found.measured(float(own - listener), excess, plan),
        worth=_worth(found, m, s, plan),
        note=found.reasons[m][s] or found.reasons[0][s],
        **plan.as_fields(),
    )


def _worth(found: _Found, m: int, s: int, plan: ResamplingPlan) -> Measured:
    """Return the worth; its interval is made for k / (1 + k), which is finite, and taken back."""
    ratio = found.estimates[m, s] / found.estimates[0, s] if found.estimates[0, s] > 0 else np.nan
    worth = float(listeners_worth(np.array(ratio), np.array(found.icc)))
    if np.isnan(worth):
        return replace(UNDEFINED, note="" if np.isnan(found.estimates[m, s]) else "one rating shows no reliability")
    bounded = None
    if found.replicates is not None and found.icc_replicates is not None:
        values, icc = found.replicates, found.icc_replicates
        jackknife = None
        if values.jackknife is not None and icc.jackknife is not None:
            jackknife = _bounded(values.jackknife[:, m, s], values.jackknife[:, 0, s], icc.jackknife)
        bounded = Replicates(_bounded(values.resampled[:, m, s], values.resampled[:, 0, s], icc.resampled), jackknife)
    share = found.measured(float(_share(np.array(worth))), bounded, plan)
    low, high = _number(np.array([share.low, share.high]))
    return Measured(worth, float(low), float(high), share.note)


def _bounded(
    metric: Float[np.ndarray, " replicates"],
    listener: Float[np.ndarray, " replicates"],
    icc: Float[np.ndarray, " replicates"],
) -> Float[np.ndarray, " replicates"]:
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(listener > 0, metric / listener, np.nan)
    return _share(listeners_worth(ratio, icc))


def _share(number: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """Return k / (1 + k): 1 for infinitely many."""
    return np.where(np.isinf(number), 1.0, number / (1 + np.where(np.isinf(number), 0, number)))


def _number(share: Float[np.ndarray, "*shape"]) -> Float[np.ndarray, "*shape"]:
    """Return k of k / (1 + k)."""
    with np.errstate(divide="ignore"):
        return np.where(share >= 1, np.inf, share / (1 - share))
