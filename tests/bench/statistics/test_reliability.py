"""ICC, reliability and ceiling: against pingouin, against simulation, and on the real ratings."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pingouin
import pytest

from bench.statistics.agreement import LCC, SRCC
from bench.statistics.bootstrap import bootstrap_strata
from bench.statistics.reliability import NO_CEILING, Ratings, ceiling_shares, estimate_reliability
from bench.statistics.types import ResamplingPlan
from metrics.errors import DataError
from tests.bench.statistics import relate
from tests.bench.statistics.simulate import rated_pairs

PLAN = ResamplingPlan(n_resamples=199, ci_method="percentile")


def simulated(n_pairs, ratings_per_pair, error_sd, seed=0):
    """Ratings of pairs whose true relevance has variance 1; returns the relevance too."""
    rng = np.random.default_rng(seed)
    pair = np.repeat(np.arange(n_pairs), ratings_per_pair)
    truth = rng.normal(size=n_pairs)
    score = 5 + truth[pair] + error_sd * rng.normal(size=len(pair))
    return Ratings(score, pair, np.arange(len(pair))), truth


def everything(n):
    return {"all": np.ones(n, bool)}


def test_balanced_icc_equals_pingouin():
    ratings, _ = simulated(40, 4, 1.3)
    [found] = estimate_reliability(ratings, everything(40), np.arange(40), PLAN)
    table = pd.DataFrame({"pair": ratings.pair, "rater": np.tile(np.arange(4), 40), "score": ratings.score})
    theirs = pingouin.intraclass_corr(table, "pair", "rater", "score").set_index("Type")["ICC"]
    icc1, icc1k = (theirs.get(f"ICC(1,{k})", theirs.get(old)) for k, old in (("1", "ICC1"), ("k", "ICC1k")))
    assert found.estimate.icc1.estimate == pytest.approx(icc1, abs=1e-10)
    assert found.estimate.icc1k.estimate == pytest.approx(icc1k, abs=1e-10)
    assert found.estimate.reliability.estimate == pytest.approx(icc1k, abs=1e-10)
    assert found.estimate.ratings_per_pair == pytest.approx(4)


def test_the_ceiling_is_what_the_truth_reaches_with_unequal_ratings():
    """With one to seven ratings a pair, the truth correlates `ceiling`, not the root of ICC(1,k), with the means."""
    n_ratings = np.random.default_rng(1).choice([1, 1, 2, 3, 4, 7], 20_000)
    ratings, truth = simulated(20_000, n_ratings, 1.2)
    [found] = estimate_reliability(ratings, everything(20_000), np.arange(20_000), ResamplingPlan(50))
    means = np.bincount(ratings.pair, ratings.score) / n_ratings
    reached = np.corrcoef(truth, means)[0, 1]
    assert found.estimate.icc1.estimate == pytest.approx(1 / (1 + 1.2**2), abs=0.01)
    assert found.estimate.ceiling.estimate == pytest.approx(reached, abs=0.01)
    assert np.sqrt(found.estimate.icc1k.estimate) > reached + 0.03
    assert found.estimate.harmonic_ratings == pytest.approx(1 / np.mean(1 / n_ratings))


def test_resamples_equal_the_analysis_of_variance_of_the_drawn_pairs():
    """A resample's ICC(1) is that of the drawn captions' pairs, every copy of a pair being a pair of its own."""
    from bench.statistics.resampling import bootstrap_weights

    ratings, _ = simulated(30, np.random.default_rng(0).integers(1, 5, 30), 1.0)
    captions = np.arange(30) // 3
    [found] = estimate_reliability(ratings, everything(30), captions, PLAN)
    weights = next(bootstrap_weights(0, "all", 10, 0, 5))
    for r in range(5):
        copies = [(p, c) for p in range(30) for c in range(weights[captions[p], r])]
        rows = [(i, score) for i, (p, _) in enumerate(copies) for score in ratings.score[ratings.pair == p]]
        pair, score = (np.array(column) for column in zip(*rows, strict=True))
        [alone] = estimate_reliability(
            Ratings(score, pair, pair), everything(len(copies)), np.arange(len(copies)), ResamplingPlan(1)
        )
        assert found.replicates.resampled[r, 0] == pytest.approx(alone.estimate.icc1.estimate, abs=1e-10)


@pytest.mark.slow
def test_intervals_cover_at_a_known_reliability():
    covered = 0
    for seed in range(200):
        ratings, _ = simulated(150, 3, 1.0, seed)
        [found] = estimate_reliability(ratings, everything(150), np.arange(150), ResamplingPlan(199))
        covered += found.estimate.icc1.low <= 0.5 <= found.estimate.icc1.high
    assert 0.88 <= covered / 200 <= 0.99


def test_ceiling_share_divides_resample_by_resample():
    data = rated_pairs(150)
    ratings, _ = simulated(150, 3, 1.0)
    bootstraps = bootstrap_strata(data.human, data.scores, everything(150), data.clusters, PLAN)
    [reliability] = estimate_reliability(ratings, everything(150), data.clusters, PLAN)
    share = ceiling_shares(bootstraps[0], reliability, PLAN, [LCC])[1]
    assert share.metric == "metric1"
    assert share.share.estimate == pytest.approx(bootstraps[0].estimates[1, 1] / reliability.estimate.ceiling.estimate)
    ratios = bootstraps[0].resampled[:, 1, 1] / reliability.replicates.resampled[:, 3]
    assert (share.share.low, share.share.high) == pytest.approx(tuple(np.quantile(ratios, [0.025, 0.975])))


def test_single_ratings_have_no_reliability():
    ratings, _ = simulated(20, 1, 1.0)
    [found] = estimate_reliability(ratings, everything(20), np.arange(20), PLAN)
    assert np.isnan(found.estimate.icc1.estimate)
    assert "single rating" in found.estimate.note
    data = rated_pairs(20)
    [bootstrap] = bootstrap_strata(data.human, data.scores, everything(20), np.arange(20), PLAN)
    assert "no ceiling" in ceiling_shares(bootstrap, found, PLAN)[0].note


def test_pure_noise_has_a_ceiling_of_zero_and_no_share():
    rng = np.random.default_rng(5)
    pair = np.repeat(np.arange(20), 2)
    score = np.tile([0.0, 1.0], 20) + 0.01 * rng.normal(size=40)
    [found] = estimate_reliability(Ratings(score, pair, pair), everything(20), np.arange(20), PLAN)
    assert found.estimate.icc1.estimate < 0
    assert found.estimate.ceiling.estimate == 0
    data = rated_pairs(20)
    [bootstrap] = bootstrap_strata(data.human, data.scores, everything(20), np.arange(20), PLAN)
    share = ceiling_shares(bootstrap, found, PLAN)[0]
    assert np.isnan(share.share.estimate)
    assert "no ceiling" in share.note


def test_agreement_that_may_be_none_has_a_value_and_no_share():
    """The estimate lies above 0, its interval does not."""
    data, (ratings, _) = rated_pairs(30), simulated(30, 2, 3.0, seed=3)
    [bootstrap] = bootstrap_strata(data.human, data.scores, everything(30), np.arange(30), PLAN)
    [found] = estimate_reliability(ratings, everything(30), np.arange(30), PLAN)
    assert found.estimate.icc1.low < 0 < found.estimate.icc1.estimate
    assert not found.estimate.is_shown
    assert {one.note for one in ceiling_shares(bootstrap, found, PLAN)} == {NO_CEILING}


def test_agreement_does_not_depend_on_where_the_scale_begins():
    ratings, _ = simulated(60, 3, 1.0)
    [here], [far] = (
        estimate_reliability(
            Ratings(ratings.score + shift, ratings.pair, ratings.listener), everything(60), np.arange(60), PLAN
        )
        for shift in (0.0, 1e8)
    )
    assert far.estimate.icc1.estimate == pytest.approx(here.estimate.icc1.estimate, abs=1e-6)


def test_pairs_that_all_have_one_mean_are_undefined_and_not_minus_infinity():
    """Small strata: some resamples hold pairs of equal means, between which ICC(1,k) divides by nothing."""
    score = np.tile([2.0, 8.0], 6) + np.repeat([0, 0, 0, 0, 1, 2], 2)
    ratings = Ratings(score=score, pair=np.repeat(np.arange(6), 2), listener=np.tile([0, 1], 6))
    everyone = {"all": np.ones(6, dtype=bool)}
    (found,) = estimate_reliability(ratings, everyone, np.arange(6), ResamplingPlan(199))
    for one in (found.estimate.icc1k, found.estimate.reliability):
        assert not np.isinf([one.estimate, one.low, one.high]).any()


def test_pairs_without_ratings_are_refused():
    ratings, _ = simulated(20, 2, 1.0)
    with pytest.raises(DataError, match="1 of 21 pairs have no rating"):
        estimate_reliability(ratings, everything(21), np.arange(21), PLAN)
    bad = Ratings(np.where(ratings.pair == 3, np.nan, ratings.score), ratings.pair, ratings.listener)
    with pytest.raises(DataError, match="NaN"):
        estimate_reliability(bad, everything(20), np.arange(20), PLAN)


@relate.needs_relate
@pytest.mark.relate
def test_reliability_of_relate():
    data = relate.load()
    ratings = Ratings(data.score, data.pair, data.listener)
    strata = {"all": np.ones(2598, bool), "band=low": data.mean <= 5, "band=high": data.mean > 5}
    whole, low, high = (r.estimate for r in estimate_reliability(ratings, strata, data.captions, ResamplingPlan(999)))
    assert (whole.n_pairs, whole.n_ratings, whole.n_clusters) == (2598, 7797, 858)
    assert whole.icc1.estimate == pytest.approx(0.43, abs=0.005)
    assert whole.icc1k.estimate == pytest.approx(0.70, abs=0.005)
    assert whole.harmonic_ratings == pytest.approx(2.12, abs=0.01)
    assert whole.ceiling.estimate == pytest.approx(0.79, abs=0.006)
    assert low.icc1.estimate == pytest.approx(-0.13, abs=0.005)
    assert high.icc1.estimate == pytest.approx(0.06, abs=0.005)


def analysis_of_variance(ratings, n_pairs):
    """The formulas of the module's description, by plain loops over pairs: n0, ICC(1), ICC(1,k), reliability."""
    groups = [ratings.score[ratings.pair == p] for p in range(n_pairs)]
    n, grand = len(ratings.score), ratings.score.mean()
    between = sum(len(group) * (group.mean() - grand) ** 2 for group in groups) / (n_pairs - 1)
    within = sum(((group - group.mean()) ** 2).sum() for group in groups) / (n - n_pairs)
    n0 = (n - sum(len(group) ** 2 for group in groups) / n) / (n_pairs - 1)
    of_pairs, harmonic = (between - within) / n0, n_pairs / sum(1 / len(group) for group in groups)
    return n0, of_pairs / (of_pairs + within), 1 - within / between, of_pairs / (of_pairs + within / harmonic)


