"""What a training works with: model, optimizer, device and processes; and how all of it is saved and restored."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator, DistributedDataParallelKwargs
from accelerate.state import AcceleratorState, GradientState, PartialState

from finetune.config import TrainingConfig
from finetune.training.losses import Loss, parse_loss
from finetune.training.model import PairEmbedder, parameter_groups
from finetune.training.order import Plan
from finetune.training.state import Progress, load_state, save_state
from metrics.errors import UsageError
from metrics.models.hf_model import LoadedClap


@dataclass(frozen=True)
class Machinery:
    """What a training works with; nothing of it changes but the weights.

    Attributes:
        plan: which pairs each step sees.
        embedder: the model; ``model`` is the same, wrapped for device, precision and processes.
        work: folder of the state.
    """

    config: TrainingConfig
    loss: Loss
    plan: Plan
    accelerator: Accelerator
    embedder: PairEmbedder
    model: Any
    optimizer: Any
    work: Path


def assemble(clap: LoadedClap, n_pairs: int, config: TrainingConfig, work: Path, device: str) -> Machinery:
    """Put model, optimizer and device together."""
    accelerator = make_accelerator(config, device)
    plan = Plan(config, n_pairs, accelerator.num_processes, accelerator.process_index)
    if plan.steps_per_epoch == 0:
        raise UsageError(
            f"{n_pairs} training pairs do not fill one step of {plan.pairs_per_step} on {plan.n_processes} processes; "
            "use a smaller --batch-size"
        )
    torch.manual_seed(config.seed)  # weights of new adapters
    embedder = PairEmbedder(clap, config)
    optimizer = torch.optim.AdamW(parameter_groups(embedder, config.weight_decay), lr=config.lr)
    model, optimizer = accelerator.prepare(embedder, optimizer)
    return Machinery(config, parse_loss(config.loss), plan, accelerator, embedder, model, optimizer, work)


def make_accelerator(config: TrainingConfig, device: str) -> Accelerator:
    """Return what knows device, precision and processes."""
    for state in (AcceleratorState, GradientState, PartialState):
        if state is not PartialState or PartialState._shared_state.get("num_processes", 1) == 1:
            state._reset_state()  # they outlive an Accelerator, and would force its device and precision on the next
    accelerator = Accelerator(
        cpu=device == "cpu",
        mixed_precision="no" if config.precision == "fp32" else config.precision,
        kwargs_handlers=[DistributedDataParallelKwargs(find_unused_parameters=True)],
    )
    found = accelerator.device.type
    if device != "auto" and found != torch.device(device).type:
        raise UsageError(f"--device {device}: accelerate takes {found} on this machine; use --device auto or {found}")
    if config.precision == "fp16" and accelerator.device.type == "cpu":
        raise UsageError("--precision fp16 needs a GPU; on a CPU use fp32 or bf16")
    return accelerator


def restore(tools: Machinery) -> Progress:
    """Return where the training was cut off, with model and optimizer as they were then; or its start."""
    saved = load_state(tools.work, tools.config)
    if saved is None:
        return Progress()
    done, parts = saved
    tools.embedder.load_state_dict(parts["model"])
    tools.optimizer.load_state_dict(parts["optimizer"])
    if tools.accelerator.scaler is not None:
        tools.accelerator.scaler.load_state_dict(parts["scaler"])
    return done


def save(tools: Machinery, done: Progress) -> None:
    """Write the state, on one process."""
    if not tools.accelerator.is_main_process:
        return
    parts = {"model": tools.embedder.state_dict(), "optimizer": tools.optimizer.state_dict()}
    if tools.accelerator.scaler is not None:
        parts["scaler"] = tools.accelerator.scaler.state_dict()
    save_state(tools.work, tools.config, done, parts)
