"""Agreement of systems' means: against scipy, enumeration, and the permutation tests of soft pairwise accuracy."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from bench.statistics import system_level
from bench.statistics.system_level import (
    chance_of_accuracy,
    pairwise_system_accuracy,
    soft_pairwise_accuracy,
    system_ktau,
    system_lcc,
    system_srcc,
)
from bench.statistics.systems import system_agreement
from bench.statistics.types import ResamplingPlan
from tests.bench.statistics.simulate import rated_pairs


def means(seed: int, resamples: int = 40, systems: int = 5, ties: bool = False) -> np.ndarray:
    drawn = np.random.default_rng(seed).normal(size=(resamples, systems))
    return drawn.round(0) if ties else drawn


@pytest.mark.filterwarnings("ignore::scipy.stats.ConstantInputWarning")
@pytest.mark.parametrize("ties", [False, True])
def test_correlations_equal_scipy_row_by_row(ties: bool) -> None:
    human, scores = means(1, ties=ties), means(2, ties=ties)
    scores[0], human[1] = 3.0, 0.25
    for ours, theirs in ((system_srcc, stats.spearmanr), (system_lcc, stats.pearsonr), (system_ktau, stats.kendalltau)):
        expected = [theirs(x, y).statistic for x, y in zip(human, scores, strict=True)]
        np.testing.assert_allclose(ours(human, scores), expected, atol=1e-12)
        assert np.isnan(expected[:2]).all()


def test_a_system_that_a_resample_misses_is_left_out_there() -> None:
    human, scores = means(3), means(4)
    human[:, 2] = scores[:, 2] = np.nan
    rest = [0, 1, 3, 4]
    for measure in (system_srcc, system_lcc, system_ktau, pairwise_system_accuracy):
        np.testing.assert_allclose(measure(human, scores), measure(human[:, rest], scores[:, rest]), atol=1e-12)


def test_chance_is_the_share_of_all_orders() -> None:
    """Of 120 orders of five systems one has all pairs right and four have nine of ten: 1 and 5 of 120."""
    human = np.arange(5.0)
    assert chance_of_accuracy(human, human, 0) == pytest.approx(1 / 120)
    assert chance_of_accuracy(human, human[[1, 0, 2, 3, 4]], 0) == pytest.approx(5 / 120)
    assert chance_of_accuracy(human, human[::-1], 0) == 1
    assert chance_of_accuracy(human[:2], human[:2], 0) == 0.5
    rng = np.random.default_rng(0)
    for _ in range(5):
        x, y = rng.integers(0, 4, 5).astype(float), rng.integers(0, 4, 5).astype(float)
        reached = 0
        for order in itertools.permutations(y):
            pairs = list(itertools.combinations(range(5), 2))
            right = [np.sign(x[a] - x[b]) * np.sign(order[a] - order[b]) for a, b in pairs]
            observed = [np.sign(x[a] - x[b]) * np.sign(y[a] - y[b]) for a, b in pairs]
            reached += sum(right) >= sum(observed)
        assert chance_of_accuracy(x, y, 0) == pytest.approx(reached / 120)


def test_many_systems_are_put_into_random_orders(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = means(5, 1, 8)[0], means(6, 1, 8)[0]
    exact = chance_of_accuracy(x, y, 0)
    monkeypatch.setattr(system_level, "MOST_ENUMERATED", 7)
    drawn = chance_of_accuracy(x, y, 0)
    assert drawn == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / 9999))
    assert drawn == chance_of_accuracy(x, y, 0) != chance_of_accuracy(x, y, 1)
    assert chance_of_accuracy(np.arange(12.0), np.arange(12.0), 0) == 1 / 10_000


def three_systems(seed: int, gaps: tuple[float, float, float], n: int = 80) -> tuple[np.ndarray, np.ndarray]:
    """Return ratings and scores ``[captions, systems]`` of three systems, ``gaps`` better each."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=(n, 1))
    human = np.array(gaps) + 0.5 * shared + rng.normal(size=(n, 3))
    return human, 0.5 * human + rng.normal(size=(n, 3))


def by_permutation(segments: np.ndarray, rng: np.random.Generator, n: int = 20_000) -> np.ndarray:
    """Return the one-sided p-values of paired permutation tests, as Thompson et al. define them."""
    p_values = []
    for a, b in itertools.combinations(range(segments.shape[1]), 2):
        difference = segments[:, a] - segments[:, b]
        signs = rng.choice([-1, 1], (n, len(difference)))
        p_values.append(np.mean(signs @ difference >= difference.sum()))
    return np.array(p_values)


@pytest.mark.parametrize("gaps", [(0, 0.1, 0.2), (0, 0, 0.5), (0, 0.05, 2)])
def test_soft_accuracy_is_that_of_paired_permutation_tests_where_systems_share_captions(
    gaps: tuple[float, float, float],
) -> None:
    rng = np.random.default_rng(1)
    for seed in range(3):
        human, scores = three_systems(seed, gaps)
        p_human, p_metric = by_permutation(human, rng), by_permutation(scores, rng)
        captions = np.repeat(np.arange(80), 3)
        systems = np.tile(np.array(["a", "b", "c"], dtype=object), 80)
        _, [found] = system_agreement(
            human.ravel(), {"m": scores.ravel()}, systems, captions, ResamplingPlan(9999), n_threads=1
        )
        assert found.soft_accuracy == pytest.approx(1 - np.mean(np.abs(p_human - p_metric)), abs=0.015)


def test_soft_accuracy_is_1_for_the_ratings_themselves_and_0_for_their_opposite() -> None:
    human = means(7) + 10 * np.arange(5)
    assert soft_pairwise_accuracy(human, 3 * human - 5) == 1
    assert soft_pairwise_accuracy(human, -human) == 0
    assert soft_pairwise_accuracy(human, np.zeros_like(human)) == 0.5


def test_two_systems_have_no_correlation_and_say_why() -> None:
    data = rated_pairs(60)
    systems = np.tile(np.array(["a", "b"], dtype=object), 30)
    _, agreement = system_agreement(data.human, data.scores, systems, data.clusters, ResamplingPlan(19))
    for found in agreement:
        for one in (found.srcc, found.lcc, found.ktau):
            assert np.isnan([one.estimate, one.low, one.high]).all()
            assert one.note == "2 systems, fewer than 3"
        assert found.p_chance in (0.5, 1.0)
        assert 0 <= found.soft_accuracy <= 1


def test_system_correlations_of_a_sample_and_their_intervals() -> None:
    data = rated_pairs(300, seed=4)
    systems = np.tile(np.array(list("abcde"), dtype=object), 60)
    human = data.human + 0.05 * np.unique(systems, return_inverse=True)[1]
    plan = ResamplingPlan(200, ci_method="percentile")
    found, agreement = system_agreement(human, data.scores, systems, data.clusters, plan)
    x = [one.ratings.estimate for one in found]
    for one in agreement:
        y = [record.scores[one.metric].estimate for record in found]
        assert one.srcc.estimate == pytest.approx(stats.spearmanr(x, y).statistic)
        assert one.lcc.estimate == pytest.approx(stats.pearsonr(x, y).statistic)
        assert one.ktau.estimate == pytest.approx(stats.kendalltau(x, y).statistic)
        assert -1 <= one.ktau.low <= one.ktau.high <= 1
        assert one.lcc.low < one.lcc.high
