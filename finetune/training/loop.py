"""The training loop: one for all losses, data sets and models, to be read from top to bottom.

Every epoch goes through the pairs once, in an order that depends on seed and epoch; then the model is validated and,
if it is the best so far, its weights are kept. The state is saved now and then, so that a training that was cut off
goes on where it stood: on a CPU with exactly the weights that an unbroken training has.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from bench.statistics.agreement import SRCC
from finetune.config import TrainingConfig
from finetune.data.pairs import PairSet
from finetune.training.gather import of_all_processes
from finetune.training.losses import LossInputs, bound_temperature
from finetune.training.model import PairEmbedder
from finetune.training.order import MicroBatches, seed_step
from finetune.training.setup import Machinery, assemble, restore, save
from finetune.training.state import EpochRecord, Progress
from finetune.training.validation import validate
from metrics.embedding.batches import out_of_memory_told
from metrics.errors import ClapBenchError
from metrics.models.fp32 import exact_products
from metrics.models.hf_model import LoadedClap
from metrics.types import ProgressCallback, no_progress

SAVE_EVERY_S = 300.0
"""Seconds of work that a kill may cost. The state of a full-size model is 2.4 GB."""


TOTAL = "total"
"""Name of the weighted sum among the sums of its terms; `finetune.training.losses` has no term of this name."""


class Diverged(ClapBenchError):
    """A loss or gradient is not a number. ``training`` holds what was good until then."""

    def __init__(self, message: str, training: Training) -> None:
        super().__init__(message)
        self.training = training


@dataclass(frozen=True)
class Training:
    """The outcome of a training.

    Attributes:
        history: one record an epoch, the first of the model before training.
        best: the epoch whose weights are in the embedder; None if no epoch was finished.
        embedder: the model with its best weights.
        stopped: why training ended.
    """

    history: tuple[EpochRecord, ...]
    best: EpochRecord | None
    embedder: PairEmbedder
    stopped: str


@exact_products()
def train(
    clap: LoadedClap,
    training: PairSet,
    validation: PairSet,
    config: TrainingConfig,
    work: Path,
    *,
    device: str = "auto",
    save_every_s: float = SAVE_EVERY_S,
    observe: Callable[[EpochRecord], None] = lambda _: None,
    progress: ProgressCallback = no_progress,
) -> Training:
    """Train a model, from the start or from where ``work`` says that it was cut off.

    Args:
        clap: the model; it is changed.
        training, validation: what it is trained on, and what its best epoch is chosen on.
        config: everything else that determines the outcome.
        work: folder for the state; made if need be.
        device: ``auto`` takes cuda, then mps, then cpu.
        save_every_s: seconds between savings of the state; 0 saves after every step.
        observe: told about every finished epoch.
        progress: told about every step.

    Raises:
        Diverged: a loss or gradient became NaN or infinite.
        UsageError: the state was saved under another config, or the device cannot compute in this precision.
        UnavailableError: the state cannot be written.
    """
    with out_of_memory_told(less_memory(config)):
        return _train(clap, training, validation, config, work, device, save_every_s, observe, progress)


def less_memory(config: TrainingConfig) -> str:
    """Return which options need less memory than these."""
    halved = f"--batch-size {config.batch_size // 2} --accumulate {2 * config.accumulate}"
    ways = {
        f"{halved} (contrastive terms then compare fewer pairs)": config.batch_size > 1,
        "--gradient-checkpointing": not config.gradient_checkpointing,
        "--precision bf16": config.precision == "fp32",
        "--freeze encoders or --lora 8": config.freeze == "none" and not config.lora_rank,
        "a device with more memory": True,
    }
    return f"use {', or '.join(way for way, open_ in ways.items() if open_)}"


def _train(
    clap: LoadedClap,
    training: PairSet,
    validation: PairSet,
    config: TrainingConfig,
    work: Path,
    device: str,
    save_every_s: float,
    observe: Callable[[EpochRecord], None],
    progress: ProgressCallback,
) -> Training:
    tools = assemble(clap, len(training), config, work, device)
    done = restore(tools)
    if not done.history:
        done.history.append(validated(tools, validation, done))
        observe(done.history[-1])
    last_saved = time.monotonic()
    stopped = why_stopped(tools, done)
    while not stopped:
        tools.model.train()
        steps = tools.plan.steps_of(done.epoch)
        for micro_batches in steps[done.step_in_epoch :]:
            began = time.monotonic()
            take_step(tools, training, micro_batches, done)
            done.seconds += time.monotonic() - began
            progress(f"epoch {done.epoch} of {config.epochs}", done.step_in_epoch, len(steps))
            if time.monotonic() - last_saved >= save_every_s:
                save(tools, done)
                last_saved = time.monotonic()
        finish_epoch(tools, validation, done)
        observe(done.history[-1])
        stopped = why_stopped(tools, done)
    save(tools, done)
    return conclude(tools, done, stopped)


def take_step(tools: Machinery, pairs: PairSet, micro_batches: MicroBatches, done: Progress) -> None:
    """Make one optimizer step.

    Raises:
        Diverged: the loss or the gradient is not finite; the weights are as they were before the step.
    """
    rate = tools.plan.learning_rate(done.step)
    for group in tools.optimizer.param_groups:
        group["lr"] = rate
    seed_step(tools.config.seed, done.epoch, done.step_in_epoch, tools.plan.process)
    for k, indices in enumerate(micro_batches):
        is_last = k == len(micro_batches) - 1
        with nullcontext() if is_last else tools.accelerator.no_sync(tools.model):
            terms = compute_terms(tools, pairs, indices)
            total = tools.loss.total(terms)
            note_losses(tools, done, {**terms, TOTAL: total})
            tools.accelerator.backward(total / len(micro_batches))
    norm = tools.accelerator.clip_grad_norm_(tools.embedder.parameters(), tools.config.max_grad_norm or math.inf)
    check_gradient(tools, done, float(norm))
    tools.optimizer.step()
    tools.optimizer.zero_grad()
    bound_temperature(tools.embedder.log_logit_scale)
    done.step += 1
    done.step_in_epoch += 1


def compute_terms(tools: Machinery, pairs: PairSet, indices: Int[np.ndarray, " batch"]) -> dict[str, Tensor]:
    """Return each term of the loss on these pairs and those of the other processes."""
    batch = pairs.batch(indices).to(tools.accelerator.device)
    audio, text, scale = tools.model(batch)
    audio, text, ratings = map(of_all_processes, (audio, text, batch.ratings))
    return tools.loss.terms(LossInputs(audio, text, ratings, scale, tools.config.regress_on))


def note_losses(tools: Machinery, done: Progress, losses: dict[str, Tensor]) -> None:
    """Add the losses of a forward pass, averaged over processes, to the epoch's sums.

    Raises:
        Diverged: one of them is not finite.
    """
    values = tools.accelerator.reduce(torch.stack([value.detach() for value in losses.values()]), "mean").tolist()
    found = dict(zip(losses, values, strict=True))
    if not all(map(math.isfinite, values)):
        listed = ", ".join(f"{name} {value:g}" for name, value in found.items() if name != TOTAL)
        raise diverged(tools, done, f"the loss became {found[TOTAL]:g} ({listed})")
    for name, value in found.items():
        done.sums[name] = done.sums.get(name, 0.0) + value
    done.n_passes += 1


def check_gradient(tools: Machinery, done: Progress, norm: float) -> None:
    """Refuse a step along a gradient that is not finite.

    In fp16 single overflows are expected: the optimizer skips the step and the loss scale is halved. They mean
    something only when the scale has become smaller than 1.
    """
    scaler = tools.accelerator.scaler
    if not math.isfinite(norm) and (scaler is None or scaler.get_scale() < 1):
        raise diverged(tools, done, f"the norm of the gradient became {norm:g}")


def diverged(tools: Machinery, done: Progress, what: str) -> Diverged:
    """Return the error, with the model as it was at the best epoch."""
    where = f"at step {done.step + 1} (epoch {done.epoch}, its step {done.step_in_epoch + 1})"
    rate = tools.plan.learning_rate(done.step)
    why = f"{what} {where}, at learning rate {rate:g} and temperature {tools.embedder.temperature:.3g}"
    training = conclude(tools, done, f"stopped early: {why}")
    return Diverged(f"{why}; use a lower --lr, --clip 1, or --precision fp32", training)


def finish_epoch(tools: Machinery, validation: PairSet, done: Progress) -> None:
    """Validate, write a line of history, and keep the weights if they are the best so far."""
    began = time.monotonic()
    record = validated(tools, validation, done)
    done.seconds += time.monotonic() - began
    best = is_better(tools.config, record, done.best)
    done.history.append(replace(record, seconds=done.seconds, best=best))
    if best:
        weights = tools.embedder.state_dict()
        done.best_weights = {name: value.detach().to("cpu", copy=True) for name, value in weights.items()}
    done.epoch, done.step_in_epoch, done.sums, done.n_passes, done.seconds = done.epoch + 1, 0, {}, 0, 0.0


def validated(tools: Machinery, validation: PairSet, done: Progress) -> EpochRecord:
    """Return the line of history for the model as it is."""
    config = tools.config
    batch_size = config.batch_size * tools.plan.n_processes  # contrastive terms depend on it
    device = tools.accelerator.device
    outcome = validate(tools.model, validation, tools.loss, config.regress_on, batch_size, device)
    if not math.isfinite(outcome.loss):
        raise diverged(tools, done, f"the validation loss became {outcome.loss:g} before the next step,")
    means = {name: total / done.n_passes for name, total in done.sums.items()}
    return EpochRecord(
        epoch=done.epoch if done.step else 0,
        step=done.step,
        lr=tools.plan.learning_rate(done.step - 1) if done.step else math.nan,
        temperature=tools.embedder.temperature,
        train_loss=means.pop(TOTAL, math.nan),
        train_terms=means,
        validation_loss=outcome.loss,
        validation_terms=outcome.terms,
        statistics=outcome.statistics,
        seconds=0.0,
        best=False,
    )


def is_better(config: TrainingConfig, record: EpochRecord, best: EpochRecord | None) -> bool:
    """Say whether an epoch is better than the best one before; the model before training is no candidate."""
    if config.select == "loss":
        return best is None or record.validation_loss < best.validation_loss
    found = record.statistics[SRCC.id]
    return best is None or found > best.statistics[SRCC.id] or math.isnan(best.statistics[SRCC.id])


def why_stopped(tools: Machinery, done: Progress) -> str:
    """Return why training has ended, or an empty string."""
    config = tools.config
    if done.step >= tools.plan.n_steps:
        return f"{config.max_steps} steps done" if done.step == config.max_steps else f"{config.epochs} epochs done"
    since_best = done.history[-1].epoch - done.best.epoch if done.best else 0
    if config.patience is not None and since_best >= config.patience:
        return f"no better epoch in {since_best}"
    return ""


def conclude(tools: Machinery, done: Progress, stopped: str) -> Training:
    """Return the outcome, with the weights of the best epoch in the model."""
    if done.best_weights:
        tools.embedder.load_state_dict(done.best_weights)
    return Training(tuple(done.history), done.best, tools.embedder, stopped)