def test_unequal_numbers_of_ratings_follow_the_analysis_of_variance():
    ratings, _ = simulated(30, np.random.default_rng(0).integers(1, 6, 30), 1.0, seed=4)
    [found] = estimate_reliability(ratings, everything(30), np.arange(30) // 2, ResamplingPlan(9, seed=2))
    one = found.estimate
    values = (one.ratings_per_pair, one.icc1.estimate, one.icc1k.estimate, one.reliability.estimate)
    assert values == pytest.approx(analysis_of_variance(ratings, 30), abs=1e-12)
    assert one.ceiling.estimate == pytest.approx(np.sqrt(one.reliability.estimate))
    assert (one.n_pairs, one.n_ratings, one.n_clusters) == (30, len(ratings.score), 15)
    assert (one.note, one.resample_unit, one.n_resamples, one.seed) == ("", "caption", 9, 2)


def test_with_the_unit_pair_every_pair_is_drawn_on_its_own():
    ratings, _ = simulated(30, 3, 1.0)
    captions = np.arange(30) // 3
    by_pair, alone = (
        estimate_reliability(ratings, everything(30), clusters, ResamplingPlan(50, unit=unit))[0]
        for clusters, unit in ((captions, "pair"), (np.arange(30), "caption"))
    )
    assert by_pair.estimate.n_clusters == 30
    np.testing.assert_array_equal(by_pair.replicates.resampled, alone.replicates.resampled)


def test_a_stratum_has_its_own_ratings_alone_and_an_empty_one_no_record():
    ratings, _ = simulated(40, 3, 1.0)
    half = np.arange(40) < 20
    strata = {"half": half, "none": np.zeros(40, bool)}
    [found] = estimate_reliability(ratings, strata, np.arange(40), PLAN)
    own = ratings.pair < 20
    expected = analysis_of_variance(Ratings(ratings.score[own], ratings.pair[own], ratings.listener[own]), 20)
    assert found.estimate.icc1.estimate == pytest.approx(expected[1], abs=1e-12)


@pytest.mark.parametrize(("n_captions", "note"), [(5, "no interval: 5 captions, fewer than 6"), (6, "")])
def test_fewer_than_six_captions_give_values_without_intervals_and_no_share(n_captions, note):
    data, (ratings, _) = rated_pairs(n_captions * 3, pairs_per_caption=3), simulated(n_captions * 3, 3, 0.5)
    [bootstrap] = bootstrap_strata(data.human, data.scores, everything(n_captions * 3), data.clusters, PLAN)
    [found] = estimate_reliability(ratings, everything(n_captions * 3), data.clusters, PLAN)
    share = ceiling_shares(bootstrap, found, PLAN)[0]
    assert found.estimate.note == note
    assert np.isfinite(found.estimate.icc1.estimate)
    assert np.isnan([found.estimate.icc1.low, share.share.estimate, share.share.low]).all() == bool(note)
    assert found.estimate.is_shown == (not note)
    assert share.note == (NO_CEILING if note else "")


def test_a_share_needs_one_plan_for_both_sides():
    data, (ratings, _) = rated_pairs(30), simulated(30, 3, 1.0)
    [bootstrap] = bootstrap_strata(data.human, data.scores, everything(30), data.clusters, ResamplingPlan(10))
    [found] = estimate_reliability(ratings, everything(30), data.clusters, ResamplingPlan(11))
    with pytest.raises(DataError, match="different plans"):
        ceiling_shares(bootstrap, found, PLAN)


def test_a_metric_without_an_estimate_has_no_share_and_says_why():
    data, (ratings, _) = rated_pairs(30), simulated(30, 3, 0.5)
    flat = {"flat": np.zeros(30)}
    [bootstrap] = bootstrap_strata(data.human, flat, everything(30), data.clusters, PLAN)
    [found] = estimate_reliability(ratings, everything(30), data.clusters, PLAN)
    shares = ceiling_shares(bootstrap, found, PLAN)
    assert [(share.statistic, share.note) for share in shares] == [
        ("srcc", "the scores are constant"),
        ("lcc", "the scores are constant"),
    ]
    assert np.isnan(shares[0].share.estimate)


def test_resamples_without_reliability_are_left_out_of_a_share():
    data, (ratings, _) = rated_pairs(12), simulated(12, 2, 0.8, seed=2)
    plan = ResamplingPlan(999, ci_method="percentile")
    [bootstrap] = bootstrap_strata(data.human, data.scores, everything(12), np.arange(12), plan)
    [found] = estimate_reliability(ratings, everything(12), np.arange(12), plan)
    ceilings = found.replicates.resampled[:, 3]
    assert found.estimate.is_shown
    assert 0 < (ceilings == 0).mean() < 0.5
    share = ceiling_shares(bootstrap, found, plan, [SRCC])[0].share
    ratios = bootstrap.resampled[ceilings > 0, 0, 0] / ceilings[ceilings > 0]
    ratios = ratios[~np.isnan(ratios)]
    assert (share.low, share.high) == pytest.approx(tuple(np.quantile(ratios, [0.025, 0.975])))
