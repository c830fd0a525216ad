"""What single ratings tell: the ceiling, what an evenly good metric shows, and whether listeners widen intervals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from bench.analysis.context import Context
from bench.analysis.results import Analysis
from bench.analysis.strata import ALL, Kind, masks, of_kind
from bench.statistics.blocks import block_spreads, blocks_of
from bench.statistics.crossed import crossed_spreads
from bench.statistics.even_metric import Part
from bench.statistics.evenness import evenness
from bench.statistics.reliability import Ratings, ceiling_shares, estimate_reliability

RELIABLE: tuple[Kind, ...] = ("all", "source", "system")
"""Where agreement of listeners means anything: bands are cut by the ratings themselves."""


def add_listeners(analysis: Analysis, context: Context, ratings: Ratings) -> Analysis:
    """Add what needs the ``ratings`` of every pair of the sample."""
    sample, plan = context.sample, context.plan
    bootstraps = {bootstrap.sample.stratum: bootstrap for bootstrap in context.bootstraps}
    reliable = masks(of_kind(context.strata, *RELIABLE))
    agreement = estimate_reliability(ratings, reliable, sample.clusters, plan)
    blocks, broad = blocks_of(ratings, sample.captions), masks(context.broad)
    connected = not blocks.any()
    return replace(
        analysis,
        reliability=tuple(one.estimate for one in agreement),
        ceiling_shares=tuple(
            share for one in agreement for share in ceiling_shares(bootstraps[one.estimate.stratum], one, plan)
        ),
        evenness=tuple(evenness(bootstraps[ALL], ratings, list(_parts(context)), plan)),
        block_spreads=tuple(block_spreads(sample.human, sample.scores, broad, sample.captions, blocks, plan)),
        crossed_spreads=tuple(crossed_spreads(bootstraps[ALL], ratings, plan)) if connected else (),
    )


def _parts(context: Context) -> Iterator[Part]:
    """Yield every stratum but that of all pairs: sources, systems, then the bands of all pairs and of sources."""
    wide = of_kind(context.strata, *RELIABLE)
    yield from (Part(one.id, one.mask) for one in wide if one.id != ALL)
    present, bands = {one.id for one in context.strata}, context.settings.bands
    edges = (-np.inf, *bands.edges, np.inf)
    for one in of_kind(wide, "all", "source"):
        for b, stratum in enumerate(bands.ids_within(one.id)):
            if stratum in present:
                yield Part(stratum, one.mask, edges[b], edges[b + 1])
