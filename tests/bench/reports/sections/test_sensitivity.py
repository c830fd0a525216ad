"""What is said of other listeners: by blocks, by captions and listeners side by side, or that it is not known."""

from __future__ import annotations

import math

from bench.analysis.strata import StratumName
from bench.reports.sections.sensitivity import UNKNOWN, sensitivity_section
from bench.statistics.crossed import CrossedSpread
from bench.statistics.evenness import BlockSpread

STRATA = (StratumName("all", "all", "all"), StratumName("source=natural", "source", "natural"))


def block(stratum: str, ratio: float, n_blocks: int = 276, note: str = "") -> BlockSpread:
    return BlockSpread("m", stratum, "srcc", n_blocks, ratio, note)


def test_enough_blocks_give_a_ratio_by_source() -> None:
    section = sensitivity_section([block("all", 1.004), block("source=natural", 0.97, 201)], (), STRATA)
    assert section is not None
    [table] = section.tables
    assert table.title == "Standard error of SRCC over blocks, divided by that over captions"
    assert table.reading == (
        "A block holds captions that share listeners, so drawing blocks draws listeners as well. Near 1: intervals "
        "over captions hold for other listeners too. The ratio is itself uncertain: by about ±0.05 with the fewest "
        "blocks here."
    )
    assert [column.header for column in table.columns] == ["all, 276 blocks", "natural, 201 blocks"]
    assert [cell.value for cell in table.rows[0].cells] == ["1.00", "0.97"]


def test_a_source_with_too_few_blocks_has_no_column() -> None:
    section = sensitivity_section([block("all", 1.1), block("source=natural", math.nan, 12, "12 blocks")], (), STRATA)
    assert section is not None
    assert [column.header for column in section.tables[0].columns] == ["all, 276 blocks"]


def test_one_whole_has_the_crossed_spread_beside_its_value_without_differences() -> None:
    crossed = [CrossedSpread("m", "all", "srcc", 0.01, 0.0124, 0.0123, 80, 499)]
    section = sensitivity_section([block("all", math.nan, 1, "connected")], crossed, STRATA)
    assert section is not None
    [table] = section.tables
    assert [cell.value for cell in table.rows[0].cells] == ["1.24", "1.23"]
    assert [column.header for column in table.columns] == ["as rated", "if listeners were alike"]
    assert table.reading == (
        "Listeners connect all captions, so captions and listeners are drawn side by side, which overstates the spread "
        "even where listeners do not differ. Only what the first column has above the second is due to listeners; in "
        "the second each pair's ratings are shuffled among its listeners. 499 resamples of captions and 80 listeners."
    )
    flat = CrossedSpread("m", "all", "srcc", 0.0, 0.0, 0.0, 80, 499)
    section = sensitivity_section([block("all", math.nan, 1)], [flat], STRATA)
    assert section is not None
    assert section.tables[0].notes() == [
        "m / as rated; m / if listeners were alike: resampling without listeners changes nothing: too few pairs for a "
        "standard error"
    ]


def test_a_few_blocks_say_that_it_is_not_known() -> None:
    section = sensitivity_section([block("all", math.nan, 7, "7 blocks")], (), STRATA)
    assert section is not None
    assert section.tables == ()
    assert section.paragraphs == (UNKNOWN.format(n_blocks=7),)
    assert section.paragraphs[0].startswith("Listeners tie these captions into 7 blocks: too many to be one whole")


def test_means_alone_have_no_section() -> None:
    assert sensitivity_section((), (), STRATA) is None
