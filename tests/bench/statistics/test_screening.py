"""The best metric against the others by other ratings: against a plain loop, and what cannot be compared."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bench.statistics.resampling import bootstrap_weights
from bench.statistics.screening import screening_differences
from bench.statistics.types import ResamplingPlan
from tests.bench.statistics.simulate import rated_pairs

PLAN = ResamplingPlan(40, ci_method="percentile", seed=2)


def two_screenings():
    data = rated_pairs(60, 3)
    strict = data.human + 0.1 * np.random.default_rng(0).normal(size=60)
    strict[data.clusters == 4] = np.nan
    return data, {"own": data.human, "strict": strict}


def test_each_screening_equals_a_plain_loop_on_the_pairs_that_it_leaves() -> None:
    data, ratings = two_screenings()
    found = screening_differences(ratings, data.scores, data.clusters, PLAN)
    assert [(f.screening, f.metric_a, f.metric_b, f.n_pairs) for f in found] == [
        ("own", "metric0", "metric1", 60), ("own", "metric0", "metric2", 60),
        ("strict", "metric0", "metric1", 57), ("strict", "metric0", "metric2", 57),
    ]  # fmt: skip
    for record in found:
        human = ratings[record.screening]
        rated = np.flatnonzero(~np.isnan(human))
        unit = np.unique(data.clusters[rated], return_inverse=True)[1]
        n_clusters = int(unit.max()) + 1
        [weights] = bootstrap_weights(2, f"screening {record.screening}", n_clusters, 0, 40)
        values = []
        for column in (np.ones(n_clusters, int), *weights.T):
            i = rated[np.repeat(np.arange(len(rated)), column[unit])]
            a, b = (stats.spearmanr(human[i], data.scores[m][i]).statistic for m in (record.metric_a, record.metric_b))
            values.append(a - b)
        assert record.difference.estimate == pytest.approx(values[0], abs=1e-12)
        expected = tuple(np.quantile(values[1:], [0.025, 0.975]))
        assert (record.difference.low, record.difference.high) == pytest.approx(expected, abs=1e-10)


def test_the_best_is_that_of_the_first_ratings() -> None:
    data, _ = two_screenings()
    ratings = {"own": data.human, "turned": -data.human}
    found = screening_differences(ratings, data.scores, data.clusters, PLAN)
    assert {f.metric_a for f in found} == {"metric0"}
    assert all((f.difference.estimate > 0) == (f.screening == "own") for f in found)


def test_nothing_to_compare() -> None:
    data, ratings = two_screenings()
    one = {"metric0": data.scores["metric0"]}
    flat = dict.fromkeys(("a", "b"), np.full(60, 0.5))
    assert screening_differences({"own": data.human}, data.scores, data.clusters, PLAN) == []
    assert screening_differences(ratings, one, data.clusters, PLAN) == []
    assert screening_differences(ratings, flat, data.clusters, PLAN) == []
    assert screening_differences({}, data.scores, data.clusters, PLAN) == []


def test_a_screening_that_leaves_almost_nothing_says_so() -> None:
    data, ratings = two_screenings()
    ratings["few"] = np.where(data.clusters < 2, data.human, np.nan)
    ratings["none"] = np.full(60, np.nan)
    found = screening_differences(ratings, data.scores, data.clusters, PLAN)
    few = [f for f in found if f.screening == "few"]
    assert all(f.difference.note.startswith("no interval: 2 clusters") and f.n_pairs == 6 for f in few)
    for record in (f for f in found if f.screening == "none"):
        assert record.n_pairs == 0
        assert np.isnan(record.difference.estimate)
        assert record.note == f"no estimate for metric0 and {record.metric_b}"
