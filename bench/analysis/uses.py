"""What metrics are used for: ranking systems, preferring one of two clips, predicting ratings, replacing each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from bench.analysis.context import Context
from bench.analysis.results import Analysis
from bench.analysis.strata import Kind, masks, of_kind
from bench.statistics.agreement import PRIMARY
from bench.statistics.calibration import calibrated_errors
from bench.statistics.comparison import CorrelationDifference
from bench.statistics.equivalence import Equivalence, equivalences_of
from bench.statistics.interactions import Interaction, interactions
from bench.statistics.mapped_error import mapped_errors
from bench.statistics.pairwise import pairwise_accuracies
from bench.statistics.screening import ScreeningDifference, screening_differences
from bench.statistics.systems import system_agreement

COMPARED: tuple[Kind, ...] = ("source", "system")
"""Kinds of strata between which the leads of metrics are compared."""


def add_uses(analysis: Analysis, context: Context) -> Analysis:
    """Add what metrics are used for."""
    sample, plan, training = context.sample, context.plan, context.training
    human, scores, clusters, scale = sample.human, sample.scores, sample.clusters, sample.scale
    broad = masks(context.broad)
    on_scale = scale.unscale(human)
    means, agreement = system_agreement(human, scores, sample.systems, clusters, plan)
    return replace(
        analysis,
        system_means=tuple(means),
        system_agreement=tuple(agreement),
        pairwise_accuracies=tuple(pairwise_accuracies(human, scores, broad, sample.captions, plan, training, clusters)),
        calibrated_errors=tuple(calibrated_errors(human, scores, broad, sample.captions, plan, training, clusters)),
        mapped_errors=tuple(mapped_errors(on_scale, scores, broad, clusters, plan, sample.ratings)),
        interactions=tuple(_interactions(context)),
        equivalences=tuple(_equivalences(analysis, context)),
        screenings=tuple(_screenings(context)),
    )


def _interactions(context: Context) -> Iterator[Interaction]:
    sample, plan = context.sample, context.plan
    compared = _compared(context)
    for kind in COMPARED:
        strata = masks(of_kind(context.strata, kind))
        yield from interactions(sample.human, compared, strata, sample.clusters, plan)


def _screenings(context: Context) -> list[ScreeningDifference]:
    """Compare under the run's own ratings first, called by the rule that they were screened by."""
    sample = context.sample
    ratings = {context.settings.screening: sample.scale.unscale(sample.human), **context.screenings}
    return screening_differences(ratings, _compared(context), sample.clusters, context.plan)


def _compared(context: Context) -> dict[str, Float[np.ndarray, " pairs"]]:
    """Return the scores of the metrics that are compared: all but the baselines."""
    return {name: row for name, row in context.sample.scores.items() if name not in context.settings.baselines}


def _equivalences(analysis: Analysis, context: Context) -> Iterator[Equivalence]:
    margin = context.settings.margin
    if margin is None:
        return
    broad = {stratum.id for stratum in context.broad}
    for bootstrap in context.bootstraps:
        stratum = bootstrap.sample.stratum
        if stratum in broad:
            here = [d for d in analysis.differences if (d.stratum, d.statistic) == (stratum, PRIMARY.id)]
            differ = [(d.metric_a, d.metric_b) for d in here if _is_shown(d)]
            yield from equivalences_of(bootstrap, context.plan, margin, differ, context.settings.baselines)


def _is_shown(difference: CorrelationDifference) -> bool:
    """Return whether the simultaneous interval of a difference leaves 0 out."""
    return difference.sim_low > 0 or difference.sim_high < 0
