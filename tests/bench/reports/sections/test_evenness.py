"""What the section on evenness prints, word by word, and when it says that a metric is better or worse somewhere."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from bench.analysis.strata import StratumName
from bench.reports.sections.evenness import READING, evenness_section
from bench.statistics.evenness import Evenness
from bench.statistics.intervals import Measured
from bench.statistics.types import ResamplingPlan

STRATA = (
    StratumName("all", "all", "all"),
    StratumName("source=natural", "source", "natural"),
    StratumName("system=a", "system", "A"),
    StratumName("band=low", "band", "rating ≤ 5"),
)
NAN = math.nan
NONE = Measured(NAN, NAN, NAN)
HOW = ResamplingPlan(n_resamples=999).as_fields()


def excess(low: float, high: float) -> Measured:
    return Measured((low + high) / 2, low, high, n_clusters=300)


def record(stratum: str = "source=natural", one: Measured = NONE, other: Measured = NONE) -> Evenness:
    return Evenness("m", stratum, "srcc", 866, 0.3641, 0.432, one, 0.3801, other, **HOW)


@pytest.mark.parametrize(
    ("one", "other", "mark"),
    [
        (excess(-0.1, -0.01), excess(-0.05, -0.001), " ↓"),
        (excess(-0.1, -0.01), excess(-0.05, 0.001), ""),
        (excess(-0.1, 0.01), excess(-0.05, -0.001), ""),
        (excess(0.02, 0.1), excess(0.001, 0.2), " ↑"),
        (excess(0.02, 0.1), excess(-0.2, -0.1), ""),
        (NONE, NONE, ""),
    ],
)
def test_a_mark_needs_both_intervals_on_one_side(one: Measured, other: Measured, mark: str) -> None:
    section = evenness_section([record(one=one, other=other)], STRATA)
    assert section is not None
    [table] = section.tables
    assert table.rows[0].cells[0].value == f"0.364 (0.380 to 0.432){mark}"


def test_tables_by_kind_of_stratum_with_their_intervals_and_pairs() -> None:
    records = [record(one.id, excess(-1, 1), excess(-1, 1)) for one in STRATA[1:]]
    section = evenness_section(records, STRATA)
    assert section is not None
    assert section.heading == "Worse on some sounds, or only rated in a narrower range?"
    assert section.paragraphs == (READING,)
    assert [table.title for table in section.tables] == [
        "SRCC by source and system, beside evenly good metrics",
        "SRCC by score band, beside evenly good metrics",
    ]
    assert [column.header for column in section.tables[0].columns] == ["natural", "A"]
    assert {column.n_pairs for table in section.tables for column in table.columns} == {866}
    for table in section.tables:
        assert table.reading == ("Marks are by these. Intervals: 95 %, expanded percentile, 999 resamples of captions.")


def test_what_is_not_predicted_says_why() -> None:
    small = replace(record(), predicted=NAN, predicted_on_ratings=NAN, note="nothing is predicted for this")
    flat = replace(record("system=a"), estimate=NAN, note="the scores are constant")
    section = evenness_section([small, flat], STRATA)
    assert section is not None
    [table] = section.tables
    assert [cell.value for cell in table.rows[0].cells] == ["0.364", "–"]
    assert table.notes() == ["m / natural: nothing is predicted for this", "m / A: the scores are constant"]


def test_nothing_to_show_is_no_section() -> None:
    assert evenness_section([], STRATA) is None
