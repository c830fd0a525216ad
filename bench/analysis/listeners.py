"""What single ratings tell: the ceiling, bands free of selection on noise, and listeners resampled."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain

import numpy as np

from bench.analysis.context import Context
from bench.analysis.results import Analysis
from bench.analysis.strata import masks
from bench.statistics.bands import band_estimates
from bench.statistics.crossed import crossed_spreads
from bench.statistics.reliability import Ratings, ceiling_shares, estimate_reliability


def add_listeners(analysis: Analysis, context: Context, ratings: Ratings) -> Analysis:
    """Add what needs the ``ratings`` of every pair of the sample."""
    sample, bootstraps, plan, bands = context.sample, context.bootstraps, context.plan, context.settings.bands
    agreement = estimate_reliability(ratings, masks(context.strata), sample.clusters, plan)
    broad = masks(context.broad)
    band_ids = {stratum: bands.ids_within(stratum) for stratum in broad}
    rescaled = replace(ratings, score=sample.scale.rescale(ratings.score))
    spreads = [
        crossed_spreads(bootstrap, rescaled, np.flatnonzero(broad[bootstrap.sample.stratum]), plan)
        for bootstrap in bootstraps
        if bootstrap.sample.stratum in broad
    ]
    return replace(
        analysis,
        reliability=tuple(one.estimate for one in agreement),
        ceiling_shares=tuple(s for b, r in zip(bootstraps, agreement, strict=True) for s in ceiling_shares(b, r, plan)),
        bands=tuple(band_estimates(ratings, sample.scores, broad, sample.clusters, bands.edges, band_ids, plan)),
        crossed_spreads=tuple(chain.from_iterable(spreads)),
    )
