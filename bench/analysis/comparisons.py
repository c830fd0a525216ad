"""How well metrics agree with listeners, and which of two agrees better."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bench.analysis.context import Context
from bench.analysis.results import Analysis
from bench.statistics.agreement import STATISTICS
from bench.statistics.bootstrap import StratumBootstrap, estimates_of
from bench.statistics.calibration import unit_mismatch
from bench.statistics.comparison import differences_of, rank_clusters
from bench.statistics.dependent_correlations import reference_tests
from bench.statistics.power import detectable_differences
from bench.statistics.sample import Scores


def compare(context: Context) -> Analysis:
    """Return the agreement of metrics with listeners, and how they differ in it."""
    plan = context.plan
    bootstraps = [_without_foreign_units(bootstrap, context.sample.scores) for bootstrap in context.bootstraps]
    estimates = [estimate for bootstrap in bootstraps for estimate in estimates_of(bootstrap, plan)]
    differences = [
        difference
        for bootstrap in bootstraps
        for difference in differences_of(bootstrap, plan, n_permutations=plan.n_resamples)
    ]
    return Analysis(
        estimates=tuple(estimates),
        differences=tuple(differences),
        rank_clusters=tuple(rank_clusters(estimates, differences)),
        dependent_correlations=tuple(test for b in bootstraps for test in reference_tests(b.sample)),
        detectable_differences=tuple(found for b in bootstraps for found in detectable_differences(b)),
        strata=tuple(stratum.name for stratum in context.strata),
    )


def _without_foreign_units(bootstrap: StratumBootstrap, scores: Scores) -> StratumBootstrap:
    """Leave out what is in units of the ratings where a metric is not: it says more of the unit than of the metric.

    With the estimate go its differences from others.
    """
    estimates, reasons = bootstrap.estimates.copy(), [list(row) for row in bootstrap.reasons]
    for m, metric in enumerate(bootstrap.sample.metrics):
        mismatch = unit_mismatch(scores[metric])
        for s, statistic in enumerate(STATISTICS):
            if mismatch and statistic.in_units_of_ratings and not reasons[m][s]:
                estimates[m, s], reasons[m][s] = np.nan, mismatch
    return replace(bootstrap, estimates=estimates, reasons=tuple(map(tuple, reasons)))
