"""A metric in a part beside evenly good metrics: what is resampled, what is left out, and whether it can be shown."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from bench.statistics.bootstrap import bootstrap_strata
from bench.statistics.even_metric import MIN_GROUP, Part, fit_even_metrics
from bench.statistics.evenness import MAX_RESAMPLES, evenness
from bench.statistics.reliability import Ratings
from bench.statistics.resampling import bootstrap_weights
from bench.statistics.types import ResamplingPlan
from tests.studies.simulations import evenly_good

PLAN = ResamplingPlan(n_resamples=99, ci_method="percentile")


def overall(data, plan=PLAN, **scores):
    everything = {"all": np.ones(len(data.mean), bool)}
    [found] = bootstrap_strata(data.mean / 10, scores or data.scores, everything, data.captions, plan)
    return found


def drawn(n_captions=60, seed=0):
    return evenly_good.draw(n_captions, np.random.default_rng(seed))


def test_equals_pairs_written_out_on_each_resample():
    data = drawn()
    parts = [part for part in data.parts if part.stratum in ("natural", "high, all")]
    records = evenness(overall(data), data.ratings, parts, PLAN)
    even = fit_even_metrics(data.ratings, parts, len(data.mean))
    [weights] = bootstrap_weights(PLAN.seed, "all", 60, 0, 99)
    assert [(r.stratum, r.metric) for r in records] == [(p.stratum, m) for p in parts for m in data.scores]
    for p, part in enumerate(parts):
        chosen = part.pairs(data.mean)
        for m, (metric, scores) in enumerate(data.scores.items()):
            record = records[p * len(data.scores) + m]
            excesses = np.empty((2, 99))
            for lane in range(99):
                copies = np.repeat(np.arange(len(data.mean)), weights[data.captions, lane])
                inside = copies[np.isin(copies, chosen)]
                at_all, within = (stats.spearmanr(scores[i], data.mean[i]).statistic for i in (copies, inside))
                excesses[:, lane] = [within - one.predicted(p, np.array(at_all)) for one in even]
            shown = stats.spearmanr(scores[chosen], data.mean[chosen]).statistic
            at_all = np.array(stats.spearmanr(scores, data.mean).statistic)
            assert (record.metric, record.n_pairs, record.estimate) == (metric, len(chosen), pytest.approx(shown))
            assert record.predicted == pytest.approx(even[0].predicted(p, at_all))
            assert record.predicted_on_ratings == pytest.approx(even[1].predicted(p, at_all))
            for excess, values, predicted in zip(
                (record.excess, record.excess_on_ratings),
                excesses,
                (record.predicted, record.predicted_on_ratings),
                strict=True,
            ):
                assert excess.estimate == pytest.approx(shown - predicted)
                assert (excess.low, excess.high) == pytest.approx(tuple(np.quantile(values, [0.025, 0.975])))


def test_a_metric_that_is_blind_to_recordings_is_shown_to_be_and_an_even_one_is_not():
    data = drawn(400, seed=3)
    even = data.scores["SRCC .55"]
    blind = np.where(data.group == 0, np.random.default_rng(1).permutation(even), even)
    found = evenness(overall(data, even=even, blind=blind), data.ratings, data.parts, PLAN)
    shown = {(one.metric, one.stratum): one.shown for one in found}
    assert shown["blind", "natural"] == "worse"
    assert shown["blind", "synthesized"] == "better"
    assert {shown["even", name] for name in ("natural", "synthesized", "a", "d", "low, all", "high, all")} == {""}


@pytest.mark.slow
def test_predictions_are_unbiased_and_few_intervals_leave_0_out():
    """A small cousin of the study in tests/studies/simulations/evenly_good.py."""
    total = sum((evenly_good.evenness_of_one(120, 99, seed) for seed in range(25)), start=evenly_good.Counter())
    n_off = n_shown = n_cells = 0
    for metric in evenly_good.ERRORS:
        for stratum in ("natural", "synthesized", "d", "low, all", "high, all"):
            n, estimate, predicted = (total[metric, stratum, what] for what in ("defined", "estimate", "predicted"))
            assert predicted / n == pytest.approx(estimate / n, abs=0.06), (metric, stratum)
            n_off += total[metric, stratum, "below"] + total[metric, stratum, "above"]
            n_shown += total[metric, stratum, "shown"]
            n_cells += n
    assert n_off / n_cells < 0.09
    assert n_shown <= n_off


def test_whose_agreement_exceeds_that_of_the_truth_is_compared_with_nothing():
    data = drawn()
    found = evenness(overall(data, seen=data.mean), data.ratings, data.parts, PLAN)
    for one in found:
        assert np.isnan([one.predicted, one.excess.estimate, one.excess.low, one.predicted_on_ratings]).all()
        assert one.shown == ""
    assert {one.note for one in found if one.n_pairs >= MIN_GROUP} == {
        "agrees better over all pairs than the true relevance could: no evenly good metric does"
    }


def test_small_parts_say_that_nothing_is_predicted_and_tiny_ones_are_left_out():
    data = drawn()
    rows = np.arange(len(data.mean))
    parts = [Part("small", rows < MIN_GROUP - 1), Part("tiny", rows < 2), Part("large", rows >= 0)]
    found = evenness(overall(data), data.ratings, parts, PLAN)
    assert {one.stratum for one in found} == {"small", "large"}
    for one in found:
        assert np.isnan(one.predicted) == (one.stratum == "small")
        assert one.note == (f"nothing is predicted for fewer than {MIN_GROUP} pairs" if one.stratum == "small" else "")


def test_constant_scores_have_no_estimate_and_say_why():
    data = drawn()
    [one, *_] = evenness(overall(data, flat=np.zeros(len(data.mean))), data.ratings, data.parts, PLAN)
    assert np.isnan([one.estimate, one.predicted, one.excess.low]).all()
    assert one.note == "the scores are constant"


def test_nothing_without_two_ratings_of_a_pair_without_spread_or_with_too_few_captions():
    data = drawn()
    first = np.unique(data.ratings.pair, return_index=True)[1]
    single = Ratings(data.ratings.score[first], data.ratings.pair[first], data.ratings.listener[first])
    assert evenness(overall(data), single, data.parts, PLAN) == []
    flat = replace(data.ratings, score=np.full_like(data.ratings.score, 3.0))
    assert evenness(overall(data), flat, data.parts, PLAN) == []
    few = drawn(n_captions=2)
    assert evenness(overall(few), few.ratings, few.parts, PLAN) == []


def test_neither_threads_nor_the_number_of_resamples_beyond_the_cap_change_anything():
    data = drawn()
    plan = ResamplingPlan(n_resamples=MAX_RESAMPLES + 50, ci_method="bca")
    found = evenness(overall(data, plan), data.ratings, data.parts, plan, n_threads=1)
    assert {one.n_resamples for one in found} == {MAX_RESAMPLES}
    assert {one.ci_method for one in found} == {"bca"}
    assert repr(evenness(overall(data, plan), data.ratings, data.parts, plan, n_threads=2)) == repr(found)
    short = ResamplingPlan(n_resamples=MAX_RESAMPLES, ci_method="bca")
    assert repr(evenness(overall(data, short), data.ratings, data.parts, short)) == repr(found)
