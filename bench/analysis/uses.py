"""What metrics are used for: ranking systems, preferring one of two clips, predicting ratings."""

from __future__ import annotations

from dataclasses import replace

from bench.analysis.context import Context
from bench.analysis.results import Analysis
from bench.analysis.strata import masks
from bench.statistics.calibration import calibrated_errors
from bench.statistics.pairwise import pairwise_accuracies
from bench.statistics.systems import system_agreement


def add_uses(analysis: Analysis, context: Context) -> Analysis:
    """Add what metrics are used for."""
    sample, plan, training = context.sample, context.plan, context.training
    human, scores, clusters = sample.human, sample.scores, sample.clusters
    broad = masks(context.broad)
    means, agreement = system_agreement(human, scores, sample.systems, clusters, plan)
    return replace(
        analysis,
        system_means=tuple(means),
        system_agreement=tuple(agreement),
        pairwise_accuracies=tuple(pairwise_accuracies(human, scores, broad, sample.captions, plan, training, clusters)),
        calibrated_errors=tuple(calibrated_errors(human, scores, broad, clusters, plan, training)),
    )
