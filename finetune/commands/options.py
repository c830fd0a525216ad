"""The options of ``finetune train`` in groups; the recipe's are the fields of `finetune.config.TrainingConfig`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, ClassVar

import typer

from bench.terminal.options import DataRoot, Scale, Screening
from finetune.config import (
    BatchNorm,
    Freeze,
    RegressOn,
    Schedule,
    Selection,
    SplitBy,
    Storage,
    TrainingConfig,
    TrainingPrecision,
)

PAPER = TrainingConfig()


@dataclass(frozen=True, kw_only=True)
class ModelOptions:
    """What is trained."""

    panel: ClassVar[str] = "What is trained"
    base: Annotated[
        str,
        typer.Option(
            help="Model to start from: hub id, folder, metric name (human, tiny, …) or a laion_clap .pt file."
        ),
    ] = PAPER.base
    freeze: Annotated[Freeze, typer.Option(help="Towers whose weights stay as they are.")] = PAPER.freeze
    lora_rank: Annotated[int, typer.Option("--lora", help="Rank of low-rank adapters; 0 trains all weights.")] = (
        PAPER.lora_rank
    )
    batch_norm: Annotated[
        BatchNorm, typer.Option(help="Whether batch-norm statistics stay as pretrained or follow the batches.")
    ] = PAPER.batch_norm


@dataclass(frozen=True, kw_only=True)
class DataOptions:
    """Which ratings, and how they are split."""

    panel: ClassVar[str] = "Which ratings"
    dataset: Annotated[
        str, typer.Option(help="A data set of 'bench datasets list', or a CSV of your own, as in 'bench run'.")
    ] = PAPER.dataset
    train_split: Annotated[str | None, typer.Option(help="Part to train on.", show_default="train")] = None
    validation_split: Annotated[
        str | None, typer.Option(help="Part to validate on.", show_default="a share of the training part is held out")
    ] = None
    split_by: Annotated[
        SplitBy,
        typer.Option(
            "--split", help="Whether captions with all their pairs are held out, or single pairs as in the paper."
        ),
    ] = PAPER.split_by
    validation_share: Annotated[
        float,
        typer.Option(
            show_default=f"{PAPER.validation_share:.4f}", help="Share of the training pairs that is held out."
        ),
    ] = PAPER.validation_share
    split_seed: Annotated[int, typer.Option(help="Seed that decides which share is held out.")] = PAPER.split_seed
    screening: Screening = None
    scale: Scale = None


@dataclass(frozen=True, kw_only=True)
class ObjectiveOptions:
    """What training aims at."""

    panel: ClassVar[str] = "What training aims at"
    loss: Annotated[
        str, typer.Option(help="Terms joined by +, with weights if you like: wsce+mae, mse, wsce:0.2+mse:1.")
    ] = PAPER.loss
    regress_on: Annotated[
        RegressOn, typer.Option(help="What regression compares with ratings: max(cos, 0) as in the paper, or cos.")
    ] = PAPER.regress_on
    select: Annotated[
        Selection, typer.Option(help="Best epoch: the one of lowest validation loss, or of highest validation SRCC.")
    ] = PAPER.select
    patience: Annotated[
        int | None, typer.Option(help="Stop after this many epochs without a better one.", show_default="never")
    ] = None


@dataclass(frozen=True, kw_only=True)
class OptimizerOptions:
    """How training proceeds."""

    panel: ClassVar[str] = "How training proceeds"
    epochs: Annotated[int, typer.Option(help="Number of passes over the training pairs.")] = PAPER.epochs
    max_steps: Annotated[
        int | None, typer.Option(help="Stop after this many optimizer steps.", show_default="no such limit")
    ] = None
    batch_size: Annotated[int, typer.Option(help="Number of pairs in one forward pass of one process.")] = (
        PAPER.batch_size
    )
    accumulate: Annotated[int, typer.Option(help="Number of forward passes to one optimizer step.")] = PAPER.accumulate
    lr: Annotated[float, typer.Option(help="Learning rate at its highest.")] = PAPER.lr
    weight_decay: Annotated[float, typer.Option(help="Weight decay of AdamW, for matrices only.")] = PAPER.weight_decay
    schedule: Annotated[Schedule, typer.Option(help="Course of the learning rate after warm-up.")] = PAPER.schedule
    warmup_steps: Annotated[int, typer.Option(help="Number of steps in which the learning rate rises from 0.")] = (
        PAPER.warmup_steps
    )
    max_grad_norm: Annotated[
        float, typer.Option("--clip", help="Largest norm of a gradient; 0 leaves gradients as they are.")
    ] = PAPER.max_grad_norm
    precision: Annotated[
        TrainingPrecision, typer.Option(help="Number format of the forward pass; weights and losses are fp32 always.")
    ] = PAPER.precision
    gradient_checkpointing: Annotated[
        bool, typer.Option("--gradient-checkpointing", help="Recompute activations: less memory, more time.")
    ] = PAPER.gradient_checkpointing
    seed: Annotated[int, typer.Option(help="Seed of the order of pairs, of dropout and of new weights.")] = PAPER.seed


@dataclass(frozen=True, kw_only=True)
class PlaceOptions:
    """Where things lie."""

    panel: ClassVar[str] = "Where things lie"
    data_root: DataRoot = None
    cache_dir: Annotated[
        Path | None, typer.Option(help="Folder for decoded features.", show_default="in the user's cache")
    ] = None
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder in which the checkpoint's folder appears.", show_default="where human:NAME is looked for"
        ),
    ] = None
    store: Annotated[Storage, typer.Option(help="Number format of the weights on disk.")] = "fp32"
    tensorboard: Annotated[
        Path | None, typer.Option(help="Write curves for TensorBoard to this folder.", show_default="none are written")
    ] = None
    push_to_hub: Annotated[
        str | None,
        typer.Option(
            help="Upload the checkpoint to this hub id when done; those of several --seeds to ID-seed0, ID-seed1, ….",
            show_default="not uploaded",
        ),
    ] = None


def config_of(*groups: ModelOptions | DataOptions | ObjectiveOptions | OptimizerOptions) -> TrainingConfig:
    """Return the recipe that the groups' options are the fields of."""
    return TrainingConfig(**{name: value for group in groups for name, value in asdict(group).items()})
