"""Do the intervals hold when other listeners had been asked?"""

from __future__ import annotations

from collections.abc import Sequence

from bench.analysis.strata import ALL
from bench.reports.layout import Cell, Column, Row, Section, Table
from bench.reports.sections.intervals import intervals_made, measured_cell
from bench.statistics.agreement import PRIMARY
from bench.statistics.bootstrap import CorrelationEstimate
from bench.statistics.crossed import CrossedSpread


def sensitivity_section(spreads: Sequence[CrossedSpread], estimates: Sequence[CorrelationEstimate]) -> Section | None:
    """Return intervals of the primary statistic over captions (or pairs) beside those over listeners as well."""
    chosen = [spread for spread in spreads if (spread.stratum, spread.statistic) == (ALL, PRIMARY.id)]
    if not chosen:
        return None
    units = f"{chosen[0].resample_unit}s"
    usual = {e.metric: e for e in estimates if (e.stratum, e.statistic) == (ALL, PRIMARY.id)}
    rows = [
        Row(
            one.metric,
            (
                Cell(usual[one.metric].estimate, usual[one.metric].low, usual[one.metric].high),
                measured_cell(one.recentred, one.note),
                _ratio(one),
            ),
        )
        for one in chosen
    ]
    table = Table(
        f"{PRIMARY.name}, all pairs",
        "A ratio near 1: the intervals of Table I would hardly widen if listeners were drawn anew as well. The crossed "
        "resamples are recentred, since drawing listeners adds label noise and lowers every correlation. "
        f"{units.capitalize()} alone, as in Table I. {intervals_made(usual.values())} Listeners as well. "
        f"{intervals_made(chosen, also='listeners')}",
        (Column(f"{units} resampled"), Column(f"{units} and listeners"), Column("ratio of standard errors")),
        tuple(rows),
    )
    return Section("Had other listeners been asked", (), (table,))


def _ratio(spread: CrossedSpread) -> Cell:
    """With very few pairs all resamples may have one value: then no ratio exists."""
    if spread.caption_spread == 0:
        return Cell(note="resampling without listeners changes nothing: too few pairs for a standard error")
    return Cell(spread.spread / spread.caption_spread, decimals=2)
