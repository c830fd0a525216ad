"""Where metrics stand, and what is said where nothing can be shown."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from bench.statistics.bootstrap import bootstrap_strata
from bench.statistics.comparison import differences_of
from bench.statistics.max_t import paired_spreads
from bench.statistics.standing import Standing, standings_by, standings_of
from bench.statistics.types import ResamplingPlan
from tests.bench.statistics.simulate import Simulated, rated_pairs

PLAN = ResamplingPlan(199, n_permutations=199)


def standings(data, plan=PLAN, baselines=(), mask=None):
    strata = {"all": np.ones(len(data.human), bool) if mask is None else mask}
    [bootstrap] = bootstrap_strata(data.human, data.scores, strata, data.clusters, plan)
    spreads = paired_spreads(bootstrap, baselines)
    differences = differences_of(bootstrap, plan, spreads, baselines=baselines)
    return standings_of(bootstrap, differences, plan, baselines)


def of_srcc(found):
    return [one for one in found if one.statistic == "srcc"]


def clear_cut():
    """Three metrics: one good, one bad and its copy."""
    data = rated_pairs(300, n_metrics=4)
    scores = {"bad": data.scores["metric3"], "good": data.scores["metric0"], "worse": data.scores["metric3"]}
    return Simulated(data.human, scores, data.clusters)


def test_the_best_stands_alone_and_copies_share_a_letter():
    found = standings(clear_cut())
    assert of_srcc(found) == [
        Standing("good", "all", "srcc", True, "a"),
        Standing("bad", "all", "srcc", False, "b"),
        Standing("worse", "all", "srcc", False, "b"),
    ]
    assert len(found) == 3 * 4


def test_the_lowest_error_is_the_best():
    data = clear_cut()
    data.scores["good"] = data.human + 0.01 * data.scores["good"]
    [best, *_] = [one for one in standings(data) if one.statistic == "mse"]
    assert (best.metric, best.may_be_best, best.letters) == ("good", True, "a")


def test_baselines_and_constant_scores_do_not_stand():
    data = clear_cut()
    data.scores["flat"] = np.ones(300)
    found = standings(data, baselines=("worse",))
    assert [one.metric for one in of_srcc(found)] == ["good", "bad"]
    assert "flat" in {one.metric for one in found if one.statistic == "mse"}


def test_a_single_metric_is_the_best_of_nothing():
    data = rated_pairs(60, n_metrics=1)
    assert of_srcc(standings(data)) == [
        Standing("metric0", "all", "srcc", True, "", "a single metric is the best of nothing")
    ]


def test_nothing_is_said_where_nothing_can_be_shown():
    data = clear_cut()
    few = of_srcc(standings(data, mask=data.clusters < 2))
    assert {(one.may_be_best, one.letters, one.note) for one in few} == {
        (True, "", "nothing can be shown with 2 clusters")
    }


def test_without_p_values_nothing_is_said():
    for n_permutations, note in (
        (0, "no permutations were made, so there are no p-values"),
        (18, "with 18 permutations of 100 clusters no p can be as low as 0.05"),
    ):
        found = of_srcc(standings(clear_cut(), ResamplingPlan(199, n_permutations=n_permutations)))
        assert {(one.may_be_best, one.letters, one.note) for one in found} == {(True, "", note)}
    few_resamples = of_srcc(standings(clear_cut(), ResamplingPlan(9, n_permutations=19)))
    assert [(one.may_be_best, one.note) for one in few_resamples] == [(True, ""), (False, ""), (False, "")]


@pytest.mark.parametrize("seed", range(40))
def test_the_set_says_what_the_p_values_say(seed):
    """Left out is exactly who was shown to differ from a better one, so that no cell contradicts another."""
    rng = np.random.default_rng(seed)
    names, values = [f"m{i}" for i in range(6)], rng.permutation(6) / 6
    shown = {frozenset(pair) for pair in combinations(names, 2) if rng.random() < 0.3}
    value = dict(zip(names, values, strict=True))
    found = list(standings_by(("all", "srcc"), names, values, 100, shown, PLAN, baselines=("m5",)))
    assert [one.metric for one in found] == sorted(names[:5], key=lambda name: -value[name])
    assert found[0].may_be_best
    for one in found:
        better = [name for name in names[:5] if value[name] > value[one.metric]]
        beaten = any(frozenset((name, one.metric)) in shown for name in better)
        assert one.may_be_best is not beaten


def test_the_set_stands_where_letters_would_be_too_many():
    names = [f"m{i:02}" for i in range(60)]
    shown = set(map(frozenset, combinations(names, 2)))
    found = list(standings_by(("all", "srcc"), names, -np.arange(60.0), 100, shown, PLAN))
    assert [one.metric for one in found if one.may_be_best] == ["m00"]
    assert {(one.letters, one.note) for one in found} == {("", "")}


def test_five_clusters_can_be_swapped_in_too_few_ways():
    data = clear_cut()
    found = of_srcc(standings(data, mask=data.clusters < 5))
    assert {one.letters for one in found} == {""}
    assert found[0].note.startswith("with 199 permutations of 5 clusters") or "5 clusters" in found[0].note
