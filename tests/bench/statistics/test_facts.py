"""Predictions from one fact: the order of names is learnt elsewhere, and what says nothing predicts nothing."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bench.statistics.facts import Fact, predict


def names(values: np.ndarray) -> Fact:
    return Fact("system", np.array([f"n{value}" for value in values], dtype=object))


@pytest.mark.parametrize("kind", ["names", "numbers"])
def test_what_says_nothing_correlates_with_nothing(kind: str) -> None:
    """Means of each fold's own would give -.2 and less with twenty captions."""
    found = []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        captions, human = np.repeat(np.arange(20), 3), rng.random(60)
        fact = names(rng.integers(0, 3, 60)) if kind == "names" else Fact("loudness", rng.random(60))
        found.append(stats.spearmanr(predict(fact, human, captions, seed, "all"), human).statistic)
    found = np.array(found)[~np.isnan(found)]
    assert abs(found.mean()) < 3.5 * found.std() / np.sqrt(len(found))


def test_names_that_are_told_apart_everywhere_get_their_means() -> None:
    rng = np.random.default_rng(0)
    captions, group = np.repeat(np.arange(100), 3), np.tile([2, 0, 1], 100)
    human = 0.3 * group + 0.05 * rng.random(300)
    means = np.array([human[group == g].mean() for g in range(3)])
    assert predict(names(group), human, captions, 0, "all") == pytest.approx(means[group])


def test_a_name_that_other_captions_do_not_have_gets_the_mean_of_all() -> None:
    captions, group = np.arange(30), np.array([2, *np.tile([0, 1], 15)[:29]])
    human = np.array([0.9, *np.tile([0.1, 0.2], 15)[:29]])
    assert predict(names(group), human, captions, 0, "all")[0] == pytest.approx(human.mean())


def test_ratings_of_a_caption_do_not_predict_themselves() -> None:
    """Each caption has a name of its own: nobody else can say what it means."""
    captions = np.repeat(np.arange(30), 2)
    human = np.random.default_rng(0).random(60)
    assert predict(names(captions), human, captions, 0, "all") == pytest.approx(np.full(60, human.mean()))


def test_numbers_predict_also_where_the_middle_is_best() -> None:
    rng = np.random.default_rng(0)
    loudness, captions = rng.normal(size=600), np.arange(600)
    human = -(loudness**2) + 0.3 * rng.normal(size=600)
    predicted = predict(Fact("loudness", loudness), human, captions, 0, "all")
    assert stats.spearmanr(predicted, human).statistic > 0.8
    assert abs(stats.spearmanr(loudness, human).statistic) < 0.1


@pytest.mark.parametrize("rare", [3.0, 20.0])
def test_a_number_that_most_pairs_share_still_tells_the_others_apart(rare: float) -> None:
    duration = np.where(np.arange(200) % 10 == 0, rare, 10.0)
    human = np.where(duration == rare, 0.1, 0.8) + 0.01 * np.random.default_rng(0).random(200)
    predicted = predict(Fact("duration", duration), human, np.arange(200), 0, "all")
    assert predicted[duration == rare] == pytest.approx(0.1, abs=0.02)


def test_unknown_numbers_get_the_mean_and_half_of_them_are_too_many() -> None:
    rng = np.random.default_rng(0)
    loudness, human = rng.normal(size=100), rng.random(100)
    loudness[:40] = np.nan
    fact = Fact("loudness", loudness)
    assert fact.why_silent() == ""
    assert fact.remark() == "unknown for 40 of 100 pairs, which get the mean"
    assert predict(fact, human, np.arange(100), 0, "all")[:40] == pytest.approx(np.full(40, human.mean()))
    loudness[:51] = np.nan
    assert Fact("loudness", loudness).why_silent() == "unknown for 51 of 100 pairs"


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.array(["", ""], dtype=object), "no pair has a name"),
        (np.array(["a", "a"], dtype=object), "all pairs have one name"),
        (np.array([4.0, 4.0]), "the same for all pairs"),
        (np.array(["", "a"], dtype=object), ""),
    ],
)
def test_silent_facts_say_why(values: np.ndarray, reason: str) -> None:
    assert Fact("system", values).why_silent() == reason
