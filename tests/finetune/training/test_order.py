from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from finetune.config import TrainingConfig
from finetune.training.order import Plan, seed_step


def flat(plan: Plan, epoch: int) -> list[int]:
    return [int(i) for step in plan.steps_of(epoch) for micro in step for i in micro]


@given(n=st.integers(1, 60), batch=st.integers(1, 9), accumulate=st.integers(1, 3), epoch=st.integers(1, 3))
def test_an_epoch_sees_every_pair_once(n: int, batch: int, accumulate: int, epoch: int) -> None:
    plan = Plan(TrainingConfig(batch_size=batch, accumulate=accumulate, epochs=3), n)
    assert sorted(flat(plan, epoch)) == list(range(n))
    assert len(plan.steps_of(epoch)) == plan.steps_per_epoch
    assert all(len(micro) <= batch for step in plan.steps_of(epoch) for micro in step)
    assert all(len(step) <= accumulate for step in plan.steps_of(epoch))


@given(n=st.integers(8, 60), n_processes=st.integers(2, 4))
def test_processes_share_an_epoch_evenly(n: int, n_processes: int) -> None:
    config = TrainingConfig(batch_size=2)
    plans = [Plan(config, n, n_processes, process) for process in range(n_processes)]
    shares = [flat(plan, 1) for plan in plans]
    assert len({len(share) for share in shares}) == 1
    together = [i for share in shares for i in share]
    assert len(set(together)) == len(together)
    assert n - len(together) < plans[0].pairs_per_step


def test_the_order_depends_on_seed_and_epoch() -> None:
    plan = Plan(TrainingConfig(), 50)
    assert flat(plan, 1) == flat(plan, 1)
    assert flat(plan, 1) != flat(plan, 2)
    assert flat(plan, 1) != flat(Plan(TrainingConfig(seed=1), 50), 1)


def test_max_steps_cuts_the_epoch_in_which_it_is_reached() -> None:
    plan = Plan(TrainingConfig(batch_size=8, epochs=5, max_steps=10), 50)
    assert (plan.steps_per_epoch, plan.n_steps) == (7, 10)
    assert [len(plan.steps_of(epoch)) for epoch in (1, 2)] == [7, 3]


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("constant", [0.5, 1.0, 1.0, 1.0, 1.0, 1.0]),
        ("linear", [0.5, 1.0, 1.0, 0.75, 0.5, 0.25]),
        ("cosine", [0.5, 1.0, 1.0, (1 + np.cos(np.pi / 4)) / 2, 0.5, (1 + np.cos(np.pi * 3 / 4)) / 2]),
    ],
)
def test_the_learning_rate_warms_up_and_follows_its_schedule(schedule: str, expected: list[float]) -> None:
    config = TrainingConfig(lr=1.0, batch_size=1, epochs=1, warmup_steps=2, schedule=schedule)  # type: ignore[arg-type]
    plan = Plan(config, 6)
    assert [plan.learning_rate(step) for step in range(6)] == pytest.approx(expected)


def test_dropout_depends_on_the_position_only() -> None:
    draws = {}
    for position in ((0, 1, 0, 0), (0, 1, 1, 0), (0, 2, 0, 0), (1, 1, 0, 0), (0, 1, 0, 1)):
        seed_step(*position)
        draws[position] = torch.rand(3).tolist()
        torch.rand(5)
        seed_step(*position)
        assert torch.rand(3).tolist() == draws[position]
    assert len({tuple(draw) for draw in draws.values()}) == 5
