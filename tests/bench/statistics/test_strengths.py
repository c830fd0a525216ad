"""Bradley-Terry strengths equal a logistic regression, and their intervals those of refits."""

from __future__ import annotations

import numpy as np
import pytest

from bench.statistics import strengths
from bench.statistics.ballots import Ballots
from bench.statistics.strengths import SystemStrength, bradley_terry, groups_of, system_strengths
from bench.statistics.types import ResamplingPlan
from bench.statistics.votes import VoteUnit

NAMES = ("one", "two", "three", "four")
THETA = np.array([0.9, 0.2, -0.3, -0.8])
UNIT: VoteUnit = "clip"


def simulated(n: int = 300, seed: int = 0, n_votes: int = 3) -> tuple[Ballots, np.ndarray]:
    rng = np.random.default_rng(seed)
    systems = np.stack([rng.integers(0, 4, n), rng.integers(0, 4, n)])
    for_a = rng.binomial(n_votes, 1 / (1 + np.exp(THETA[systems[1]] - THETA[systems[0]])))
    counts = np.stack([for_a, n_votes - for_a, np.zeros(n, int)])
    return Ballots("all", counts, (), np.empty((0, n)), np.arange(n) // 3), systems


def found(ballots: Ballots, systems: np.ndarray, n_resamples: int = 199) -> dict[str, SystemStrength]:
    records = system_strengths(ballots, systems, NAMES, ResamplingPlan(n_resamples), UNIT)
    return {one.system: one for one in records}


def test_strengths_equal_a_logistic_regression() -> None:
    statsmodels = pytest.importorskip("statsmodels.api")
    ballots, systems = simulated()
    records = found(ballots, systems)
    differ = systems[0] != systems[1]
    design = np.zeros((int(differ.sum()), 4))
    rows = np.arange(len(design))
    design[rows, systems[0, differ]] += 1
    design[rows, systems[1, differ]] -= 1
    fit = statsmodels.GLM(ballots.counts[:2, differ].T, design[:, 1:], family=statsmodels.families.Binomial()).fit()
    expected = np.append(0, fit.params)
    expected -= expected.mean()
    assert [records[name].strength.estimate for name in NAMES] == pytest.approx(list(expected), abs=1e-6)
    assert {one.group for one in records.values()} == {1}
    assert {one.note for one in records.values()} == {""}


def test_intervals_are_near_those_of_refits() -> None:
    ballots, systems = simulated(seed=2)
    records = found(ballots, systems, 1999)
    rng, refits = np.random.default_rng(0), []
    for _ in range(300):
        drawn = np.concatenate([np.flatnonzero(ballots.clusters == c) for c in rng.integers(0, 100, 100)])
        wins = np.zeros((4, 4))
        np.add.at(wins, (systems[0, drawn], systems[1, drawn]), ballots.counts[0, drawn])
        np.add.at(wins, (systems[1, drawn], systems[0, drawn]), ballots.counts[1, drawn])
        np.fill_diagonal(wins, 0)
        refits.append(bradley_terry(wins))
    for name, values in zip(NAMES, np.array(refits).T, strict=True):
        interval = records[name].strength
        assert interval.high - interval.low == pytest.approx(np.ptp(np.quantile(values, [0.025, 0.975])), rel=0.2)
        assert interval.low < interval.estimate < interval.high


def test_intervals_cover_the_true_strengths() -> None:
    covered = [
        one.strength.low <= theta <= one.strength.high
        for seed in range(60)
        for theta, one in zip(THETA, map(found(*simulated(150, seed)).get, NAMES), strict=True)
        if one is not None
    ]
    assert len(covered) == 240
    assert np.mean(covered) == pytest.approx(0.95, abs=0.05)


def test_a_tie_is_half_a_vote_for_each_side() -> None:
    systems = np.array([[0, 1, 0], [1, 0, 1]])
    split = Ballots("all", np.array([[3, 2, 1], [1, 2, 1], [0, 0, 0]]), (), np.empty((0, 3)), np.arange(3))
    tied = Ballots("all", np.array([[2, 0, 0], [0, 0, 0], [2, 4, 2]]), (), np.empty((0, 3)), np.arange(3))
    assert found(split, systems)["one"].strength == found(tied, systems)["one"].strength
    assert found(split, systems)["one"].strength.estimate == pytest.approx(np.log(6 / 4) / 2)
    assert found(tied, systems)["one"].wins == 6


def test_systems_that_never_lose_are_a_group_of_their_own() -> None:
    """one and two beat each other and always three and four: no finite strength puts the groups in relation."""
    systems = np.array([[0, 1, 2, 3, 0, 1], [1, 0, 3, 2, 2, 3]])
    counts = np.array([[2, 1, 2, 1, 3, 3], [1, 2, 1, 2, 0, 0], [0] * 6])
    records = found(Ballots("all", counts, (), np.empty((0, 6)), np.arange(6)), systems)
    assert list(records) == ["one", "two", "three", "four"]
    assert [one.group for one in records.values()] == [1, 1, 2, 2]
    assert {one.note for one in records.values()} == {strengths.GROUPED}
    assert records["one"].strength.estimate == pytest.approx(np.log(4 / 2) / 2)
    assert records["three"].strength.estimate == pytest.approx(np.log(4 / 2) / 2)


def test_a_system_that_only_loses_has_no_strength() -> None:
    systems, counts = np.array([[0, 1, 0], [1, 0, 2]]), np.array([[2, 1, 3], [1, 2, 0], [0, 0, 0]])
    records = found(Ballots("all", counts, (), np.empty((0, 3)), np.arange(3)), systems)
    assert (records["three"].group, records["three"].note) == (2, strengths.ALONE)
    assert np.isnan(records["three"].strength.estimate)
    assert records["one"].strength.estimate > 0
    assert "four" not in records, "it takes part in no comparison"


def test_unknown_systems_and_systems_against_themselves_are_left_out() -> None:
    ballots, systems = simulated(90)
    unknown = np.where(np.arange(90) % 2, systems, -1)
    kept = np.arange(90) % 2 == 1
    part = Ballots("all", ballots.counts[:, kept], (), np.empty((0, 45)), ballots.clusters[kept])
    assert [one.strength.estimate for one in found(ballots, unknown).values()] == [
        one.strength.estimate for one in found(part, systems[:, kept]).values()
    ]
    assert system_strengths(ballots, np.zeros((2, 90), int), NAMES, ResamplingPlan(9), UNIT) == ()


def test_groups_are_in_the_order_of_their_wins() -> None:
    wins = np.zeros((5, 5))
    wins[4, 0] = wins[4, 1] = wins[0, 1] = wins[1, 0] = 3
    assert [group.tolist() for group in groups_of(wins)] == [[4], [0, 1]]
