"""Agreement with votes equals a count one by one and other software, covers, and is nothing where there is nothing."""

from __future__ import annotations

import time

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from bench.statistics import votes
from bench.statistics.ballots import Ballots, agrees_with_majority, split_ballots
from bench.statistics.types import IntervalMethod, ResamplingPlan
from bench.statistics.vote_differences import compare_on_votes
from bench.statistics.votes import StratumAgreement, agreement_with_votes
from metrics.errors import DataError
from tests.bench.statistics.ballots import simulated, single_votes, turned

PLAN = ResamplingPlan(n_resamples=199, n_permutations=99)


def agreement(ballots: Ballots, plan: ResamplingPlan = PLAN) -> StratumAgreement:
    return agreement_with_votes(ballots, plan, "clip")


def some(counts: list[list[int]], differences: list[float]) -> Ballots:
    """Return ballots with one comparison a clip: a row a comparison of votes for a, for b and for neither."""
    n = len(counts)
    return Ballots("all", np.array(counts, int).reshape(n, 3).T, ("m",), np.array([differences]), np.arange(n))


@pytest.mark.parametrize("seed", range(5))
def test_agreement_is_what_a_count_one_by_one_gives(seed: int) -> None:
    ballots = simulated(seed=seed, n_votes=4)
    found = agreement(ballots)
    for m, record in enumerate(found.agreements):
        decided = right = voted = with_votes = 0
        for cast, difference in zip(single_votes(ballots), ballots.differences[m], strict=True):
            choice = np.sign(difference)
            if sum(cast):
                decided, right = decided + 1, right + (choice == np.sign(sum(cast)))
            voted += sum(vote != 0 for vote in cast)
            with_votes += sum(vote != 0 and vote == choice for vote in cast)
        assert record.n_comparisons == decided
        assert record.accuracy.estimate == right / decided
        assert record.with_votes.estimate == with_votes / voted
        assert record.n_votes == voted


@pytest.mark.parametrize("seed", range(5))
def test_one_listener_is_held_against_the_others_one_by_one(seed: int) -> None:
    ballots = simulated(seed=seed, n_votes=4, ties=0.3)
    found = agreement(ballots)
    held_out = listener = 0
    metrics = np.zeros(len(ballots.metrics))
    for cast, differences in zip(single_votes(ballots), ballots.differences.T, strict=True):
        for i, vote in enumerate(cast):
            others = np.sign(sum(cast[:i] + cast[i + 1 :]))
            if others:
                held_out, listener = held_out + 1, listener + (vote == others)
                metrics += np.sign(differences) == others
    assert found.one_voter.n_votes == held_out
    assert found.one_voter.agreement.estimate == listener / held_out
    for record, right in zip(found.beside_voter, metrics, strict=True):
        assert record.agreement.estimate == right / held_out
        assert record.excess.estimate == pytest.approx((right - listener) / held_out, abs=1e-15)
        assert record.excess.low < record.excess.estimate < record.excess.high


@pytest.mark.parametrize("seed", range(5))
def test_auc_equals_that_of_scikit_learn(seed: int) -> None:
    ballots = simulated(seed=seed)
    decided = ballots.majority != 0
    prefers_a = ballots.majority[decided] > 0
    for record, difference in zip(agreement(ballots).agreements, ballots.differences[:, decided], strict=True):
        both_ways = roc_auc_score(np.append(prefers_a, ~prefers_a), np.append(difference, -difference))
        assert record.auc.estimate == pytest.approx(both_ways, abs=1e-12)


def test_which_side_is_called_the_first_does_not_matter() -> None:
    ballots = simulated(seed=3)
    which = np.random.default_rng(0).random(len(ballots.clusters)) < 0.5
    assert agreement(turned(ballots, which)) == agreement(ballots)


def test_linear_resamples_of_the_auc_are_near_to_those_of_the_auc_itself() -> None:
    ballots = simulated(240, 1, seed=1)
    interval = agreement(ballots, ResamplingPlan(1999, ci_method="percentile")).agreements[0].auc
    decided = ballots.majority != 0
    signed, clusters = (ballots.differences[0] * ballots.majority)[decided], ballots.clusters[decided]
    rng, values = np.random.default_rng(0), []
    members = [signed[clusters == cluster] for cluster in range(ballots.n_clusters)]
    for _ in range(600):
        drawn = np.concatenate([members[i] for i in rng.integers(0, len(members), len(members))])
        values.append(np.mean(drawn[:, None] + drawn[None, :] > 0) + np.mean(drawn[:, None] == -drawn[None, :]) / 2)
    assert (interval.low, interval.high) == pytest.approx(np.quantile(values, [0.025, 0.975]), abs=0.012)


@pytest.mark.parametrize("method", ["expanded", "percentile", "bca"])
def test_every_method_gives_intervals_around_the_estimates(method: IntervalMethod) -> None:
    found = agreement(simulated(seed=2), ResamplingPlan(999, ci_method=method))
    record = found.agreements[0]
    for value in (
        record.accuracy,
        record.with_votes,
        record.auc,
        found.one_voter.agreement,
        found.beside_voter[0].excess,
    ):
        assert value.low < value.estimate < value.high
    assert record.ci_method == method
    assert record.resample_unit == "clip"


