"""Which metrics may be the best, and which were shown to differ: both read from the adjusted p-values.

A metric may be the best unless one with a better estimate was shown to differ from it. The p-values keep the chance of
any false difference at 5 % (`bench.statistics.step_down`), and the best metric is left out only by such a difference:
so it stays in with at least 95 % probability. A model confidence set (Hansen, Lunde & Nason 2011) promises the same by
another test, which contradicts the p-values beside it now and then (docs/statistics.md).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from bench.statistics.agreement import STATISTICS
from bench.statistics.bootstrap import StratumBootstrap
from bench.statistics.comparison import CorrelationDifference
from bench.statistics.letters import letters
from bench.statistics.max_t import LEVEL
from bench.statistics.permutation import least_p
from bench.statistics.sample import MIN_CLUSTERS
from bench.statistics.types import ResamplingPlan


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a metric stands in one stratum by one statistic.

    Attributes:
        metric, stratum, statistic: what is ranked; baselines and metrics without an estimate are not.
        may_be_best: none with a better estimate was shown to differ from it.
        letters: metrics that share a letter were not shown to differ (Piepho 2004); empty where nothing could be shown,
            or where more are needed than there are.
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
    differences: Sequence[CorrelationDifference],
    plan: ResamplingPlan,
    baselines: Collection[str] = (),
) -> list[Standing]:
    """Return where the metrics of one stratum stand, by statistic, best first.

    Args:
        differences: between the metrics of this stratum, with adjusted p-values.
        baselines: metrics that are not ranked.
    """
    sample, found = bootstrap.sample, list[Standing]()
    for s, statistic in enumerate(STATISTICS):
        values = (1 if statistic.higher_is_better else -1) * bootstrap.estimates[:, s]
        shown = {frozenset((d.metric_a, d.metric_b)) for d in differences if d.statistic == statistic.id and d.is_shown}
        place = (sample.stratum, statistic.id)
        found += standings_by(place, sample.metrics, values, sample.n_clusters, shown, plan, baselines)
    return found


def standings_by(
    place: tuple[str, str],
    metrics: Sequence[str],
    values: Float[np.ndarray, " metrics"],
    n_clusters: int,
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
        shown: pairs of metrics that were shown to differ.
        baselines: metrics that are not ranked.
    """
    compared = [m for m, name in enumerate(metrics) if name not in baselines and not np.isnan(values[m])]
    ranked = [metrics[m] for m in sorted(compared, key=lambda m: (-values[m], metrics[m]))]
    shown = {pair for pair in shown if pair <= set(ranked)}
    note = why_no_standings(plan.n_permutations, n_clusters)
    if len(ranked) == 1:
        note = "a single metric is the best of nothing"
    lettered = {} if note else letters(ranked, shown) or {}
    for i, name in enumerate(ranked):
        worse = any(frozenset((name, better)) in shown for better in ranked[:i])
        yield Standing(name, *place, not worse, lettered.get(name, ""), note)


def why_no_standings(n_permutations: int, n_clusters: int) -> str:
    """Return why no adjusted p can show a difference; empty if one can."""
    if not n_permutations:
        return "no permutations were made, so there are no p-values"
    if n_clusters < MIN_CLUSTERS:
        return f"nothing can be shown with {n_clusters} clusters"
    if least_p(n_permutations, n_clusters) > LEVEL:
        return f"with {n_permutations:,} permutations of {n_clusters:,} clusters no p can be as low as {LEVEL:g}"
    return ""
