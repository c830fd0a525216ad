"""What metrics agree with: the target, or something else that listeners rated beside it?"""

from __future__ import annotations

from dataclasses import replace

from bench.analysis.context import Context
from bench.analysis.results import Analysis
from bench.analysis.strata import masks
from bench.statistics.dimensions import DimensionAgreement, DimensionOverlap, agreement_by_dimension

TARGET = "rating"
"""What the target is called where nobody says."""


def add_dimensions(analysis: Analysis, context: Context) -> Analysis:
    """Add agreement by dimension on all pairs and by source; nothing where one thing was rated."""
    if not context.dimensions:
        return analysis
    agreements: list[DimensionAgreement] = []
    overlaps: list[DimensionOverlap] = []
    broad, target = masks(context.broad), context.settings.dimension or TARGET
    compared = [metric not in context.settings.baselines for metric in context.sample.scores]
    names = tuple(m for m, kept in zip(context.sample.scores, compared, strict=True) if kept)
    for bootstrap in context.bootstraps:
        sample = bootstrap.sample
        if sample.stratum not in broad:
            continue
        others = {name: means[broad[sample.stratum]] for name, means in context.dimensions.items()}
        chosen = replace(sample, metrics=names, scores=sample.scores[compared])
        of_metrics, between = agreement_by_dimension(chosen, target, others, context.plan)
        agreements += of_metrics
        overlaps += between
    return replace(analysis, dimension_agreement=tuple(agreements), dimension_overlap=tuple(overlaps))
