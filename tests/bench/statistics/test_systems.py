"""System-level agreement and macro-averages: by hand, by brute force, and with unknown systems."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from bench.statistics.resampling import BLOCK, bootstrap_weights
from bench.statistics.system_level import pairwise_system_accuracy
from bench.statistics.systems import system_agreement
from bench.statistics.types import ResamplingPlan
from tests.bench.statistics.simulate import rated_pairs

PLAN = ResamplingPlan(n_resamples=64, ci_method="percentile")


def rated_systems():
    """Three clips a caption, one by each of three systems; system c is the worst, and metric1 does not see it."""
    data = rated_pairs(300, seed=2)
    systems = np.tile(["a", "b", "c"], 100)
    human = data.human - 0.3 * (systems == "c")
    scores = {"metric0": data.scores["metric0"] - 0.3 * (systems == "c"), "metric1": data.scores["metric1"]}
    return human, scores, systems, data.clusters


def accuracy_by_hand(human, row, systems):
    names = np.unique(systems)
    pairs = list(itertools.combinations(names, 2))
    hits = [
        np.sign(human[systems == x].mean() - human[systems == y].mean())
        == np.sign(row[systems == x].mean() - row[systems == y].mean())
        for x, y in pairs
    ]
    return np.mean(hits)


def test_means_and_agreement_equal_plain_loops():
    human, scores, systems, captions = rated_systems()
    means, agreement = system_agreement(human, scores, systems, captions, PLAN)
    by_system = {m.system: m for m in means}
    assert len(by_system) == len(means) == 3
    assert by_system["c"].ratings.estimate == pytest.approx(human[systems == "c"].mean())
    assert by_system["b"].n_pairs == 100
    assert list(by_system["b"].scores) == ["metric0", "metric1"]
    for found in agreement:
        row = scores[found.metric]
        within = [stats.spearmanr(human[systems == k], row[systems == k]).statistic for k in "abc"]
        assert (found.n_systems, found.n_system_pairs) == (3, 3)
        assert found.pairwise_accuracy.estimate == pytest.approx(accuracy_by_hand(human, row, systems))
        assert found.macro_srcc.estimate == pytest.approx(np.mean(within), abs=1e-12)
        assert found.pooled_srcc.estimate == pytest.approx(stats.spearmanr(human, row).statistic, abs=1e-12)
    assert agreement[0].pooled_srcc.estimate > agreement[0].macro_srcc.estimate + 0.05


def test_intervals_come_from_captions_drawn_over_all_systems():
    human, scores, systems, captions = rated_systems()
    _, agreement = system_agreement(human, scores, systems, captions, PLAN)
    [weights] = bootstrap_weights(0, "systems", 100, 0, 64)
    macro, accuracy = [], []
    for column in weights.T:
        drawn = np.repeat(np.arange(300), column[captions])
        of = [drawn[systems[drawn] == k] for k in "abc"]
        macro.append(np.mean([stats.spearmanr(human[i], scores["metric0"][i]).statistic for i in of]))
        accuracy.append(accuracy_by_hand(human[drawn], scores["metric0"][drawn], systems[drawn]))
    for found, expected in ((agreement[0].macro_srcc, macro), (agreement[0].pairwise_accuracy, accuracy)):
        assert (found.low, found.high) == pytest.approx(tuple(np.quantile(expected, [0.025, 0.975])), abs=1e-10)


def test_ties_between_systems_count_half():
    human = np.array([[1.0, 1.0, 2.0]])
    assert pairwise_system_accuracy(human, np.array([[0.0, 1.0, 5.0]])) == pytest.approx(2.5 / 3)
    assert pairwise_system_accuracy(human, np.array([[0.0, np.nan, 5.0]])) == 1


def test_unknown_systems_are_left_out():
    human, scores, systems, captions = rated_systems()
    partly = np.where(systems == "b", "", systems)
    means, agreement = system_agreement(human, scores, partly, captions, PLAN)
    assert {m.system for m in means} == {"a", "c"}
    assert agreement[0].n_systems == 2
    for names in ("", "a"):
        assert system_agreement(human, scores, np.full(300, names), captions, PLAN) == ([], [])


def test_many_resamples_begin_like_few():
    human, scores, systems, captions = rated_systems()
    sample = [human, scores, systems, captions]
    plans = ResamplingPlan(n_resamples=BLOCK + 44), ResamplingPlan(n_resamples=2 * BLOCK)
    few, many = (system_agreement(*sample, plan)[1][1].macro_srcc for plan in plans)
    assert few.estimate == many.estimate
    assert (few.low, few.high) == pytest.approx((many.low, many.high), abs=0.05)


def test_every_mean_and_interval_equals_a_plain_loop():
    human, scores, systems, captions = rated_systems()
    kept = np.random.default_rng(1).random(300) < 0.7
    human, systems, captions = human[kept], systems[kept], captions[kept]
    scores = {name: row[kept] for name, row in scores.items()}
    plan = ResamplingPlan(n_resamples=30, seed=2, ci_method="percentile")
    means, agreement = system_agreement(human, scores, systems, captions, plan)
    unit = np.unique(captions, return_inverse=True)[1]
    [weights] = bootstrap_weights(2, "systems", int(unit.max()) + 1, 0, 30)
    resamples = [np.repeat(np.arange(len(human)), column[unit]) for column in weights.T]
    for record in means:
        inside = systems == record.system
        assert record.n_pairs == inside.sum()
        rows = [(record.ratings, human), *((record.scores[metric], row) for metric, row in scores.items())]
        for mean, row in rows:
            drawn = [row[i[inside[i]]].mean() for i in resamples]
            assert mean.estimate == pytest.approx(row[inside].mean())
            assert (mean.low, mean.high) == pytest.approx(tuple(np.quantile(drawn, [0.025, 0.975])))
    row, pooled = scores["metric1"], agreement[1].pooled_srcc
    drawn = [stats.spearmanr(human[i], row[i]).statistic for i in resamples]
    assert (pooled.low, pooled.high) == pytest.approx(tuple(np.quantile(drawn, [0.025, 0.975])), abs=1e-10)
    assert (agreement[1].n_resamples, agreement[1].seed) == (30, 2)


def test_a_system_of_two_pairs_counts_for_means_and_not_for_correlations():
    human, scores, systems, captions = rated_systems()
    for n_left in (2, 3):
        rare = np.cumsum(systems == "b") <= n_left
        kept = (systems != "b") | rare
        row = scores["metric0"][kept]
        means, [found] = system_agreement(human[kept], {"metric0": row}, systems[kept], captions[kept], PLAN)
        within = [
            stats.spearmanr(human[kept][systems[kept] == k], row[systems[kept] == k]).statistic
            for k in ("ac" if n_left == 2 else "abc")
        ]
        assert {m.system for m in means} == {"a", "b", "c"}
        assert found.macro_srcc.estimate == pytest.approx(np.mean(within), abs=1e-12)


@pytest.mark.parametrize(("human", "score", "share"), [(0, 1, 0.5), (1, 0, 0.5), (0, 0, 0.5), (1, -1, 0), (-1, -2, 1)])
def test_two_systems_are_ordered_alike_or_not_or_tied_by_either(human, score, share):
    assert pairwise_system_accuracy(np.array([[0.0, human]]), np.array([[0.0, score]]))[0] == share


def test_with_the_unit_pair_captions_are_not_kept_together():
    human, scores, systems, captions = rated_systems()
    by_pair, alone = (
        [replace(one, resample_unit="pair") for part in parts for one in part]
        for parts in (
            system_agreement(human, scores, systems, clusters, ResamplingPlan(20, unit=unit))
            for clusters, unit in ((captions, "pair"), (np.arange(300), "caption"))
        )
    )
    assert by_pair == alone


def test_systems_of_two_pairs_each_have_a_pooled_correlation_alone():
    data = rated_pairs(6, pairs_per_caption=2)
    means, agreement = system_agreement(data.human, data.scores, np.array(list("abcabc")), data.clusters, PLAN)
    assert len(means) == 3
    for found in agreement:
        expected = stats.spearmanr(data.human, data.scores[found.metric]).statistic
        assert np.isnan(found.macro_srcc.estimate)
        assert found.pooled_srcc.estimate == pytest.approx(expected, abs=1e-12)
