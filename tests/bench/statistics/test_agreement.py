"""The table of statistics is the one place that knows them: its entries are consistent, and nothing spells them out."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

import bench.statistics.agreement
from bench.statistics.agreement import BY_ID, PRIMARY, SRCC, STATISTICS, Statistic, point_estimate, why_undefined
from bench.statistics.contributions import contributions
from bench.statistics.sample import StratumSample
from bench.statistics.weighted import prepare, weighted_statistics

ROOT = Path(bench.statistics.agreement.__file__).parents[2]
SPELLED_OUT = {
    "bench/statistics/agreement.py": "the table itself",
    "finetune/config.py": "an option's value, which configurations on disk hold",
    "finetune/training/losses.py": "names of losses",
    "metrics/models/variants.py": "names of published models",
}


def human_and_scores(n=60):
    rng = np.random.default_rng(0)
    human = rng.integers(0, 30, n) / 30
    return human, np.clip(human + 0.3 * rng.normal(size=n), 0, 1)


@pytest.mark.parametrize("statistic", STATISTICS, ids=lambda statistic: statistic.id)
def test_the_weighted_value_is_the_point_estimate_and_the_better_scores_are_better(statistic):
    human, scores = human_and_scores()
    worse = np.random.default_rng(1).permutation(scores)
    s = STATISTICS.index(statistic)
    sample = prepare(human, np.stack([scores, worse]), np.arange(60))
    found = weighted_statistics(sample, np.ones((60, 1), np.uint8))[0, :, s]
    expected = [point_estimate(statistic, human, row)[0] for row in (scores, worse)]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    assert statistic.best(expected) == expected[0]
    assert statistic.label == f"{statistic.name} {'↑' if statistic.higher_is_better else '↓'}"


@pytest.mark.parametrize("statistic", STATISTICS, ids=lambda statistic: statistic.id)
def test_only_what_is_in_units_of_the_ratings_changes_when_scores_are_stretched(statistic):
    human, scores = human_and_scores()
    values = [point_estimate(statistic, human, row)[0] for row in (scores, 2 * scores + 1)]
    assert (abs(values[0] - values[1]) > 1e-9) == statistic.in_units_of_ratings


@pytest.mark.parametrize("statistic", STATISTICS, ids=lambda statistic: statistic.id)
def test_only_correlations_need_scores_that_vary(statistic):
    human, _ = human_and_scores()
    assert bool(why_undefined(statistic, human, np.full(60, 0.5))) == statistic.is_correlation


def test_ids_are_unique_and_the_primary_statistic_is_one_of_them():
    assert list(BY_ID.values()) == list(STATISTICS)
    assert PRIMARY in STATISTICS
    assert PRIMARY is SRCC


def test_another_statistic_needs_an_entry_alone(monkeypatch):
    """With a fifth entry, every array has five columns and the new one holds its values."""
    bias = Statistic(
        "bias",
        "BIAS",
        point=lambda human, scores: float(np.mean(scores - human)),
        weighted=lambda sums: sums.score_moments[0] / sums.total,
        score_moments=lambda human, scores: [scores - human],
        is_correlation=False,
        in_units_of_ratings=True,
    )
    for module in ("weighted", "contributions"):
        monkeypatch.setattr(f"bench.statistics.{module}.STATISTICS", (*STATISTICS, bias))
    human, scores = human_and_scores()
    both = np.stack([scores, human])
    found = weighted_statistics(prepare(human, both, np.arange(60)), np.ones((60, 1), np.uint8))
    assert found.shape == (1, 2, 5)
    np.testing.assert_allclose(found[0, :, 4], [np.mean(scores - human), 0], rtol=0, atol=1e-12)
    terms = contributions(bias, StratumSample("all", ("a", "b"), human, both, np.arange(60)), [(0, 1)]).by_test()
    np.testing.assert_allclose(terms[:, 0], (scores - human) / 60, rtol=0, atol=1e-12)


def test_no_module_spells_a_statistic_out():
    found = set()
    for package in ("bench", "finetune", "metrics"):
        for path in (ROOT / package).rglob("*.py"):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            names = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
            if names & set(BY_ID):
                found.add(path.relative_to(ROOT).as_posix())
    assert found == set(SPELLED_OUT)
