"""One ceiling a stratum, none where listeners were not shown to agree, and ICCs in a table of their own."""

from __future__ import annotations

import math

import numpy as np

from bench.analysis.strata import StratumName
from bench.reports.sections.ceilings import agreement_section, ceilings_section
from bench.statistics.intervals import Measured
from bench.statistics.reliability import NO_CEILING, CeilingShare, ReliabilityEstimate
from bench.statistics.types import ResamplingPlan

STRATA = (
    StratumName("all", "all", "all"),
    StratumName("source=natural", "source", "natural"),
    StratumName("system=a", "system", "A"),
)
HOW = ResamplingPlan(n_resamples=99).as_fields()


def reliability(stratum: str, icc1: float, low: float, note: str = "") -> ReliabilityEstimate:
    def value(x: float) -> Measured:
        return Measured(x, x - 0.02, x + 0.02, n_clusters=50)

    one = Measured(icc1, low, icc1 + 0.1, n_clusters=50)
    return ReliabilityEstimate(stratum, 100, 300, 50, 3.0, 2.1, one, value(0.7), value(0.62), value(0.787), note, **HOW)


def share(stratum: str, statistic: str, known: bool = True) -> CeilingShare:
    value = Measured(0.7, 0.6, 0.8, n_clusters=50) if known else Measured(math.nan, math.nan, math.nan)
    return CeilingShare("m", stratum, statistic, value, "" if known else NO_CEILING, **HOW)


def both(stratum: str, known: bool = True) -> list[CeilingShare]:
    return [share(stratum, statistic, known) for statistic in ("srcc", "lcc")]


def test_one_ceiling_and_a_share_of_it() -> None:
    records = [reliability(one.id, 0.43, 0.4) for one in STRATA]
    section = ceilings_section(records, [s for one in STRATA for s in both(one.id)], STRATA)
    assert section is not None
    assert section.paragraphs == ()
    ceiling, shares = section.tables
    assert [column.header for column in ceiling.columns] == ["reliability of the mean ratings", "ceiling"]
    assert [row.label for row in ceiling.rows] == ["all", "natural", "A"]
    assert ceiling.rows[0].cells[1].value == "0.787"
    assert ceiling.reading == (
        "No metric can be expected to exceed the ceiling: it is the correlation with these mean ratings, those that "
        "few have rated counting in full, of a metric that hears the true relevance. It is for LCC; about .01 lower "
        "for SRCC. Intervals: 95 %, expanded percentile, 99 resamples of captions."
    )
    assert [column.header for column in shares.columns] == ["SRCC, all", "LCC, all", "SRCC, natural", "LCC, natural"]


def test_strata_without_agreement_are_hidden_with_one_reason() -> None:
    hidden = {"source=natural": (-10.2, -82.7), "system=a": (0.05, -0.01)}
    records = [reliability("all", 0.43, 0.4), *(reliability(name, *ends) for name, ends in hidden.items())]
    section = ceilings_section(records, [*both("all"), *(s for name in hidden for s in both(name, False))], STRATA)
    assert section is not None
    assert section.paragraphs == (
        "No ceiling for natural, A: there the interval of ICC(1) does not lie above 0, so listeners were not shown to "
        "agree.",
    )
    ceiling, shares = section.tables
    assert [row.label for row in ceiling.rows] == ["all"]
    assert [column.header for column in shares.columns] == ["SRCC, all", "LCC, all"]
    assert ceiling.notes() == shares.notes() == []


def test_agreement_nowhere_leaves_the_reason_alone() -> None:
    section = ceilings_section(
        [reliability("all", np.nan, np.nan, "every pair has a single rating")], both("all", False), STRATA
    )
    assert section is not None
    assert section.tables == ()
    assert section.paragraphs[0].startswith("No ceiling for all: ")


def test_iccs_stand_in_a_table_of_their_own_also_where_there_is_no_ceiling() -> None:
    section = agreement_section([reliability("all", 0.43, 0.4), reliability("system=a", -0.1, -0.3)], STRATA)
    assert section is not None
    [table] = section.tables
    assert [column.header for column in table.columns] == ["pairs", "ratings", "ICC(1)", "ICC(1,k)"]
    assert [row.cells[2].value for row in table.rows] == ["0.430", "-0.100"]


def test_means_alone_have_neither_section() -> None:
    assert ceilings_section([], [], STRATA) is None
    assert agreement_section([], STRATA) is None
