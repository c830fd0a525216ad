"""Sections on leads, equivalence, systems, errors and screenings: their sentences, and when they are not there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bench.analysis.strata import StratumName
from bench.reports.layout import Section
from bench.reports.sections.equivalence import equivalence_section
from bench.reports.sections.interactions import interactions_section
from bench.reports.sections.screenings import screenings_section
from bench.reports.sections.uses import calibration_section, mapped_error_section, systems_section
from bench.statistics.calibration import calibrated_errors
from bench.statistics.equivalence import Equivalence
from bench.statistics.interactions import Interaction, interactions
from bench.statistics.intervals import Measured
from bench.statistics.mapped_error import mapped_errors
from bench.statistics.screening import screening_differences
from bench.statistics.systems import system_agreement
from bench.statistics.types import ResamplingPlan
from tests.bench.statistics.simulate import rated_pairs

PLAN = ResamplingPlan(99)
STRATA = (
    StratumName("all", "all", "all"),
    StratumName("source=natural", "source", "natural"),
    StratumName("source=synthesized", "source", "synthesized"),
    StratumName("system=a", "system", "A"),
    StratumName("system=b", "system", "B"),
)


def of_systems(p_adjusted: float) -> Interaction:
    return Interaction(
        "one", "two", "system=a", "system=b", "srcc", Measured(0.3, 0.2, 0.4), 0.1, 0.5, p_adjusted, **PLAN.as_fields()
    )  # fmt: skip


def rows_of(section: Section | None, table: int = 0) -> dict[str, list[str]]:
    assert section is not None
    return {row.label: [cell.value for cell in row.cells] for row in section.tables[table].rows}


def test_leads_by_source_stand_beside_their_difference() -> None:
    data = rated_pairs(120)
    natural = np.arange(120) % 3 == 0
    strata = {"source=natural": natural, "source=synthesized": ~natural}
    found = interactions(data.human, data.scores, strata, data.clusters, PLAN)
    section = interactions_section(found, [], STRATA)
    assert section is not None
    [table] = section.tables
    assert table.title == "Leads on natural and on synthesized clips"
    assert [column.header for column in table.columns] == ["natural", "synthesized", "difference of the leads"]
    cell = table.rows[0].cells[2]
    assert (cell.low, cell.high, cell.p_value) == (found[0].sim_low, found[0].sim_high, found[0].p_adjusted)
    assert table.reading.endswith(
        "Difference of the leads: 95 % interval simultaneous over 1 comparison, from the largest studentised "
        "deviation of each of 99 resamples of captions, drawn for all strata together; p from the "
        "same, by step-down, which never shows less."
    )


@pytest.mark.parametrize(
    ("p_values", "sentence", "n_tables"),
    [
        ((0.05, 0.2), "Of 2 comparisons of a lead between two systems, 1 showed a difference", 1),
        ((0.06, 0.2), "Of 2 comparisons of a lead between two systems, none showed a difference", 0),
        ((np.nan, 0.01), "Of 1 comparison of a lead between two systems, 1 showed a difference", 1),
        ((np.nan, np.nan), "Whether leads differ between systems could not be tested.", 0),
    ],
)  # fmt: skip
def test_of_systems_only_what_was_shown_has_a_table(
    p_values: tuple[float, float], sentence: str, n_tables: int
) -> None:
    section = interactions_section([of_systems(p) for p in p_values], [], STRATA)
    assert section is not None
    assert section.paragraphs[1].replace(" (p ≤ 0.05, adjusted for all of them).", "") == sentence
    assert len(section.tables) == n_tables


@pytest.mark.parametrize(
    ("equivalent", "different", "verdict"),
    [
        (True, False, "equivalent"),
        (True, True, "different, by less than the margin"),
        (False, True, "different"),
        (False, False, "undecided"),
    ],
)
def test_the_four_verdicts_of_equivalence(equivalent: bool, different: bool, verdict: str) -> None:
    one = Equivalence(
        "one", "two", "all", "srcc", 100, 0.03, 0.01, 0.0, 0.02, equivalent, different,
        **replace(PLAN, confidence_level=0.9).as_fields(),
    )  # fmt: skip
    section = equivalence_section([one], STRATA)
    assert rows_of(section) == {"one − two": ["0.010", verdict]}
    assert section is not None
    assert section.tables[0].title == "Equivalence within ±0.03"
    assert "Intervals: 90 %, expanded percentile, 99 resamples of captions." in section.tables[0].reading


def test_systems_show_chance_and_say_why_two_have_no_correlation() -> None:
    data = rated_pairs(120)
    for names, n_dashes in (("abcd", 0), ("ab", 3)):
        systems = np.array(list(names) * (120 // len(names)), dtype=object)
        section = systems_section(*system_agreement(data.human, data.scores, systems, data.clusters, PLAN))
        values = rows_of(section, 1)["metric0"]
        assert values.count("–") == n_dashes
        assert section is not None
        notes = section.tables[1].notes()
        assert any("2 systems, fewer than 3" in note for note in notes) == (n_dashes == 3)
        assert [column.header for column in section.tables[1].columns] == [
            "pairwise accuracy", "by chance", "soft accuracy", "SRCC of means", "LCC of means", "KTAU of means",
        ]  # fmt: skip


def test_a_metric_on_a_scale_of_its_own_has_no_raw_error_but_the_others() -> None:
    data = rated_pairs(120)
    everything = {"all": np.ones(120, bool)}
    scores = {"inside": np.clip(data.scores["metric0"], 0, 1), "outside": 20 * data.scores["metric0"]}
    section = calibration_section(calibrated_errors(data.human, scores, everything, data.clusters, PLAN))
    rows = rows_of(section)
    assert rows["outside"][0] == "–" != rows["inside"][0]
    assert "–" not in (rows["outside"][1], rows["inside"][1])
    assert section is not None
    assert section.tables[0].notes() == ["outside / raw: scores leave [0, 1], so the MSE depends on their unit"]
    mapped = mapped_error_section(mapped_errors(data.human, scores, everything, data.clusters, PLAN, None))
    assert rows_of(mapped)["outside"][0] != "–"
    assert rows_of(mapped)["outside"][1:] == ["–", "–"]


def test_screenings_stand_side_by_side_with_the_pairs_that_they_leave() -> None:
    data = rated_pairs(120)
    strict = np.where(data.clusters == 0, np.nan, data.human)
    found = screening_differences({"released": data.human, "strict": strict}, data.scores, data.clusters, PLAN)
    section = screenings_section(found)
    assert section is not None
    [table] = section.tables
    assert [(column.header, column.n_pairs) for column in table.columns] == [("released", 120), ("strict", 117)]
    assert "under “released”, which this report is made with, and under “strict”; the listeners" in table.reading


def test_nothing_to_show_is_no_section() -> None:
    assert interactions_section([], [], STRATA) is None
    assert equivalence_section([], STRATA) is None
    assert screenings_section([]) is None
    assert mapped_error_section([]) is None
