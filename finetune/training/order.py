"""Which pairs each optimizer step sees, and at which learning rate: functions of the config and the position alone.

Nothing here has a state, so that a training that was cut off needs to remember only where it was.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Int

from finetune.config import TrainingConfig

MicroBatches = list[Int[np.ndarray, " batch"]]


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps of a training.

    Attributes:
        config: see `TrainingConfig`.
        n_pairs: training pairs.
        n_processes: that train together; each takes ``batch_size`` pairs of its own in every forward pass.
        process: which of them this one is.
    """

    config: TrainingConfig
    n_pairs: int
    n_processes: int = 1
    process: int = 0

    @property
    def pairs_per_step(self) -> int:
        return self.config.batch_size * self.config.accumulate * self.n_processes

    @property
    def steps_per_epoch(self) -> int:
        """The last step may be smaller; with several processes it is left out, for each must have its share."""
        if self.n_processes > 1:
            return self.n_pairs // self.pairs_per_step
        return math.ceil(self.n_pairs / self.pairs_per_step)

    @property
    def n_steps(self) -> int:
        """Optimizer steps of the whole training."""
        planned = self.steps_per_epoch * self.config.epochs
        return min(planned, self.config.max_steps or planned)

    def steps_of(self, epoch: int) -> list[MicroBatches]:
        """Return for each step of an epoch (from 1) the pairs of each forward pass of this process."""
        generator = torch.Generator().manual_seed(_seed(self.config.seed, epoch))
        order = torch.randperm(self.n_pairs, generator=generator).numpy()
        starts = range(0, self.steps_per_epoch * self.pairs_per_step, self.pairs_per_step)
        n_left = self.n_steps - (epoch - 1) * self.steps_per_epoch
        return [self._micro_batches(order[start : start + self.pairs_per_step]) for start in starts][:n_left]

    def _micro_batches(self, chosen: Int[np.ndarray, " chosen"]) -> MicroBatches:
        mine = chosen[self.process :: self.n_processes]
        return [mine[i : i + self.config.batch_size] for i in range(0, len(mine), self.config.batch_size)]

    def learning_rate(self, step: int) -> float:
        """Return the learning rate of optimizer step ``step`` (from 0): warm-up, then the schedule."""
        config = self.config
        if step < config.warmup_steps:
            return config.lr * (step + 1) / config.warmup_steps
        progress = (step - config.warmup_steps) / max(self.n_steps - config.warmup_steps, 1)
        factor = {"constant": 1.0, "linear": 1 - progress, "cosine": (1 + math.cos(math.pi * progress)) / 2}
        return config.lr * factor[config.schedule]


def seed_step(seed: int, epoch: int, step: int, process: int) -> None:
    """Make what is random in a step (dropout) depend on its position only."""
    torch.manual_seed(_seed(seed, epoch, step, process))


def _seed(*position: int) -> int:
    """Return well-mixed bits of a position (numpy guarantees SeedSequence's output across versions)."""
    return int(np.random.SeedSequence(position).generate_state(1, np.uint64)[0]) >> 1
