"""Which metrics may be the best, and which of the others were shown to differ."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from bench.statistics.agreement import STATISTICS
from bench.statistics.bootstrap import StratumBootstrap
from bench.statistics.comparison import CorrelationDifference
from bench.statistics.confidence_set import confidence_set
from bench.statistics.letters import letters
from bench.statistics.max_t import LEVEL, PairedSpread, critical_value
from bench.statistics.permutation import least_p
from bench.statistics.types import ResamplingPlan


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a metric stands in one stratum by one statistic.

    Attributes:
        metric, stratum, statistic: what is ranked; baselines and metrics without an estimate are not.
        may_be_best: it is in the model confidence set: not shown to be worse than the best.
        letters: metrics that share a letter were not shown to differ (Piepho 2004); empty where nothing could be shown.
        note: why nothing could be shown, if so.
    """

    metric: str
    stratum: str
    statistic: str
    may_be_best: bool
    letters: str
    note: str = ""


def standings_of(
    bootstrap: StratumBootstrap,
    spreads: Sequence[PairedSpread],
    differences: Sequence[CorrelationDifference],
    plan: ResamplingPlan,
    baselines: Collection[str] = (),
) -> list[Standing]:
    """Return where the metrics of one stratum stand, by statistic, best first.

    Args:
        spreads: by statistic, as `bench.statistics.max_t.paired_spreads` returns them.
        differences: between the metrics of this stratum, with adjusted p-values.
        baselines: metrics that are not ranked.
    """
    return [
        standing
        for s in range(len(STATISTICS))
        for standing in _ranking(bootstrap, s, spreads[s] if spreads else None, differences, plan, baselines)
    ]


def _ranking(
    bootstrap: StratumBootstrap,
    s: int,
    spread: PairedSpread | None,
    differences: Sequence[CorrelationDifference],
    plan: ResamplingPlan,
    baselines: Collection[str],
) -> Iterator[Standing]:
    sample = bootstrap.sample
    shown = {
        frozenset((d.metric_a, d.metric_b))
        for d in differences
        if d.statistic == STATISTICS[s].id and d.is_shown and not d.with_baseline
    }
    sign = 1 if STATISTICS[s].higher_is_better else -1
    values = sign * bootstrap.estimates[:, s]
    place = (sample.stratum, STATISTICS[s].id)
    return standings_by(place, sample.metrics, values, sample.n_clusters, spread, shown, plan, baselines)


def standings_by(
    place: tuple[str, str],
    metrics: Sequence[str],
    values: Float[np.ndarray, " metrics"],
    n_clusters: int,
    spread: PairedSpread | None,
    shown: Collection[frozenset[str]],
    plan: ResamplingPlan,
    baselines: Collection[str] = (),
) -> Iterator[Standing]:
    """Yield where metrics stand by any statistic, best first.

    Args:
        place: stratum and statistic.
        metrics: names of what has ``values``.
        values: higher is better; NaN where there is none.
        n_clusters: that they rest on.
        spread: of their differences; None where nothing could be resampled.
        shown: pairs of metrics that were shown to differ.
        baselines: metrics that are not ranked.
    """
    compared = [m for m, name in enumerate(metrics) if name not in baselines and not np.isnan(values[m])]
    ranked = sorted(compared, key=lambda m: (-values[m], metrics[m]))
    why_no_set = _why_no_set(len(ranked), n_clusters, spread, plan)
    note = why_no_set or why_no_letters(plan.n_permutations, n_clusters)
    best = frozenset(ranked) if why_no_set or spread is None else confidence_set(values, spread, plan.ci_method)
    names = [metrics[m] for m in ranked]
    lettered = {} if note else letters(names, shown)
    if lettered is None:
        lettered, note = {}, "more letters were needed than there are"
    for m, name in zip(ranked, names, strict=True):
        yield Standing(name, *place, m in best, lettered.get(name, ""), note)


def _why_no_set(n_metrics: int, n_clusters: int, spread: PairedSpread | None, plan: ResamplingPlan) -> str:
    if n_metrics == 1:
        return "a single metric is the best of nothing"
    if spread is None:
        return f"nothing can be shown with {n_clusters} clusters"
    if np.isnan(critical_value(spread.maxima(with_baseline=False), 1 - LEVEL, plan.ci_method, n_clusters)):
        return f"nothing can be shown with {plan.n_resamples} resamples"
    return ""


def why_no_letters(n_permutations: int, n_clusters: int) -> str:
    """Return why no adjusted p can show a difference; empty if one can."""
    if not n_permutations:
        return "no permutations were made, so there are no p-values"
    if least_p(n_permutations, n_clusters) > LEVEL:
        return f"with {n_permutations:,} permutations of {n_clusters:,} clusters no p can be as low as {LEVEL:g}"
    return ""
