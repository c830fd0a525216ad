"""What clusters contribute to a difference: against mixtures written out pair by pair, and against scipy."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from bench.statistics import kernels
from bench.statistics.agreement import KTAU, LCC, MSE, SRCC, STATISTICS
from bench.statistics.contributions import contributions
from bench.statistics.sample import StratumSample
from tests.bench.statistics import oracle
from tests.bench.statistics.simulate import rated_pairs

RNG = np.random.default_rng(7)


def sample_of(decimals=12, n_pairs=45, n_metrics=3, seed=2):
    data = rated_pairs(n_pairs, n_metrics=n_metrics, seed=seed)
    scores = np.stack([row.round(decimals) for row in data.scores.values()])
    return StratumSample("all", tuple(data.scores), data.human, scores, data.clusters)


def signs(values, others):
    return np.sign(np.subtract.outer(values, others))


def difference_of_mixtures(statistic, sample, a, b, swapped):
    """One metric's mixture minus the other's, each pair of pairs looked at, with both metrics' own norms."""
    human = stats.rankdata(sample.human)
    weights = np.subtract.outer(human, human)
    ranks = [stats.rankdata(sample.scores[m]) for m in (a, b)]
    if statistic is KTAU:
        weights = np.sign(weights)
        norms = [np.sqrt(np.sum(signs(r, r) ** 2) * np.sum(weights**2)) for r in ranks]
    else:
        norms = [4 * len(human) * human.std() * np.std(r) for r in ranks]

    def value(take_second):
        own = np.where(take_second, 1, 0)
        x = np.empty_like(weights)
        for i, j in itertools.product(range(len(human)), repeat=2):
            p, q = own[i], own[j]
            x[i, j] = np.sign(ranks[p][i] - ranks[q][j]) / np.sqrt(norms[p] * norms[q])
        return np.sum(weights * x)

    return value(swapped) - value(~swapped)


@pytest.mark.parametrize("statistic", STATISTICS, ids=lambda statistic: statistic.id)
@pytest.mark.parametrize("decimals", [12, 1])
def test_contributions_add_up_to_the_observed_difference(statistic, decimals):
    sample, s = sample_of(decimals), STATISTICS.index(statistic)
    values = [oracle.statistics(sample.human, row)[s] for row in sample.scores]
    found = contributions(statistic, sample, [(0, 1), (2, 0)]).by_test()
    assert found.shape == (15, 2)
    np.testing.assert_allclose(found.sum(axis=0), [values[0] - values[1], values[2] - values[0]], rtol=0, atol=1e-12)


@pytest.mark.parametrize("statistic", [SRCC, KTAU], ids=lambda statistic: statistic.id)
@pytest.mark.parametrize("decimals", [12, 1])
def test_sums_with_signs_are_differences_of_mixtures(statistic, decimals):
    sample = sample_of(decimals)
    terms = contributions(statistic, sample, [(2, 0)]).by_test()[:, 0]
    for _ in range(4):
        swaps = RNG.integers(0, 2, sample.n_clusters)
        expected = difference_of_mixtures(statistic, sample, 2, 0, swaps[sample.clusters] == 1)
        assert np.sum(terms * (1 - 2 * swaps)) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("statistic", [SRCC, KTAU], ids=lambda statistic: statistic.id)
