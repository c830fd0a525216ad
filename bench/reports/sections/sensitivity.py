"""Do the intervals hold when other listeners had been asked?"""

from __future__ import annotations

from collections.abc import Sequence

from bench.analysis.strata import StratumName, of_kind
from bench.reports.layout import Cell, Column, Row, Section, Table
from bench.statistics.agreement import PRIMARY
from bench.statistics.crossed import CrossedSpread
from bench.statistics.evenness import BlockSpread

HEADING = "Had other listeners been asked"
UNKNOWN = (
    "Listeners tie these captions into {n_blocks} blocks: too many to be one whole, in which listeners could be drawn "
    "beside captions, and too few to draw blocks. So it is not known by how much other listeners would widen intervals."
)


def sensitivity_section(
    blocks: Sequence[BlockSpread], crossed: Sequence[CrossedSpread], strata: Sequence[StratumName]
) -> Section | None:
    """Return how much standard errors grow if listeners are drawn as well, or why that cannot be said."""
    if not blocks:
        return None
    shown = [one for one in of_kind(strata, "all", "source") if _has_ratio(one, blocks)]
    if shown:
        return Section(HEADING, (), (_block_table(blocks, shown),))
    if crossed:
        return Section(HEADING, (), (_crossed_table(crossed),))
    n_blocks = max(one.n_blocks for one in blocks)
    return Section(HEADING, (UNKNOWN.format(n_blocks=n_blocks),))


def _has_ratio(stratum: StratumName, blocks: Sequence[BlockSpread]) -> bool:
    return any(one.stratum == stratum.id and one.ratio == one.ratio for one in blocks)


def _block_table(blocks: Sequence[BlockSpread], strata: Sequence[StratumName]) -> Table:
    found = {(one.metric, one.stratum): one for one in blocks}
    n_blocks = {one.stratum: one.n_blocks for one in blocks}
    rows = [
        Row(metric, tuple(_ratio(found[metric, one.id]) for one in strata))
        for metric in dict.fromkeys(one.metric for one in blocks)
    ]
    return Table(
        f"Standard error of {PRIMARY.name} over blocks, divided by that over captions",
        "A block holds captions that share listeners, so drawing blocks draws listeners as well. Near 1: intervals "
        "over captions hold for other listeners too. The ratio is itself uncertain: by about "
        f"±{1 / (2 * (min(n_blocks[one.id] for one in strata) - 1)) ** 0.5:.2f} with the fewest blocks here.",
        tuple(Column(f"{one.label}, {n_blocks[one.id]:,} blocks") for one in strata),
        tuple(rows),
    )


def _ratio(spread: BlockSpread) -> Cell:
    return Cell(spread.ratio, decimals=2, note=spread.note)


def _crossed_table(crossed: Sequence[CrossedSpread]) -> Table:
    """Return the ratios of one stratum, beside what they are where listeners do not differ."""
    rows = [
        Row(one.metric, tuple(_crossed_ratio(value, one) for value in (one.spread, one.spread_if_alike)))
        for one in crossed
    ]
    return Table(
        f"Standard error of {PRIMARY.name} with listeners drawn as well, divided by that without",
        "Listeners connect all captions, so captions and listeners are drawn side by side, which overstates the spread "
        "even where listeners do not differ. Only what the first column has above the second is due to listeners; in "
        "the second each pair's ratings are shuffled among its listeners. "
        f"{crossed[0].n_resamples:,} resamples of captions and {crossed[0].n_listeners:,} listeners.",
        (Column("as rated"), Column("if listeners were alike")),
        tuple(rows),
    )


def _crossed_ratio(spread: float, one: CrossedSpread) -> Cell:
    """With very few pairs all resamples may have one value: then no ratio exists."""
    if one.caption_spread == 0:
        return Cell(note="resampling without listeners changes nothing: too few pairs for a standard error")
    return Cell(spread / one.caption_spread, decimals=2, note=one.note)
