"""The simulated listening test: every answer is an integer from 0 to 10, and anchors find those who do not listen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.datasets.demo.listeners import (
    LISTENERS_PER_BATCH,
    Listener,
    Stimulus,
    answer,
    draw_listener,
    rate_batch,
)
from bench.datasets.soundscapes import RandomStream

EXACT = Listener("exact", bias=0.0, scale=1.0, noise_sd=0.0, lapse_rate=0.0)
BATCH = [Stimulus(f"pair-{i}", "caption", i / 20) for i in range(21)]


@given(
    st.builds(
        Listener,
        st.just("l"),
        bias=st.floats(-20, 20),
        scale=st.floats(-2, 2),
        noise_sd=st.floats(0, 20),
        lapse_rate=st.floats(0, 1),
    ),
    st.floats(0, 1),
    st.integers(),
)
def test_answers_are_integers_on_the_scale(listener: Listener, relevance: float, seed: int) -> None:
    score = answer(listener, relevance, RandomStream(seed))
    assert isinstance(score, int)
    assert 0 <= score <= 10


@pytest.mark.parametrize(("relevance", "score"), [(0.0, 0), (0.44, 4), (0.46, 5), (0.5, 5), (0.96, 10), (1.0, 10)])
def test_a_listener_without_faults_answers_the_true_relevance(relevance: float, score: int) -> None:
    assert answer(EXACT, relevance, RandomStream(0)) == score


def test_bias_and_scale_move_the_answer() -> None:
    generous = Listener("generous", bias=2.0, scale=1.0, noise_sd=0.0, lapse_rate=0.0)
    timid = Listener("timid", bias=0.0, scale=0.5, noise_sd=0.0, lapse_rate=0.0)
    assert answer(generous, 0.5, RandomStream(0)) == 7
    assert answer(timid, 1.0, RandomStream(0)) == 5


def test_noise_grows_from_mismatch_to_match() -> None:
    noisy = Listener("noisy", bias=5.0, scale=0.0, noise_sd=2.0, lapse_rate=0.0)
    stream = RandomStream(4)
    spread = [np.std([answer(noisy, relevance, stream) for _ in range(2_000)]) for relevance in (0.0, 1.0)]
    assert spread == pytest.approx([0.3 * 2.0, 2.0], abs=0.15)


def test_lapses_are_uniform() -> None:
    asleep = Listener("asleep", bias=0.0, scale=1.0, noise_sd=0.0, lapse_rate=1.0)
    stream = RandomStream(5)
    counts = np.bincount([answer(asleep, 0.0, stream) for _ in range(11_000)])
    assert counts == pytest.approx(np.full(11, 1_000), abs=110)


def test_every_listener_of_a_batch_rates_everything_once_in_an_order_of_their_own() -> None:
    ratings = list(rate_batch(BATCH, "batch", seed=0))
    listeners = sorted({rating.listener_id for rating in ratings})
    orders = [[r.stimulus.pair_id for r in ratings if r.listener_id == listener] for listener in listeners]
    assert len(listeners) in LISTENERS_PER_BATCH
    assert all(sorted(order) == sorted(stimulus.pair_id for stimulus in BATCH) for order in orders)
    assert len({tuple(order) for order in orders}) == len(listeners)


def test_three_anchors_find_the_careless_and_spare_most_others() -> None:
    stream = RandomStream(6)
    listeners = [draw_listener(str(i), stream) for i in range(1_000)]
    screened = np.array([np.mean([answer(each, 0.0, stream) for _ in range(3)]) > 2 for each in listeners])
    careless = np.array([listener.lapse_rate > 0.5 for listener in listeners])
    assert careless.mean() == pytest.approx(0.18, abs=0.03)
    assert screened[careless].mean() > 0.75
    assert screened[~careless].mean() < 0.13