def test_mixtures_without_ties_have_scipys_values(statistic):
    """The second metric's ranks are the first's with neighbours exchanged: swapping both of them makes no tie."""
    n, s = 12, STATISTICS.index(statistic)
    first = RNG.permutation(n).astype(float)
    second = first + np.where(first % 2 == 0, 1, -1)
    human = np.round(first / 3 + RNG.normal(size=n))
    sample = StratumSample("all", ("a", "b"), human, np.stack([first, second]), np.arange(n))
    terms, tested = contributions(statistic, sample, [(0, 1)]).by_test()[:, 0], 0
    for swapped in itertools.product([False, True], repeat=n // 2):
        take_second = np.array(swapped)[(first // 2).astype(int)]
        mixtures = np.where(take_second, second, first), np.where(take_second, first, second)
        assert all(len(set(mixture)) == n for mixture in mixtures)
        value, other = (oracle.statistics(human, mixture)[s] for mixture in mixtures)
        assert np.sum(terms * np.where(take_second, -1, 1)) == pytest.approx(value - other, abs=1e-12)
        tested += abs(value - other) > 0.01
    assert tested > 20


def test_mse_of_mixtures_is_scipys():
    sample = sample_of(1)
    swaps = RNG.integers(0, 2, sample.n_clusters)
    swapped = swaps[sample.clusters] == 1
    a, b = sample.scores[0], sample.scores[1]
    mixtures = np.where(swapped, b, a), np.where(swapped, a, b)
    value, other = (oracle.statistics(sample.human, mixture)[STATISTICS.index(MSE)] for mixture in mixtures)
    terms = contributions(MSE, sample, [(0, 1)]).by_test()[:, 0]
    assert np.sum(terms * (1 - 2 * swaps)) == pytest.approx(value - other, abs=1e-12)


def test_lcc_contributes_the_jackknifes_pseudo_values():
    sample = sample_of(seed=5)
    n = sample.n_clusters
    pseudo = np.zeros((n, 2))
    for m, c in itertools.product(range(2), range(n)):
        kept = sample.clusters != c
        without = np.corrcoef(sample.human[kept], sample.scores[m][kept])[0, 1]
        pseudo[c, m] = np.corrcoef(sample.human, sample.scores[m])[0, 1] * n - (n - 1) * without
    expected = (pseudo[:, 0] - pseudo[:, 1]) / n
    found = contributions(LCC, sample, [(0, 1)]).by_test()[:, 0]
    np.testing.assert_allclose(found - found.mean(), expected - expected.mean(), rtol=0, atol=1e-12)


def test_a_correlation_that_hangs_on_one_cluster_still_has_contributions():
    sample = sample_of()
    only = replace(sample, scores=np.stack([np.where(sample.clusters == 4, 1.0, 0.0), sample.scores[1]]))
    found = contributions(LCC, only, [(0, 1)]).by_test()[:, 0]
    values = [oracle.statistics(sample.human, row)[1] for row in only.scores]
    assert np.isfinite(found).all()
    assert found.sum() == pytest.approx(values[0] - values[1], abs=1e-12)


def test_adding_to_scores_or_stretching_them_changes_nothing_but_the_mse():
    sample = sample_of()
    moved = replace(sample, scores=sample.scores * 7 - 100)
    for statistic in (SRCC, LCC, KTAU):
        before, after = (contributions(statistic, one, [(0, 1)]).by_test() for one in (sample, moved))
        np.testing.assert_allclose(after, before, rtol=0, atol=1e-12)


@pytest.mark.parametrize("n", [1, 2, 50])
def test_concordance_by_pair_equals_all_pairs_of_pairs(n):
    query, point = RNG.integers(0, max(n // 3, 1), n) - 3, RNG.integers(0, n, n) - 2
    level = RNG.integers(0, 5, n).astype(np.uint32)
    balance, tree = np.empty(n, np.int64), np.empty(6, np.int64)
    kernels.signed_concordance(query, np.argsort(query), point, np.argsort(point), level, tree, balance)
    expected = (signs(level.astype(int), level.astype(int)) * signs(query, point)).sum(axis=1)
    np.testing.assert_array_equal(balance, expected)


def test_metrics_that_hardly_differ_keep_their_digits_beside_one_in_large_units():
    rng = np.random.default_rng(0)
    human, error = rng.random(60), rng.normal(size=60) / 9
    scores = np.stack([human + error, human + error * (1 + 1e-9 * rng.normal(size=60)), 1e4 * rng.random(60)])
    sample = StratumSample("all", ("a", "b", "c"), human, scores, np.arange(60) // 3)
    for statistic in (MSE, LCC):
        terms = contributions(statistic, sample, [(0, 1), (0, 2)])
        assert terms.columns.shape == (20, 4)
        assert list(zip(terms.first, terms.second, strict=True)) == [(3, -1), (0, 2)]
        alone = contributions(statistic, replace(sample, metrics=("a", "b"), scores=scores[:2]), [(0, 1)])
        np.testing.assert_allclose(terms.by_test()[:, 0], alone.by_test()[:, 0], rtol=1e-9)
