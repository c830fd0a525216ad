"""What a report on votes says in words: every sentence for every outcome, and no number where there is none."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from bench.analysis.vote_results import VoteAnalysis
from bench.reports.layout import DASH, Table
from bench.reports.sections.vote_differences import vote_differences_section
from bench.reports.sections.votes import (
    accuracy_table,
    one_voter_section,
    strengths_section,
    vote_sections,
)
from bench.statistics.ballots import Ballots
from bench.statistics.intervals import Measured
from bench.statistics.types import ResamplingPlan
from bench.statistics.vote_differences import VoteDifference, compare_on_votes
from bench.statistics.votes import OneVoter, VoteAgreement, agreement_with_votes
from tests.bench.statistics.ballots import simulated

PLAN = ResamplingPlan(199, n_permutations=199)


def agreement_of(metric: str, accuracy: float, low: float = 0.6, high: float = 0.9, ties: int = 0) -> VoteAgreement:
    (found,) = agreement_with_votes(simulated(n_metrics=1), PLAN, "clip").agreements
    value = Measured(accuracy, low, high)
    return replace(found, metric=metric, n_comparisons=1200, n_score_ties=ties, accuracy=value)


def difference_of(a: str, b: str, delta: float, p: float, n_permutations: int = 9999) -> VoteDifference:
    (found,) = compare_on_votes(simulated(n_metrics=2), PLAN, "clip").differences
    value = Measured(delta, delta - 0.1, delta + 0.1)
    return replace(
        found, metric_a=a, metric_b=b, delta=value, p_adjusted=p, n_permutations=n_permutations, n_clusters=100
    )


def test_what_is_shown_to_be_best_stands_out_and_ties_are_told() -> None:
    both = [agreement_of("x", 0.7, ties=2), agreement_of("y", 0.75, ties=3)]
    table = accuracy_table(both, [difference_of("x", "y", -0.05, 0.04)])
    assert [row.label for row in table.rows] == ["y", "x"]
    assert [cell.best for row in table.rows for cell in row.cells] == [True, False]
    for undecided in ([difference_of("x", "y", -0.05, 0.06)], [], [difference_of("x", "y", -0.05, math.nan)]):
        assert not any(cell.best for row in accuracy_table(both, undecided).rows for cell in row.cells)
    assert "Scored alike: x 2, y 3." in table.reading
    assert "resamples of clips." in table.reading
    same = accuracy_table([agreement_of("x", 0.7, ties=2), agreement_of("y", 0.75, ties=2)])
    assert "Scored alike by every metric: 2." in same.reading
    assert "Scored alike" not in accuracy_table([agreement_of("x", 0.7)]).reading


def test_undefined_values_are_dashes_with_their_reason() -> None:
    ballots = Ballots("all", np.ones((3, 9), int), ("m", "n"), np.ones((2, 9)), np.arange(9))
    found = agreement_with_votes(ballots, PLAN, "comparison")
    differences = compare_on_votes(ballots, PLAN, "comparison").differences
    analysis = VoteAnalysis(found.agreements, (found.one_voter,), found.beside_voter, differences)
    sections = {section.heading: section for section in vote_sections(analysis)}
    assert set(sections) == {
        "Agreement with listeners",
        "One listener as yardstick",
        "Differences between metrics",
    }
    accuracy = sections["Agreement with listeners"].tables[0]
    assert {cell.value for row in accuracy.rows for cell in row.cells} == {DASH}
    assert accuracy.notes() == ["m, n / all: no comparison has a majority"]
    assert "no comparison has a majority" in sections["Differences between metrics"].tables[0].notes()[0]


def test_sections_without_content_are_left_out() -> None:
    assert vote_sections(VoteAnalysis()) == []
    assert vote_differences_section([]) is None
    assert strengths_section([]) is None
    lonely = Ballots("all", np.array([[1] * 9, [0] * 9, [0] * 9]), (), np.empty((0, 9)), np.arange(9))
    assert one_voter_section([agreement_with_votes(lonely, PLAN, "clip").one_voter], []) is None


def test_one_listener_is_printed_within_its_interval() -> None:
    voter = agreement_with_votes(simulated(), PLAN, "clip").one_voter
    near_one: OneVoter = replace(voter, agreement=Measured(0.9977, 0.9959, 0.9991))
    section = one_voter_section([near_one], [])
    assert section is not None
    (table,) = section.tables
    assert isinstance(table, Table)
    cell = table.rows[0].cells[0]
    assert (cell.value, cell.interval[:6]) == ("0.9977", "[0.995")
