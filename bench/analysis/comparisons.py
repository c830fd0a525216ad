"""How well metrics agree with listeners, and which of two agrees better."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from bench.analysis.context import Context
from bench.analysis.results import Analysis
from bench.files.scores import ScoreTable
from bench.statistics.agreement import BY_ID
from bench.statistics.bootstrap import CorrelationEstimate, estimates_of
from bench.statistics.comparison import CorrelationDifference, differences_of
from bench.statistics.dependent_correlations import reference_tests
from bench.statistics.max_t import paired_spreads
from bench.statistics.power import DetectableDifference, detectable_differences
from bench.statistics.standing import Standing, standings_of


def compare(context: Context) -> Analysis:
    """Return the agreement of metrics with listeners, and how they differ in it."""
    bootstraps, plan, baselines = context.bootstraps, context.plan, context.settings.baselines
    estimates = [estimate for bootstrap in bootstraps for estimate in estimates_of(bootstrap, plan)]
    differences, standings = list[CorrelationDifference](), list[Standing]()
    detectable = list[DetectableDifference]()
    for bootstrap in bootstraps:
        spreads = paired_spreads(bootstrap, baselines)
        found = differences_of(bootstrap, plan, spreads, baselines=baselines)
        differences += found
        standings += standings_of(bootstrap, spreads, found, plan, baselines)
        detectable += detectable_differences(bootstrap, plan, spreads, baselines=baselines)
    return Analysis(
        estimates=tuple(_warn_of_units(estimates, context.table)),
        differences=tuple(differences),
        standings=tuple(standings),
        dependent_correlations=tuple(test for b in bootstraps for test in reference_tests(b.sample)),
        detectable_differences=tuple(detectable),
        strata=tuple(stratum.name for stratum in context.strata),
    )


def _warn_of_units(estimates: Iterable[CorrelationEstimate], table: ScoreTable) -> Iterator[CorrelationEstimate]:
    """Mark what is in units of the ratings where a metric is not: it says more of the unit than of the metric."""
    foreign = {name for name, values in table.scores.items() if np.nanmin(values) < 0 or np.nanmax(values) > 1}
    for estimate in estimates:
        statistic = BY_ID[estimate.statistic]
        if statistic.in_units_of_ratings and estimate.metric in foreign and not estimate.note:
            yield replace(estimate, note=f"scores leave [0, 1], so the {statistic.name} depends on their unit")
        else:
            yield estimate
