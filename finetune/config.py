"""What determines a trained model: every setting, validated, saved inside its checkpoint.

Defaults are the paper's (section IV.A): AdamW, learning rate 1e-5, batch 8, 50 epochs, best epoch by validation loss,
validation on 458 of 2,383 pairs. What the paper does not say has the plainest value: constant learning rate, no
clipping, AdamW's usual betas and weight decay. Batch-norm statistics stay those of pretraining, so that an embedding
never depends on the batch.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

from metrics.errors import UsageError, did_you_mean

BatchNorm = Literal["frozen", "update"]
Freeze = Literal["none", "text", "audio", "encoders"]
RegressOn = Literal["clapscore", "cosine"]
Schedule = Literal["constant", "linear", "cosine"]
Selection = Literal["loss", "srcc"]
SplitBy = Literal["captions", "pairs"]
Storage = Literal["fp32", "fp16"]
TrainingPrecision = Literal["fp32", "bf16", "fp16"]

PAPER_VALIDATION_SHARE = 458 / 2383
PAPER_BASE = "laion/clap-htsat-fused"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingConfig:
    """The recipe of a model. Two trainings with equal configs, data and device give equal weights.

    Attributes:
        base: hub id, folder, metric name or laion_clap ``.pt`` file that training starts from.
        dataset: name or CSV file, as in ``bench run --dataset``.
        train_split: part of the data set that is trained on; None takes ``train`` where there is such a part.
        validation_split: part that the best epoch is chosen on; None holds out a share of the training part.
        screening: how listeners are screened; None takes the data set's default.
        scale: of the ratings in a CSV file, e.g. ``1-5``.
        loss: terms and weights, see `finetune.training.losses`.
        regress_on: what regression terms compare with the rating: the CLAPScore (Eq. 3) or the raw cosine.
        epochs: passes over the training pairs.
        max_steps: optimizer steps after which training ends early; None for no such limit.
        batch_size: pairs in one forward pass of one process.
        accumulate: forward passes to one optimizer step; each has its own negatives.
        lr: learning rate at its highest.
        weight_decay: of AdamW, for matrices; biases, norms and the temperature are not decayed.
        schedule: how the learning rate falls after warm-up: not at all, or to 0 along a line or a half cosine.
        warmup_steps: optimizer steps in which the learning rate rises from 0.
        max_grad_norm: norm that gradients are scaled down to; 0 leaves them alone.
        precision: of the forward pass; weights and losses are fp32 always.
        batch_norm: ``frozen`` keeps the running statistics, ``update`` uses and updates those of the batches.
        freeze: towers that are not trained; ``encoders`` trains only the projections and the temperature.
        lora_rank: rank of low-rank adapters in the attention layers (and full projections); 0 trains all weights.
        gradient_checkpointing: recompute activations in the backward pass to save memory.
        split_by: what the held-out share is drawn from: captions with all their pairs, or single pairs as in the paper.
        validation_share: of the training part, in pairs.
        split_seed: which share is held out.
        select: the best epoch has the lowest validation loss, or the highest SRCC.
        patience: epochs without a better one after which training stops; None never stops.
        seed: of the order of pairs, dropout and new weights.
    """

    base: str = PAPER_BASE
    dataset: str = "relate"
    train_split: str | None = None
    validation_split: str | None = None
    screening: str | None = None
    scale: str | None = None
    loss: str = "wsce+mae"
    regress_on: RegressOn = "clapscore"
    epochs: int = 50
    max_steps: int | None = None
    batch_size: int = 8
    accumulate: int = 1
    lr: float = 1e-5
    weight_decay: float = 0.01
    schedule: Schedule = "constant"
    warmup_steps: int = 0
    max_grad_norm: float = 0.0
    precision: TrainingPrecision = "fp32"
    batch_norm: BatchNorm = "frozen"
    freeze: Freeze = "none"
    lora_rank: int = 0
    gradient_checkpointing: bool = False
    split_by: SplitBy = "captions"
    validation_share: float = PAPER_VALIDATION_SHARE
    split_seed: int = 0
    select: Selection = "loss"
    patience: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        _check_choices(self)
        for name in ("epochs", "batch_size", "accumulate"):
            _require(self, name, getattr(self, name) >= 1, "1 or more")
        for name in ("max_steps", "patience"):
            _require(self, name, getattr(self, name) is None or getattr(self, name) >= 1, "1 or more")
        for name in ("warmup_steps", "lora_rank", "seed", "split_seed"):
            _require(self, name, getattr(self, name) >= 0, "0 or more")
        for name in ("weight_decay", "max_grad_norm"):
            _require(self, name, 0 <= getattr(self, name) < math.inf, "0 or more")
        _require(self, "lr", 0 < self.lr < math.inf, "a positive number")
        _require(self, "validation_share", 0 < self.validation_share < 1, "between 0 and 1")
        if self.lora_rank and self.freeze != "none":
            raise UsageError("--lora freezes all encoder weights by itself; leave --freeze out")


def as_record(config: TrainingConfig) -> dict[str, Any]:
    """Return the config as what ``json`` writes."""
    return asdict(config)


def from_record(record: Mapping[str, Any]) -> TrainingConfig:
    """Read what `as_record` gave.

    Raises:
        UsageError: a setting is unknown or has no valid value.
    """
    known = [field.name for field in fields(TrainingConfig)]
    for name in record:
        if name not in known:
            raise UsageError(
                f"unknown setting {name!r}{did_you_mean(name, known)}; it was made by another version: train again"
            )
    return TrainingConfig(**record)


def differences(first: TrainingConfig, second: TrainingConfig) -> list[str]:
    """Return ``"lr: 1e-05, now 0.001"`` for every setting that differs."""
    old, new = as_record(first), as_record(second)
    return [f"{name}: {old[name]}, now {new[name]}" for name in old if old[name] != new[name]]


_CHOICES: dict[str, Any] = {
    "regress_on": RegressOn,
    "schedule": Schedule,
    "precision": TrainingPrecision,
    "batch_norm": BatchNorm,
    "freeze": Freeze,
    "split_by": SplitBy,
    "select": Selection,
}


def _check_choices(config: TrainingConfig) -> None:
    for name, choices in _CHOICES.items():
        allowed = get_args(choices)
        _require(config, name, getattr(config, name) in allowed, f"one of {', '.join(allowed)}")


def _require(config: TrainingConfig, name: str, holds: bool, expected: str) -> None:
    if not holds:
        raise UsageError(f"{name} is {getattr(config, name)!r}, expected {expected}; give another value")
