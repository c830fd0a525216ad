"""Maxima of |t| over families, and letters: against their definitions, step by step."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from bench.statistics.agreement import LCC, SRCC
from bench.statistics.bootstrap import bootstrap_strata
from bench.statistics.intervals import expanded_interval
from bench.statistics.letters import letters
from bench.statistics.max_t import critical_value, paired_spread
from bench.statistics.types import ResamplingPlan
from tests.bench.statistics.simulate import Simulated, rated_pairs

PLAN = ResamplingPlan(199, ci_method="percentile")


def bootstrap_of(data, plan=PLAN):
    everything = {"all": np.ones(len(data.human), bool)}
    [bootstrap] = bootstrap_strata(data.human, data.scores, everything, data.clusters, plan)
    return bootstrap


def test_maxima_of_families():
    data = rated_pairs(60, n_metrics=4)
    bootstrap = bootstrap_of(data)
    spread = paired_spread(bootstrap, LCC, baselines=("metric1",))
    values, estimates = bootstrap.resampled[:, :, 1], bootstrap.estimates[:, 1]

    def largest(pairs):
        deviations = [values[:, a] - values[:, b] - (estimates[a] - estimates[b]) for a, b in pairs]
        errors = [(values[:, a] - values[:, b]).std(ddof=1) for a, b in pairs]
        return np.max([np.abs(d) / e for d, e in zip(deviations, errors, strict=True)], axis=0)

    np.testing.assert_allclose(spread.maxima(with_baseline=False), largest([(0, 2), (0, 3), (2, 3)]), rtol=1e-12)
    np.testing.assert_allclose(spread.maxima(with_baseline=True), largest([(0, 1), (1, 2), (1, 3)]), rtol=1e-12)
    assert len(paired_spread(bootstrap, LCC).maxima(with_baseline=True)) == 0
    assert len(paired_spread(bootstrap, LCC, tuple(data.scores)).maxima(with_baseline=False)) == 0


def test_metrics_without_an_estimate_and_copies_raise_no_maximum():
    data = rated_pairs(60, n_metrics=2)
    scores = {"a": data.scores["metric0"], "copy": data.scores["metric0"], "flat": np.zeros(60)}
    spread = paired_spread(bootstrap_of(Simulated(data.human, scores, data.clusters)), SRCC)
    assert spread.error[0, 1] == 0
    assert np.isnan(spread.error[0, 2])
    assert not spread.maxima(with_baseline=False).any()


def test_undefined_resamples_are_left_out_and_most_of_them_give_no_error():
    rng = np.random.default_rng(0)
    data = rated_pairs(60, n_metrics=2)
    rare = np.where(np.arange(60) == 7, 1.0, 0.0)
    bootstrap = bootstrap_of(Simulated(data.human, {**data.scores, "rare": rare}, data.clusters))
    undefined = np.isnan(bootstrap.resampled[:, 2, 0])
    assert 0.2 < undefined.mean() < 0.5
    spread = paired_spread(bootstrap, SRCC)
    assert np.isfinite(spread.error[0, 2])
    assert np.isfinite(spread.maxima(with_baseline=False)).all()
    bootstrap.resampled[rng.random(199) < 0.8, 2, 0] = np.nan
    assert np.isnan(paired_spread(bootstrap, SRCC).error[0, 2])


def test_the_critical_value_is_an_order_statistic():
    maxima = np.random.default_rng(0).permutation(np.arange(1.0, 100.0))
    assert critical_value(maxima, 0.95, "percentile", 20) == 95
    assert critical_value(maxima, 0.99, "bca", 20) == 99
    assert np.isnan(critical_value(maxima, 0.995, "percentile", 20))
    assert np.isnan(critical_value(np.empty(0), 0.95, "percentile", 20))


def test_for_few_clusters_it_grows_as_single_intervals_do():
    """A normal bootstrap distribution of one difference: the ends of the expanded percentile interval."""
    values = stats.norm.ppf((np.arange(99_999) + 0.5) / 99_999)
    for n_clusters in (6, 20, 500):
        found = critical_value(np.abs(values), 0.95, "expanded", n_clusters)
        assert found == pytest.approx(expanded_interval(values, 0.95, n_clusters)[1], abs=0.02)


def test_letters_say_exactly_which_pairs_differ():
    rng = np.random.default_rng(0)
    for n in (1, 2, 5, 9):
        ranked = [f"m{i}" for i in range(n)]
        for share in (0.0, 0.3, 0.7, 1.0):
            pairs = list(map(frozenset, itertools.combinations(ranked, 2)))
            shown = {pair for pair in pairs if rng.random() < share}
            found = letters(ranked, shown)
            assert "a" in found["m0"]
            assert all(found.values())
            for pair in pairs:
                first, second = (set(found[metric]) for metric in pair)
                assert (pair in shown) == (not first & second)


def test_letters_of_a_chain():
    """Neighbours do not differ, the rest does."""
    shown = {frozenset(pair) for pair in (("m0", "m2"), ("m0", "m3"), ("m1", "m3"))}
    assert letters(["m0", "m1", "m2", "m3"], shown) == {"m0": "a", "m1": "ab", "m2": "bc", "m3": "c"}


def test_letters_end_with_the_alphabet():
    ranked = [f"m{i:02}" for i in range(53)]
    for n, last in ((26, "z"), (27, "A"), (52, "Z")):
        some = ranked[:n]
        assert letters(some, set(map(frozenset, itertools.combinations(some, 2))))[some[-1]] == last
    assert letters(ranked, set(map(frozenset, itertools.combinations(ranked, 2)))) is None


def test_pairs_without_any_order_are_given_up():
    """Each of 20 pairs differs, and nothing else: 2^20 letters."""
    ranked = [f"m{i:02}" for i in range(40)]
    assert letters(ranked, {frozenset((ranked[i], ranked[-1 - i])) for i in range(20)}) is None
