"""Do the intervals hold when other listeners had been asked?"""

from __future__ import annotations

from collections.abc import Sequence

from bench.analysis.strata import ALL
from bench.reports.layout import Cell, Column, Row, Section, Table
from bench.statistics.types import CorrelationEstimate, CrossedSpread


def sensitivity_section(spreads: Sequence[CrossedSpread], estimates: Sequence[CorrelationEstimate]) -> Section | None:
    """Return SRCC intervals over captions beside those over captions and listeners."""
    chosen = [spread for spread in spreads if (spread.stratum, spread.statistic) == (ALL, "srcc")]
    if not chosen:
        return None
    usual = {e.metric: e for e in estimates if (e.stratum, e.statistic) == (ALL, "srcc")}
    rows = [
        Row(
            one.metric,
            (
                Cell(usual[one.metric].estimate, usual[one.metric].low, usual[one.metric].high),
                Cell(one.recentred.estimate, one.recentred.low, one.recentred.high, note=one.note),
                _ratio(one),
            ),
        )
        for one in chosen
    ]
    table = Table(
        "SRCC, all pairs",
        "A ratio near 1: the intervals of Table I would hardly widen if listeners were drawn anew as well. The crossed "
        "resamples are recentred, since drawing listeners adds label noise and lowers every correlation.",
        (Column("captions resampled"), Column("captions and listeners"), Column("ratio of standard errors")),
        tuple(rows),
    )
    return Section("Had other listeners been asked", (), (table,))


def _ratio(spread: CrossedSpread) -> Cell:
    """With very few pairs all resamples may have one value: then no ratio exists."""
    if spread.caption_spread == 0:
        return Cell(note="resampling captions changes nothing: too few pairs for a standard error")
    return Cell(spread.spread / spread.caption_spread, decimals=2)