def test_intervals_of_accuracy_cover_and_draw_whole_clips() -> None:
    """What the comparisons of a clip share makes intervals that draw single comparisons too narrow."""
    rng, plan, covered = np.random.default_rng(0), ResamplingPlan(199, n_permutations=0), np.zeros(2)
    counts = np.array([[3], [0], [0]]).repeat(200, axis=1)
    for _ in range(120):
        clips = np.repeat(np.arange(40), 5)
        right = rng.random(200) < rng.beta(1.4, 0.6, 40)[clips]
        for i, drawn in enumerate((clips, np.arange(200))):
            ballots = Ballots("all", counts, ("m",), np.where(right, 1.0, -1.0)[None, :], drawn)
            interval = agreement(ballots, plan).agreements[0].accuracy
            covered[i] += interval.low <= 0.7 <= interval.high
    assert covered[0] / 120 == pytest.approx(0.95, abs=0.05)
    assert covered[1] / 120 < 0.85


def test_ties_of_metric_and_of_listeners() -> None:
    found = agreement(some([[2, 1, 0], [0, 2, 1], [1, 1, 1], [0, 0, 3]], [0.0, -1.0, 1.0, 1.0]))
    (record,) = found.agreements
    assert record.n_comparisons == 2, "two without a majority are left out"
    assert record.n_score_ties == 1
    assert record.accuracy.estimate == 0.5, "a tie agrees with no majority"
    assert record.with_votes.estimate == 3 / 7


def test_one_voter_and_missing_votes() -> None:
    found = agreement(some([[1, 0, 0], [0, 1, 0], [0, 0, 0], [1, 0, 0]], [1.0, 1.0, 1.0, 1.0]))
    assert found.agreements[0].n_comparisons == 3
    assert found.agreements[0].accuracy.estimate == pytest.approx(2 / 3)
    assert np.isnan(found.one_voter.agreement.estimate)
    assert found.one_voter.note == votes.ONE_VOTE
    assert found.beside_voter[0].note == votes.ONE_VOTE
    assert np.isnan(found.beside_voter[0].excess.estimate)


def test_nothing_to_agree_with_is_no_number() -> None:
    tied = agreement(some([[1, 1, 0], [2, 2, 0], [3, 3, 0]], [1.0, 1.0, -1.0])).agreements[0]
    assert np.isnan(tied.accuracy.estimate)
    assert tied.note == votes.NO_MAJORITY
    assert tied.with_votes.estimate == 0.5
    none = agreement(some([[0, 0, 2], [0, 0, 0], [0, 0, 1]], [1.0, 1.0, -1.0])).agreements[0]
    assert none.note == votes.NO_VOTE
    assert np.isnan([none.accuracy.estimate, none.with_votes.estimate, none.auc.estimate]).all()


def test_too_few_clips_give_no_interval() -> None:
    record = agreement(some([[2, 0, 0], [0, 2, 0]], [1.0, 1.0])).agreements[0]
    assert record.accuracy.estimate == 0.5
    assert np.isnan(record.accuracy.low)
    assert "fewer than 6" in record.accuracy.note


def test_contradictory_votes_are_counted_and_their_lack_is_told() -> None:
    contradicted = agreement(some([[2, 1, 0]] * 15 + [[1, 2, 0]] * 15, [1.0] * 30)).one_voter
    assert (contradicted.n_contradicted, contradicted.note) == (30, "")
    selected = agreement(some([[3, 0, 0]] * 15 + [[0, 2, 1]] * 15, [1.0] * 30)).one_voter
    assert (selected.n_contradicted, selected.note) == (0, votes.ONE_SIDED)
    few = agreement(some([[3, 0, 0]] * 4, [1.0] * 4)).one_voter
    assert few.note == "", "in a handful it may be chance"


def test_no_metric_and_strata_without_comparisons() -> None:
    ballots = simulated()
    everywhere = np.ones(len(ballots.clusters), bool)
    found = split_ballots(ballots.counts, {}, {"all": everywhere, "none": ~everywhere}, ballots.clusters)
    assert [one.stratum for one in found] == ["all"]
    assert agreement(found[0]).agreements == ()
    assert agreement(found[0]).one_voter.n_votes > 0
    assert compare_on_votes(found[0], PLAN, "clip").differences == ()


def test_scores_that_are_missing_are_refused() -> None:
    with pytest.raises(DataError, match="'m' hold NaN"):
        split_ballots(np.ones((3, 2), int), {"m": np.array([1, np.nan])}, {"all": np.ones(2, bool)}, np.arange(2))


def test_results_do_not_depend_on_threads_or_on_other_metrics() -> None:
    ballots = simulated(200, 3)
    one, two = (agreement_with_votes(ballots, PLAN, "clip", n) for n in (1, 2))
    assert one == two
    alone = Ballots("all", ballots.counts, ("m2",), ballots.differences[2:], ballots.clusters)
    assert agreement(alone).agreements[0] == one.agreements[2]


def test_a_hundred_thousand_comparisons_take_seconds() -> None:
    ballots = simulated(100_000, 4, per_clip=10)
    start = time.perf_counter()
    found = agreement(ballots, ResamplingPlan(999))
    differences = compare_on_votes(ballots, ResamplingPlan(999, n_permutations=999), "clip").differences
    assert time.perf_counter() - start < 20
    assert found.agreements[0].accuracy.estimate == agrees_with_majority(ballots)[0].sum() / np.sum(
        ballots.majority != 0
    )
    assert differences[0].p_adjusted == 0.001
