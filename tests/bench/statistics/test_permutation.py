"""Permutations of many comparisons at once: p-values, step-down max-T and Holm, against slow and exact ones."""

from __future__ import annotations

import itertools
import zlib

import numpy as np
import pytest

from bench.statistics import permutation
from bench.statistics.agreement import STATISTICS
from bench.statistics.contributions import contributions
from bench.statistics.permutation import Terms, holm, least_p, permuted_sums, swap_bits
from bench.statistics.resampling import BLOCK
from bench.statistics.sample import StratumSample
from tests.bench.statistics.simulate import rated_pairs


def permutation_tests(terms, *rest):
    """Each test has a column of its own."""
    return permutation.permutation_tests(Terms.of(terms), *rest)


def terms_of(n_clusters=12, n_tests=5, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n_clusters, n_tests)) + rng.uniform(-1, 1.5, n_tests)


def all_swaps(seed, stratum, n_clusters, n_permutations):
    blocks = range(-(-n_permutations // BLOCK))
    return np.concatenate([swap_bits(seed, stratum, n_clusters, block) for block in blocks], axis=1)[:, :n_permutations]


def step_down(terms, swaps):
    """Romano & Wolf 2005, algorithm 4.1, with p-values: the largest |t| of what is left, one hypothesis at a time."""
    spread = np.sqrt((terms**2).sum(axis=0))
    observed = np.abs(terms.sum(axis=0)) / spread
    permuted = np.abs((1.0 - 2.0 * swaps.T) @ terms) / spread
    left, p_adjusted, previous = list(range(len(observed))), np.empty(len(observed)), 0.0
    while left:
        first = max(left, key=lambda k: observed[k])
        reached = sum(max(row[k] for k in left) >= observed[first] - 1e-9 for row in permuted)
        previous = max(previous, (reached + 1) / (len(permuted) + 1))
        p_adjusted[first] = previous
        left.remove(first)
    return p_adjusted


def test_step_down_equals_the_algorithm_of_romano_and_wolf():
    terms = terms_of()
    found = permutation_tests(terms, [np.arange(5)], 3, "all", BLOCK + 40)
    swaps = all_swaps(3, "all", 12, BLOCK + 40)
    np.testing.assert_allclose(found.p_adjusted, step_down(terms, swaps), rtol=0, atol=1e-12)
    for k in range(5):
        sums = np.abs((1.0 - 2.0 * swaps.T) @ terms[:, k])
        reached = np.sum(sums >= abs(terms[:, k].sum()) - 1e-9)
        assert found.p_value[k] == pytest.approx((reached + 1) / (BLOCK + 41))


def test_families_are_adjusted_apart():
    terms = terms_of(n_tests=6)
    first, second = np.array([0, 2, 4]), np.array([1, 3, 5])
    together = permutation_tests(terms, [first, second, np.array([], int)], 3, "all", 200)
    for family in (first, second):
        alone = permutation_tests(terms[:, family], [np.arange(3)], 3, "all", 200)
        np.testing.assert_array_equal(together.p_adjusted[family], alone.p_adjusted)
    assert np.all(together.p_adjusted >= together.p_value)


def test_scale_of_a_comparison_does_not_matter():
    terms = terms_of()
    other_units = terms * [1, 9, 1e-6, 3, 1]
    found, stretched = (permutation_tests(t, [np.arange(5)], 3, "all", 300) for t in (terms, other_units))
    np.testing.assert_array_equal(found.p_adjusted, stretched.p_adjusted)


def test_p_values_do_not_depend_on_threads_or_memory(monkeypatch):
    terms = terms_of(n_clusters=40)
    wide = permutation_tests(terms, [np.arange(5)], 7, "all", BLOCK + 20, 1)
    monkeypatch.setattr("bench.statistics.resampling.SCRATCH_BYTES", 40_000)
    narrow = permutation_tests(terms, [np.arange(5)], 7, "all", BLOCK + 20, 2)
    np.testing.assert_array_equal(narrow.p_value, wide.p_value)
    np.testing.assert_array_equal(narrow.p_adjusted, wide.p_adjusted)


def test_half_of_the_clusters_are_swapped_by_numpys_pcg64():
    key = (zlib.crc32(b"permutation|all"), 3)
    draw = np.random.Generator(np.random.PCG64(np.random.SeedSequence(5, spawn_key=key)))
    expected = draw.integers(0, 2, (BLOCK, 10), dtype=np.uint8).T
    np.testing.assert_array_equal(swap_bits(5, "all", 10, 3), expected)


def test_swapped_clusters_have_the_other_sign():
    swaps = np.array([[0, 1, 1], [0, 0, 1]], np.uint8)
    sums = permuted_sums(np.array([[1.0, 5.0], [3.0, 2.0]]), swaps)
    np.testing.assert_array_equal(sums, [[4, 2, -4], [7, -3, -7]])


@pytest.mark.parametrize("statistic", STATISTICS, ids=lambda statistic: statistic.id)
def test_p_value_approaches_the_exact_one(statistic):
    """Eight captions have 256 possible swaps: all of them, against 20,000 drawn ones."""
    data = rated_pairs(24, seed=11)
    sample = StratumSample("all", tuple(data.scores), data.human, np.stack(list(data.scores.values())), data.clusters)
    terms = contributions(statistic, sample, [(0, 1)]).by_test()
    sums = [abs(np.dot(signs, terms[:, 0])) for signs in itertools.product([-1, 1], repeat=8)]
    p_exact = np.mean(np.array(sums) >= abs(terms.sum()) - 1e-12)
    [p] = permutation_tests(terms, [np.array([0])], 0, "all", 20_000).p_value
    assert p == pytest.approx(p_exact, abs=5 * np.sqrt(p_exact * (1 - p_exact) / 20_000) + 1e-4)


def test_equal_sums_count_as_reached_however_they_are_rounded():
    """A cluster that contributes nothing but a rounding error: swapping it gives the observed difference again."""
    for tiny in (-1e-17, 0.0, 1e-17):
        terms = np.array([[0.1], [0.2], [0.3], [tiny]])
        [p] = permutation_tests(terms, [np.array([0])], 0, "all", 4000).p_value
        assert p == pytest.approx(1 / 4, abs=0.03)


def test_what_is_one_metric_up_to_rounding_does_not_differ():
    terms = np.random.default_rng(0).normal(size=(50, 2)) * [1e-16, 1.0]
    found = permutation_tests(terms, [np.arange(2)], 0, "all", 99)
    assert found.p_value[0] == found.p_adjusted[0] == 1


def test_the_least_p_is_that_of_permutations_or_of_clusters():
    assert least_p(9999, 100) == 1e-4
    assert least_p(9999, 5) == 1 / 16
    assert least_p(0, 100) == 1
    [p] = permutation_tests(np.ones((5, 1)), [np.array([0])], 0, "all", 20_000).p_adjusted
    assert p == pytest.approx(1 / 16, abs=0.01)


def test_holm_equals_the_textbook():
    # Holm 1979 by hand: sorted p .01 .02 .03 .04 times 4, 3, 2, 1, then never falling.
    np.testing.assert_allclose(holm(np.array([0.03, 0.01, np.nan, 0.04, 0.02])), [0.06, 0.04, np.nan, 0.06, 0.06])
    np.testing.assert_allclose(holm(np.array([0.6, 0.7])), [1, 1])


def test_a_difference_of_two_columns_is_tested_as_a_column_of_its_own():
    """Also beside a column in far larger units, of a metric that takes part, and next to plain columns."""
    rng = np.random.default_rng(1)
    columns, plain = rng.normal(size=(30, 4)) * [1, 1, 1, 1e5], rng.normal(0.2, 1, size=(30, 2))
    pairs = np.array([(0, 1), (0, 2), (1, 2), (2, 3)])
    together = Terms(columns, np.zeros(4, int), *pairs.T)
    joined = Terms.joined([Terms.of(plain), together, Terms.of(plain[:, :1])])
    alone = np.column_stack([plain, *(columns[:, a] - columns[:, b] for a, b in pairs), plain[:, 0]])
    np.testing.assert_array_equal(joined.by_test(), alone)
    families = [np.array([0, 1, 6]), np.array([2, 3, 4, 5])]
    found = permutation.permutation_tests(joined, families, 3, "all", 300)
    expected = permutation_tests(alone, families, 3, "all", 300)
    np.testing.assert_array_equal(found.p_value, expected.p_value)
    np.testing.assert_array_equal(found.p_adjusted, expected.p_adjusted)
