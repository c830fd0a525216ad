"""Do comparisons of many metrics keep what they promise? Simulated, and written into docs/statistics.md.

    nox -s coverage -- --only families

Small data sets with captions in common (`tests.studies.simulations.population`). With all metrics equally good: how
often is any difference shown (family-wise error)? With a best metric: how often is it among those that may be best, how
often do the simultaneous intervals cover all true differences, and how many of these are shown, by max-T and by Holm?
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from bench.statistics.agreement import PRIMARY, STATISTICS
from bench.statistics.bootstrap import bootstrap_strata
from bench.statistics.comparison import CorrelationDifference, differences_of
from bench.statistics.max_t import paired_spreads
from bench.statistics.permutation import holm
from bench.statistics.standing import standings_of
from bench.statistics.types import ResamplingPlan
from tests.studies.simulations.population import Metric, draw, true_values

RESAMPLES = 399
EQUAL = {f"m{i}": Metric() for i in range(5)}
ORDERED = {f"m{i}": Metric(quality=0.85 - 0.1 * i) for i in range(5)}
WHAT = (
    "equal metrics: any difference shown",
    "best metric among those that may be best",
    "all differences within simultaneous intervals",
    "differences shown, of 1,000",
    "the same by Holm",
)
WRONG, BEST, COVERED, FOUND, BY_HOLM = WHAT
CAPTIONS = (20, 200, 858)


def errors_of_one(n_captions: int, seed: int) -> Counter[tuple[str, str]]:
    """Count, for each statistic, whether any difference between equally good metrics was shown on one data set."""
    differences, _ = compared(n_captions, EQUAL, seed, ResamplingPlan(1, n_permutations=RESAMPLES, seed=seed))
    found: Counter[tuple[str, str]] = Counter()
    for statistic in STATISTICS:
        found[WRONG, statistic.id] += any(d.is_shown for d in differences if d.statistic == statistic.id)
    return found


def promises_of_one(n_captions: int, seed: int) -> Counter[tuple[str, str]]:
    """Count what became of metrics that differ, by each statistic, on one data set."""
    plan = ResamplingPlan(RESAMPLES, n_permutations=RESAMPLES, seed=seed)
    differences, best = compared(n_captions, ORDERED, seed, plan)
    truth = {name: true_values(metric) for name, metric in ORDERED.items()}
    found: Counter[tuple[str, str]] = Counter()
    for s, statistic in enumerate(STATISTICS):
        table = [d for d in differences if d.statistic == statistic.id]
        sign = 1 if statistic.higher_is_better else -1
        true_best = max(truth, key=lambda name, s=s, sign=sign: sign * truth[name][s])
        found[BEST, statistic.id] += true_best in best[statistic.id]
        found[COVERED, statistic.id] += all(
            d.sim_low <= truth[d.metric_a][s] - truth[d.metric_b][s] <= d.sim_high for d in table
        )
        found[FOUND, statistic.id] += sum(d.is_shown for d in table)
        found[BY_HOLM, statistic.id] += int(np.sum(holm(np.array([d.p_value for d in table])) <= 0.05))
    return found


def compared(
    n_captions: int, metrics: dict[str, Metric], seed: int, plan: ResamplingPlan
) -> tuple[list[CorrelationDifference], dict[str, set[str]]]:
    """Compare metrics on a data set of four pairs a caption on average; return differences and which may be best."""
    data = draw(4 * n_captions, metrics, np.random.default_rng([3, n_captions, seed]))
    everything = {"all": np.ones(len(data.human), bool)}
    [boot] = bootstrap_strata(data.human, data.scores, everything, data.captions, plan, n_threads=1)
    spreads = paired_spreads(boot)
    differences = differences_of(boot, plan, spreads, n_threads=1)
    best: dict[str, set[str]] = {statistic.id: set() for statistic in STATISTICS}
    for one in standings_of(boot, differences, plan):
        if one.may_be_best:
            best[one.statistic].add(one.metric)
    return differences, best


def problems_of(n_captions: int, found: dict[tuple[str, str], float]) -> list[str]:
    """Return what is not as promised, of rates in per cent."""
    bounds = {WRONG: (3.5, 6.5), BEST: (94, 100), COVERED: (92, 97.5)}
    problems = [
        f"{what}, {statistic}, {n_captions} captions: {rate:.1f} %, not {bounds[what][0]}-{bounds[what][1]} %"
        for (what, statistic), rate in found.items()
        if what in bounds and not bounds[what][0] <= rate <= bounds[what][1]
    ]
    if found[FOUND, PRIMARY.id] < found[BY_HOLM, PRIMARY.id]:
        problems.append(f"max-T shows fewer differences than Holm with {n_captions} captions")
    return problems
