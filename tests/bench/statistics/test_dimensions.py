"""Agreement by rated dimension: against pingouin, a plain loop and simulated truth, and what cannot be computed."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pingouin
import pytest
from scipy import stats

from bench.statistics.dimensions import ALL_KNOWN, NEARLY_ONE, TOO_FEW, agreement_by_dimension
from bench.statistics.resampling import bootstrap_weights
from bench.statistics.sample import StratumSample
from bench.statistics.types import ResamplingPlan

PLAN = ResamplingPlan(60, ci_method="percentile", seed=3)


def rated(n: int = 90, seed: int = 0, n_others: int = 2) -> tuple[StratumSample, dict[str, np.ndarray]]:
    """Two metrics, one of which hears quality more than relevance; ratings in steps, so that there are ties."""
    draw = np.random.default_rng(seed)
    quality = draw.normal(size=(n_others, n))
    relevance = quality.sum(axis=0) / 2 + draw.normal(size=n)
    scores = np.array([relevance + draw.normal(size=n), quality[0] + draw.normal(size=n)])
    clusters = np.arange(n) // 3
    sample = StratumSample("all", ("a", "b"), np.round(relevance, 1), scores, clusters)
    return sample, {f"quality{k}": np.round(row, 1) for k, row in enumerate(quality)}


@pytest.mark.parametrize("n_others", [1, 2, 3])
def test_partial_correlations_are_those_of_pingouin(n_others: int) -> None:
    sample, others = rated(n_others=n_others)
    found, _ = agreement_by_dimension(sample, "relevance", others, PLAN)
    frame = pd.DataFrame({"relevance": sample.human, **others, "a": sample.scores[0], "b": sample.scores[1]})
    assert [(one.dimension, one.metric) for one in found] == [(d, m) for d in ("relevance", *others) for m in "ab"]
    for one in found:
        covariates = list(one.given)
        assert covariates == [name for name in ("relevance", *others) if name != one.dimension]
        expected = pingouin.partial_corr(frame, one.metric, one.dimension, covariates, method="spearman")["r"].iloc[0]
        assert one.partial.estimate == pytest.approx(expected, abs=1e-9)
        plain = stats.spearmanr(frame[one.metric], frame[one.dimension]).statistic
        assert one.correlation.estimate == pytest.approx(plain, abs=1e-12)
        assert one.note == ""


def test_every_interval_equals_a_plain_loop() -> None:
    sample, others = rated()
    found, overlaps = agreement_by_dimension(sample, "relevance", others, PLAN)
    [weights] = bootstrap_weights(3, "all", 30, 0, 60)
    columns = np.array([sample.human, *others.values(), *sample.scores])
    drawn = []
    for column in weights.T:
        i = np.repeat(np.arange(90), column[sample.clusters])
        ranks = np.apply_along_axis(stats.rankdata, 1, columns[:, i])
        drawn.append(np.corrcoef(ranks))
    names = ("relevance", *others)
    for one in found:
        d, m = names.index(one.dimension), 3 + "ab".index(one.metric)
        rest = [k for k in range(3) if k != d]
        partial = [-np.linalg.inv(r[np.ix_([d, m, *rest], [d, m, *rest])]) for r in drawn]
        values = [p[0, 1] / math.sqrt(p[0, 0] * p[1, 1]) for p in partial]
        assert (one.partial.low, one.partial.high) == pytest.approx(np.quantile(values, [0.025, 0.975]), abs=1e-9)
        plain = np.quantile([r[d, m] for r in drawn], [0.025, 0.975])
        assert (one.correlation.low, one.correlation.high) == pytest.approx(plain, abs=1e-9)
    shared = [r[0, 1:3] @ np.linalg.solve(r[1:3, 1:3], r[1:3, 0]) for r in drawn]
    for k, one in enumerate(overlaps, start=1):
        assert (one.shared.low, one.shared.high) == pytest.approx(np.quantile(shared, [0.025, 0.975]), abs=1e-9)
        between = np.quantile([r[0, k] for r in drawn], [0.025, 0.975])
        assert (one.correlation.low, one.correlation.high) == pytest.approx(between, abs=1e-9)


def test_the_share_that_others_explain_is_that_of_least_squares_on_ranks() -> None:
    sample, others = rated(n_others=3)
    _, overlaps = agreement_by_dimension(sample, "relevance", others, PLAN)
    ranks = np.array([stats.rankdata(row) for row in (*others.values(), np.ones(90))]).T
    target = stats.rankdata(sample.human)
    left = np.linalg.lstsq(ranks, target, rcond=None)[1][0]
    expected = 1 - left / np.sum((target - target.mean()) ** 2)
    assert [one.dimension for one in overlaps] == list(others)
    assert {one.target for one in overlaps} == {"relevance"}
    assert [one.shared.estimate for one in overlaps] == pytest.approx([expected] * 3)


def test_with_one_other_dimension_the_share_is_the_squared_correlation_and_the_threshold_is_at_half() -> None:
    draw = np.random.default_rng(1)
    base = draw.normal(size=(2, 400))
    scores = draw.normal(size=(1, 400))
    found = {}
    for noise in (0.7, 1.3):
        sample = StratumSample("all", ("a",), base[0], scores, np.arange(400))
        [one] = agreement_by_dimension(sample, "relevance", {"quality": base[0] + noise * base[1]}, PLAN)[1]
        assert one.shared.estimate == pytest.approx(one.correlation.estimate**2)
        assert one.nearly_one == (one.correlation.estimate > math.sqrt(NEARLY_ONE))
        found[noise] = one.nearly_one
    assert found == {0.7: True, 1.3: False}


def test_only_pairs_that_are_rated_in_all_dimensions_count() -> None:
    sample, others = rated()
    others["quality1"][[0, 1, 2, 10, 50]] = np.nan
    kept = ~np.isnan(others["quality1"])
    less = StratumSample(
        "all", sample.metrics, sample.human[kept], sample.scores[:, kept],
        np.unique(sample.clusters[kept], return_inverse=True)[1],
    )  # fmt: skip
    found = agreement_by_dimension(sample, "relevance", others, PLAN)
    assert found == agreement_by_dimension(less, "relevance", {n: row[kept] for n, row in others.items()}, PLAN)
    assert {one.n_pairs for records in found for one in records} == {85}


def test_what_is_undefined_has_a_reason() -> None:
    sample, others = rated(n_others=1)
    same = agreement_by_dimension(sample, "relevance", {"quality": sample.human * 2}, PLAN)[0]
    assert all(math.isnan(one.partial.estimate) and one.note == ALL_KNOWN for one in same)
    assert not any(math.isnan(one.correlation.low) for one in same)

    flat, overlaps = agreement_by_dimension(sample, "relevance", {"quality": np.ones(90)}, PLAN)
    target, quality = flat[:2], flat[2:]
    assert all(one.partial.estimate == pytest.approx(one.correlation.estimate) for one in target)
    assert {one.note for one in quality} == {"the ratings are constant"}
    assert all(math.isnan(one.correlation.estimate) and math.isnan(one.partial.estimate) for one in quality)
    assert [one.note for one in overlaps] == ["the ratings of quality are constant"]
    assert not overlaps[0].nearly_one

    silent = StratumSample("all", ("a",), sample.human, np.zeros((1, 90)), sample.clusters)
    assert {one.note for one in agreement_by_dimension(silent, "relevance", others, PLAN)[0]} == {
        "the scores are constant"
    }
    few = StratumSample("all", ("a",), sample.human, sample.scores[:1], np.arange(90) // 20)
    assert {one.partial.note for one in agreement_by_dimension(few, "relevance", others, PLAN)[0]} == {
        "no interval: 5 captions, fewer than 6"
    }
    none = {"quality": np.full(90, np.nan)}
    records = agreement_by_dimension(sample, "relevance", none, PLAN)
    assert {one.note for found in records for one in found} == {TOO_FEW}
    assert all(math.isnan(one.partial.estimate) and one.n_pairs == 0 for one in records[0])


def test_without_metrics_the_dimensions_are_still_compared() -> None:
    sample, others = rated()
    empty = StratumSample("all", (), sample.human, np.empty((0, 90)), sample.clusters)
    found, overlaps = agreement_by_dimension(empty, "relevance", others, PLAN)
    assert found == []
    assert overlaps == agreement_by_dimension(sample, "relevance", others, PLAN)[1]


def test_results_do_not_depend_on_threads_and_resamples_are_capped() -> None:
    sample, others = rated()
    plan = ResamplingPlan(2000, seed=1)
    one = agreement_by_dimension(sample, "relevance", others, plan, n_threads=1)
    assert one == agreement_by_dimension(sample, "relevance", others, plan, n_threads=3)
    assert {record.n_resamples for records in one for record in records} == {999}


def test_the_reliability_at_which_nothing_is_left() -> None:
    sample, others = rated(n_others=1)
    found = agreement_by_dimension(sample, "relevance", others, PLAN)[0]
    r = stats.spearmanr(np.array([sample.human, *others.values(), *sample.scores]).T).statistic
    expected = [r[m, 1 - d] * r[0, 1] / r[m, d] for d in (0, 1) for m in (2, 3)]
    assert [one.gone_at.estimate for one in found] == pytest.approx(expected)
    for one, gone in zip(found, expected, strict=True):
        assert (gone > 1) == (one.partial.estimate < 0)
        assert one.gone_at.low < gone < one.gone_at.high
    several = agreement_by_dimension(*_named(rated(n_others=2)), PLAN)[0]
    assert all(math.isnan(one.gone_at.estimate) for one in several)
    turned = StratumSample("all", ("a",), sample.human, -sample.scores[:1], sample.clusters)
    assert math.isnan(agreement_by_dimension(turned, "relevance", others, PLAN)[0][0].gone_at.estimate)


@pytest.mark.parametrize("noise", [0.35, 0.7, 1.0])
def test_a_metric_that_hears_the_other_alone_is_gone_at_its_true_reliability(noise: float) -> None:
    drawn = simulated(np.random.default_rng(4), 40_000, noise)
    one = agreement_by_dimension(*_named(drawn), ResamplingPlan(1))[0][0]
    assert one.gone_at.estimate == pytest.approx(1 / (1 + noise**2), abs=0.03)


def simulated(draw: np.random.Generator, n: int, noise: float) -> tuple[StratumSample, dict[str, np.ndarray]]:
    """Relevance follows quality, and the metric hears quality alone; ``noise`` is that of the ratings of quality."""
    caption = draw.normal(size=n // 2).repeat(2)
    quality = (caption + draw.normal(size=n)) / math.sqrt(2)
    relevance = 0.8 * quality + 0.6 * draw.normal(size=n)
    score = quality + 0.5 * draw.normal(size=n)
    sample = StratumSample("all", ("a",), relevance, score[None], np.arange(n) // 2)
    return sample, {"quality": quality + noise * draw.normal(size=n)}


def test_noise_of_the_other_ratings_is_not_taken_out() -> None:
    """The reason why a partial correlation above 0 is no proof."""
    draw = np.random.default_rng(5)
    exact, noisy = (
        agreement_by_dimension(*_named(simulated(draw, 2000, noise)), PLAN)[0][0].partial for noise in (0.0, 0.7)
    )
    assert abs(exact.estimate) < 0.06
    assert noisy.low > 0.2


def test_intervals_cover() -> None:
    draw = np.random.default_rng(8)
    truth = agreement_by_dimension(*_named(simulated(draw, 200_000, 0.7)), ResamplingPlan(1))[0][0].partial.estimate
    covered = 0
    for seed in range(120):
        plan = ResamplingPlan(299, seed=seed)
        partial = agreement_by_dimension(*_named(simulated(draw, 120, 0.7)), plan)[0][0].partial
        covered += partial.low <= truth <= partial.high
    assert 0.88 <= covered / 120 <= 0.995


def _named(drawn: tuple[StratumSample, dict[str, np.ndarray]]) -> tuple[StratumSample, str, dict[str, np.ndarray]]:
    return drawn[0], "relevance", drawn[1]
