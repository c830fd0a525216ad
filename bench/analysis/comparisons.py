"""How well metrics agree with listeners, and which of two agrees better."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bench.analysis.context import Context
from bench.analysis.results import Analysis
from bench.statistics.agreement import STATISTICS
from bench.statistics.bootstrap import StratumBootstrap, estimates_of
from bench.statistics.calibration import unit_mismatch
from bench.statistics.comparison import CorrelationDifference, differences_of
from bench.statistics.dependent_correlations import reference_tests
from bench.statistics.max_t import paired_spreads
from bench.statistics.power import DetectableDifference, detectable_differences
from bench.statistics.sample import Scores
from bench.statistics.standing import Standing, standings_of


def compare(context: Context) -> Analysis:
    """Return the agreement of metrics with listeners, and how they differ in it."""
    plan, baselines = context.plan, context.settings.baselines
    bootstraps = [without_foreign_units(bootstrap, context.sample.scores) for bootstrap in context.bootstraps]
    estimates = [estimate for bootstrap in bootstraps for estimate in estimates_of(bootstrap, plan)]
    differences, standings = list[CorrelationDifference](), list[Standing]()
    detectable = list[DetectableDifference]()
    for bootstrap in bootstraps:
        spreads = paired_spreads(bootstrap, baselines)
        found = differences_of(bootstrap, plan, spreads, baselines=baselines)
        differences += found
        standings += standings_of(bootstrap, found, plan, baselines)
        detectable += detectable_differences(bootstrap, plan, spreads, baselines=baselines)
    return Analysis(
        estimates=tuple(estimates),
        differences=tuple(differences),
        standings=tuple(standings),
        dependent_correlations=tuple(test for b in bootstraps for test in reference_tests(b.sample)),
        detectable_differences=tuple(detectable),
        strata=tuple(stratum.name for stratum in context.strata),
    )


def without_foreign_units(bootstrap: StratumBootstrap, scores: Scores) -> StratumBootstrap:
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
