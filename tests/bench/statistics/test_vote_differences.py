"""Paired tests on votes equal a plain loop, McNemar's test, and hold their level."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import binomtest

from bench.statistics.ballots import Ballots, agrees_with_majority
from bench.statistics.permutation import swap_bits
from bench.statistics.resampling import BLOCK
from bench.statistics.types import ResamplingPlan
from bench.statistics.vote_differences import compare_on_votes
from bench.statistics.votes import NO_MAJORITY, agreement_with_votes
from tests.bench.statistics.ballots import simulated, turned


def loop(ballots: Ballots, n_permutations: int, seed: int) -> tuple[list[float], list[float]]:
    """Swap two metrics' decisions clip by clip, one permutation after the other; step-down max-T after that.

    The swaps are those of the same generator, since p-values are compared to the last digit.
    """
    agrees = agrees_with_majority(ballots)
    pairs = list(combinations(range(len(agrees)), 2))
    blocks = -(-n_permutations // BLOCK)
    swaps = np.concatenate([swap_bits(seed, ballots.stratum, ballots.n_clusters, block) for block in range(blocks)], 1)

    def t_values(swapped: np.ndarray) -> list[float]:
        found = []
        for a, b in pairs:
            gain = [0.0] * ballots.n_clusters
            for cluster, first, second in zip(ballots.clusters, agrees[a], agrees[b], strict=True):
                gain[cluster] += second - first if swapped[cluster] else first - second
            spread = sum(one**2 for one in gain)
            found.append(abs(sum(gain)) / spread**0.5 if spread else 0.0)
        return found

    observed = t_values(np.zeros(ballots.n_clusters))
    permuted = [t_values(swaps[:, r]) for r in range(n_permutations)]
    alone = [(1 + sum(t[i] >= observed[i] - 1e-9 for t in permuted)) / (1 + n_permutations) for i in range(len(pairs))]
    order = sorted(range(len(pairs)), key=lambda i: -observed[i])
    adjusted, largest = dict[int, float](), 0.0
    for step, i in enumerate(order):
        left = order[step:]
        count = sum(max(t[j] for j in left) >= observed[i] - 1e-9 for t in permuted)
        largest = max(largest, (1 + count) / (1 + n_permutations))
        adjusted[i] = largest
    return alone, [adjusted[i] for i in range(len(pairs))]


@pytest.mark.parametrize("seed", range(3))
def test_p_equals_that_of_a_plain_loop(seed: int) -> None:
    ballots = simulated(60, 4, seed=seed)
    found = compare_on_votes(ballots, ResamplingPlan(9, n_permutations=299, seed=seed), "clip").differences
    alone, adjusted = loop(ballots, 299, seed)
    assert [one.p_value for one in found] == alone
    assert [one.p_adjusted for one in found] == adjusted
    assert any(0.01 < p < 0.99 for p in alone)
    assert adjusted != alone


def test_one_comparison_a_clip_is_mcnemars_test() -> None:
    ballots = simulated(80, 2, seed=1, per_clip=1)
    (found,) = compare_on_votes(ballots, ResamplingPlan(9, n_permutations=20_000), "clip").differences
    first, second = agrees_with_majority(ballots)
    n_first, n_second = int(np.sum(first > second)), int(np.sum(second > first))
    assert found.n_decided == n_first + n_second > 10
    assert found.p_value == pytest.approx(binomtest(n_first, n_first + n_second).pvalue, abs=0.01)


def test_differences_are_those_of_the_accuracies() -> None:
    ballots, plan = simulated(90, 3, seed=5), ResamplingPlan(199, n_permutations=99)
    accuracy = {one.metric: one.accuracy.estimate for one in agreement_with_votes(ballots, plan, "clip").agreements}
    found = compare_on_votes(ballots, plan, "clip").differences
    assert [(one.metric_a, one.metric_b) for one in found] == [("m0", "m1"), ("m0", "m2"), ("m1", "m2")]
    for one in found:
        assert one.delta.estimate == pytest.approx(accuracy[one.metric_a] - accuracy[one.metric_b], abs=1e-15)
        assert one.delta.low <= one.delta.estimate <= one.delta.high
        assert one.p_value <= one.p_adjusted
    which = np.random.default_rng(0).random(90) < 0.5
    assert compare_on_votes(turned(ballots, which), plan, "clip").differences == found


def test_a_metric_and_its_copy_do_not_differ() -> None:
    ballots = simulated(60, 1)
    twice = Ballots("all", ballots.counts, ("m", "copy"), np.repeat(ballots.differences, 2, axis=0), ballots.clusters)
    (found,) = compare_on_votes(twice, ResamplingPlan(99, n_permutations=99), "clip").differences
    assert (found.delta.estimate, found.delta.low, found.delta.high) == (0, 0, 0)
    assert (found.p_value, found.p_adjusted, found.n_decided) == (1, 1, 0)


def test_no_test_where_there_is_nothing_to_swap() -> None:
    ballots = simulated(60, 2)
    (without,) = compare_on_votes(ballots, ResamplingPlan(99, n_permutations=0), "clip").differences
    assert np.isnan([without.p_value, without.p_adjusted]).all()
    two_clips = Ballots("all", ballots.counts, ballots.metrics, ballots.differences, np.arange(60) // 30)
    (few,) = compare_on_votes(two_clips, ResamplingPlan(99, n_permutations=99), "clip").differences
    assert np.isnan([few.p_value, few.delta.low]).all()
    tied = Ballots("all", np.ones((3, 60), int), ballots.metrics, ballots.differences, ballots.clusters)
    (nothing,) = compare_on_votes(tied, ResamplingPlan(99, n_permutations=99), "clip").differences
    assert np.isnan([nothing.delta.estimate, nothing.p_value]).all()
    assert nothing.note == NO_MAJORITY


def test_equally_good_metrics_are_told_apart_rarely() -> None:
    """At level .05 with six comparisons of four equal metrics: the adjusted test finds any in at most .05 of runs."""
    plan, rng, shown = ResamplingPlan(1, n_permutations=199), np.random.default_rng(0), 0
    for _ in range(200):
        base = simulated(90, 1, seed=int(rng.integers(2**31)))
        noise = base.differences[0] + 2 * rng.normal(size=(4, 90))
        ballots = Ballots("all", base.counts, ("a", "b", "c", "d"), noise, base.clusters)
        shown += min(one.p_adjusted for one in compare_on_votes(ballots, plan, "clip").differences) <= 0.05
    assert shown / 200 <= 0.09
