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


def test_simultaneous_intervals_are_wider_and_as_many_standard_errors_for_all() -> None:
    ballots, plan = simulated(120, 4, seed=2), ResamplingPlan(499, n_permutations=99)
    found = compare_on_votes(ballots, plan, "clip")
    errors = {(one.metric_a, one.metric_b): one.standard_error for one in found.detectable}
    widths = [(one.sim_high - one.delta.estimate) / errors[one.metric_a, one.metric_b] for one in found.differences]
    assert widths == pytest.approx([widths[0]] * 6)
    assert all(one.sim_high - one.sim_low > one.delta.high - one.delta.low for one in found.differences)
    for one in found.detectable:
        assert one.detectable == pytest.approx((one.critical_value + 0.8416) * one.standard_error, rel=1e-3)
    two = compare_on_votes(ballots, plan, "clip", n_tables=2)
    for one, wider in zip(found.differences, two.differences, strict=True):
        assert wider.sim_low < one.sim_low


def test_standard_errors_are_those_of_a_plain_bootstrap() -> None:
    ballots, plan = simulated(120, 2, seed=7), ResamplingPlan(2000, n_permutations=0)
    first, second = agrees_with_majority(ballots)
    decided = ballots.majority != 0
    rng, values = np.random.default_rng(0), []
    rows_of = [np.flatnonzero(ballots.clusters == c) for c in range(ballots.n_clusters)]
    for _ in range(2000):
        drawn = np.concatenate([rows_of[c] for c in rng.integers(0, ballots.n_clusters, ballots.n_clusters)])
        values.append((first[drawn].sum() - second[drawn].sum()) / decided[drawn].sum())
    (found,) = compare_on_votes(ballots, plan, "clip").detectable
    assert found.standard_error == pytest.approx(float(np.std(values, ddof=1)), rel=0.08)


def test_one_best_copies_share_a_letter_and_baselines_do_not_stand() -> None:
    base, plan = simulated(300, 3, seed=4), ResamplingPlan(499, n_permutations=499)
    good, _, bad = base.differences
    names = ("bad", "copy", "good", "length")
    rows = np.stack([bad, bad, 10 * base.majority + good, good])
    ballots = Ballots("all", base.counts, names, rows, base.clusters)
    found = compare_on_votes(ballots, plan, "clip", baselines=("length",))
    assert [(one.metric, one.may_be_best, one.letters) for one in found.standings] == [
        ("good", True, "a"),
        ("bad", False, "b"),
        ("copy", False, "b"),
    ]
    assert {one.statistic for one in found.standings} == {"accuracy"}
    beside = {(one.metric_a, one.metric_b) for one in found.differences if one.with_baseline}
    assert beside == {("bad", "length"), ("copy", "length"), ("good", "length")}
    without = Ballots("all", base.counts, names[:3], rows[:3], base.clusters)
    alone = compare_on_votes(without, plan, "clip").differences
    between = [one for one in found.differences if not one.with_baseline]
    assert [one.p_adjusted for one in between] == [one.p_adjusted for one in alone], (
        "a baseline costs the others nothing"
    )
    assert [one.sim_low for one in between] == [one.sim_low for one in alone]


def test_nothing_stands_where_nothing_can_be_shown() -> None:
    ballots = simulated(60, 2)
    two_clips = Ballots("all", ballots.counts, ballots.metrics, ballots.differences, np.arange(60) // 30)
    found = compare_on_votes(two_clips, ResamplingPlan(99, n_permutations=99), "clip")
    assert {one.note for one in found.standings} == {"nothing can be shown with 2 clusters"}
    assert all(one.may_be_best for one in found.standings)
    assert found.detectable == ()
    assert found.differences[0].sim_note
    (single,) = compare_on_votes(simulated(60, 1), ResamplingPlan(99), "clip").standings
    assert single.note == "a single metric is the best of nothing"
    nothing = compare_on_votes(simulated(60, 0), ResamplingPlan(99), "clip")
    assert (nothing.differences, nothing.standings, nothing.detectable) == ((), (), ())


def test_results_do_not_depend_on_threads() -> None:
    ballots, plan = simulated(90, 3, seed=9), ResamplingPlan(299, n_permutations=299)
    assert compare_on_votes(ballots, plan, "clip", n_threads=1) == compare_on_votes(ballots, plan, "clip", n_threads=3)


def test_equal_metrics_are_kept_and_their_intervals_hold_zero() -> None:
    """In .95 of data sets, of four equal metrics none is left out and no simultaneous interval leaves 0 out."""
    plan, kept, covered = ResamplingPlan(199, n_permutations=0), 0, 0
    for run in range(200):
        base = simulated(90, 1, seed=run)
        noise = base.differences[0] + 2 * np.random.default_rng(run).normal(size=(4, 90))
        found = compare_on_votes(Ballots("all", base.counts, ("a", "b", "c", "d"), noise, base.clusters), plan, "clip")
        kept += all(one.may_be_best for one in found.standings)
        covered += all(one.sim_low <= 0 <= one.sim_high for one in found.differences)
    assert kept / 200 >= 0.91
    assert covered / 200 >= 0.91
