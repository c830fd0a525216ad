"""The alternative annotator test: the paper's t test where captions have one rating; noise may replace nobody."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bench.statistics.alternative import (
    EPSILON,
    MIN_RATINGS,
    alternative_listeners,
    answers_like_a_listener,
    listener_p_value,
    winning_rate,
)
from bench.statistics.reliability import Ratings
from bench.statistics.types import ResamplingPlan
from bench.statistics.yardsticks import AlternativeListener
from tests.studies.simulations.yardstick_tables import wrong_rejection

PLAN = ResamplingPlan(n_resamples=99)


def asked(seed: int, n_listeners: int = 5, n_captions: int = 40) -> tuple[Ratings, dict, np.ndarray]:
    """Listeners of reliability .43, who rate all pairs; scores that are true, another listener's, or noise."""
    rng = np.random.default_rng(seed)
    captions = np.repeat(np.arange(n_captions), 3)
    n = len(captions)
    truth = np.sqrt(0.43) * rng.normal(size=n)
    noise = np.sqrt(0.57) * rng.normal(size=(n, n_listeners + 1))
    rated = np.clip(np.round(5 + 2.4 * (truth[:, None] + noise)), 0, 10)
    pair, listener = np.repeat(np.arange(n), n_listeners), np.tile(np.arange(n_listeners), n)
    scores = {"true": truth, "listener": rated[:, -1], "noise": rng.normal(size=n), "constant": np.ones(n)}
    return Ratings(rated[:, :-1].ravel(), pair, listener), scores, captions


def outcomes(seed: int, **design: int) -> dict[str, AlternativeListener]:
    ratings, scores, captions = asked(seed, **design)
    everything = {"all": np.ones(len(captions), bool)}
    found = alternative_listeners(ratings, scores, everything, captions, PLAN, n_threads=1)
    return {one.metric: one for one in found}


def test_one_rating_a_caption_is_the_t_test_of_the_paper() -> None:
    difference = np.random.default_rng(0).choice([-1.0, 0.0, 1.0], 50)
    expected = stats.ttest_1samp(difference, EPSILON, alternative="less").pvalue
    assert listener_p_value(difference, np.arange(50), EPSILON) == pytest.approx(expected, abs=1e-12)


def test_ratings_of_one_caption_are_no_independent_evidence() -> None:
    difference = np.random.default_rng(1).choice([-1.0, 0.0, 1.0], 20)
    once = listener_p_value(difference, np.arange(20), EPSILON)
    assert listener_p_value(np.repeat(difference, 3), np.repeat(np.arange(20), 3), EPSILON) == pytest.approx(once)


def test_wins_without_exception_are_decided_by_their_mean() -> None:
    assert listener_p_value(np.full(30, -1.0), np.arange(30), EPSILON) == 0
    assert listener_p_value(np.full(30, 1.0), np.arange(30), EPSILON) == 1


def test_winning_rate_is_adjusted_for_dependent_tests() -> None:
    """Benjamini & Yekutieli by hand: three tests, 1 + 1/2 + 1/3 = 11/6; .02 is not below .05 * 2/3 / (11/6) = .018."""
    assert winning_rate(np.array([0.001, 0.02, 0.9])) == pytest.approx(1 / 3)
    assert winning_rate(np.array([0.001, 0.018, 0.9])) == pytest.approx(2 / 3)


def test_truth_replaces_a_listener_and_noise_does_not() -> None:
    found = outcomes(0)
    assert found["true"].may_replace
    assert found["true"].winning_rate == 1
    assert found["true"].advantage.estimate > found["true"].listeners_advantage.estimate
    assert not found["noise"].may_replace
    assert found["noise"].winning_rate == 0
    assert found["constant"].note == "the scores are constant"
    assert not found["constant"].may_replace


def test_another_listener_is_as_near_as_a_listener() -> None:
    found = [outcomes(seed)["listener"] for seed in range(12)]
    difference = [one.advantage.estimate - one.listeners_advantage.estimate for one in found]
    assert abs(np.mean(difference)) < 3 * np.std(difference) / np.sqrt(len(difference)) + 0.01


def test_too_few_listeners_are_said_and_decide_nothing() -> None:
    found = outcomes(0, n_captions=8)["true"]
    assert found.n_listeners == 0
    assert np.isnan(found.winning_rate)
    assert not found.may_replace
    assert found.note == (
        "0 listeners rated 30 pairs or more of 10 captions or more together with others; the test asks for 3"
    )
    assert found.advantage.low < found.advantage.estimate < found.advantage.high


def test_answers_keep_order_and_have_the_spread_of_single_ratings() -> None:
    ratings, scores, captions = asked(3, n_captions=200)
    answers = answers_like_a_listener(scores["true"], ratings, captions, 0, "all")
    assert stats.spearmanr(answers, scores["true"]).statistic > 0.97
    assert answers.std() == pytest.approx(ratings.score.std(), rel=0.03)
    assert set(answers) <= set(ratings.score)
    tied = answers_like_a_listener(np.ones(len(captions)), ratings, captions, 0, "all")
    assert tied.std() == pytest.approx(ratings.score.std(), rel=0.1)


@pytest.mark.parametrize(("n_captions", "per_caption"), [(15, 2), (60, 1)])
def test_a_listener_is_lost_to_chance_in_five_per_cent(n_captions: int, per_caption: int) -> None:
    """1,500 draws: 5 % is uncertain by 1.1; a t test that took a caption's ratings for independent rejects more."""
    assert n_captions * per_caption >= MIN_RATINGS
    rate = np.mean([wrong_rejection(n_captions, per_caption, seed)["rejected"] for seed in range(1500)])
    assert 0.03 <= rate <= 0.07
