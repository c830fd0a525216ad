"""``finetune train``."""

from __future__ import annotations

import sys
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

import typer

from bench.commands.run import Device, passed_and_defaulted
from bench.terminal.console import say
from finetune.commands.observers import TensorBoard, observing
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
from metrics.files import cache_folder

PAPER = TrainingConfig()


def train_command(
    context: typer.Context,
    loss: Annotated[str, typer.Option(help="Terms joined by +, e.g. wsce+mae, mse, wsce:0.2+mse:1.")] = PAPER.loss,
    base: Annotated[
        str, typer.Option(help="Model to start from: hub id, folder, metric name (human, tiny, …) or laion_clap .pt.")
    ] = PAPER.base,
    dataset: Annotated[str, typer.Option(help="relate, demo, … or your own FILE.csv, as in 'bench run'.")] = "relate",
    name: Annotated[str | None, typer.Option(help="Of the new variant. [default: DATASET-LOSS]")] = None,
    epochs: Annotated[int, typer.Option(help="Passes over the training pairs.")] = PAPER.epochs,
    max_steps: Annotated[int | None, typer.Option(help="Stop after so many optimizer steps.")] = None,
    batch_size: Annotated[int, typer.Option(help="Pairs in one forward pass of one process.")] = PAPER.batch_size,
    accumulate: Annotated[int, typer.Option(help="Forward passes to one optimizer step.")] = PAPER.accumulate,
    lr: Annotated[float, typer.Option(help="Learning rate.")] = PAPER.lr,
    weight_decay: Annotated[float, typer.Option(help="Of AdamW, for matrices.")] = PAPER.weight_decay,
    schedule: Annotated[Schedule, typer.Option(help="Of the learning rate after warm-up.")] = PAPER.schedule,
    warmup_steps: Annotated[int, typer.Option(help="Steps in which the learning rate rises.")] = PAPER.warmup_steps,
    max_grad_norm: Annotated[float, typer.Option("--clip", help="Largest norm of a gradient; 0 for any.")] = 0.0,
    precision: Annotated[TrainingPrecision, typer.Option(help="Of the forward pass.")] = PAPER.precision,
    batch_norm: Annotated[BatchNorm, typer.Option(help="Statistics: as pretrained, or of the batches.")] = "frozen",
    freeze: Annotated[Freeze, typer.Option(help="Towers that are not trained.")] = "none",
    lora_rank: Annotated[int, typer.Option("--lora", help="Rank of low-rank adapters; 0 trains all weights.")] = 0,
    gradient_checkpointing: Annotated[
        bool, typer.Option("--gradient-checkpointing", help="Recompute activations: less memory, more time.")
    ] = False,
    regress_on: Annotated[
        RegressOn, typer.Option(help="What regression compares with ratings: max(cos, 0) as in the paper, or cos.")
    ] = PAPER.regress_on,
    train_split: Annotated[str | None, typer.Option(help="Part to train on. [default: train]")] = None,
    validation_split: Annotated[
        str | None, typer.Option(help="Part to validate on. [default: a share of the training part is held out]")
    ] = None,
    test_split: Annotated[str, typer.Option(help="Part to evaluate the finished model on; none for none.")] = "test",
    split_by: Annotated[
        SplitBy, typer.Option("--split", help="Hold out captions with all their pairs, or single pairs as the paper.")
    ] = PAPER.split_by,
    validation_share: Annotated[float, typer.Option(help="Held out, of the training pairs.")] = round(
        PAPER.validation_share, 4
    ),
    split_seed: Annotated[int, typer.Option(help="Which share is held out.")] = 0,
    screening: Annotated[str | None, typer.Option(help="Which listeners count, as in 'bench run'.")] = None,
    scale: Annotated[str | None, typer.Option(help="Lowest and highest rating of your own CSV, e.g. 1-5.")] = None,
    select: Annotated[Selection, typer.Option(help="The best epoch has the best validation …")] = PAPER.select,
    patience: Annotated[int | None, typer.Option(help="Stop after so many epochs without a better one.")] = None,
    seed: Annotated[int, typer.Option(help="Of the order of pairs, dropout and new weights.")] = 0,
    seeds: Annotated[int, typer.Option(min=1, help="Train so many models, from --seed on; print mean and SD.")] = 1,
    data_root: Annotated[Path | None, typer.Option(help="Folder of the data set.")] = None,
    cache_dir: Annotated[Path | None, typer.Option(help="Folder for decoded features.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the checkpoint's folder. [default: where human:NAME is looked for]")
    ] = None,
    device: Annotated[Device, typer.Option(help="Where to train.")] = "auto",
    workers: Annotated[int, typer.Option(min=0, help="Threads that decode audio.")] = 0,
    save_every: Annotated[
        float, typer.Option(min=0, help="Seconds of work that a kill may cost; 0 saves after every step.")
    ] = 300.0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where a training was cut off.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a checkpoint of the same name.")] = False,
    skip_unreadable: Annotated[
        bool, typer.Option("--skip-unreadable", help="Leave out pairs whose clip cannot be heard.")
    ] = False,
    store: Annotated[Storage, typer.Option(help="Weights on disk.")] = "fp32",
    tensorboard: Annotated[Path | None, typer.Option(help="Write curves for TensorBoard to this folder.")] = None,
    push_to_hub: Annotated[str | None, typer.Option(help="Upload to this hub id when done.")] = None,
) -> None:
    """Fine-tune a CLAP model on human ratings; the result is the metric human:NAME at once.

    Defaults are the paper's: AdamW, learning rate 1e-5, batch 8, 50 epochs, the epoch with the lowest validation loss.
    """
    from finetune.checkpoints.folder import push_to_hub as push
    from finetune.checkpoints.work import checkpoint_folder
    from finetune.data.rated import DataOptions
    from finetune.pipeline import TrainingRequest, run_seeds, run_training

    request = TrainingRequest(
        config=config_from(locals()),
        folder=checkpoint_folder(name or default_name(dataset, loss), out),
        data=DataOptions(data_root, cache_dir or cache_folder() / "features", workers, skip_unreadable),
        device=device,
        test_split=None if test_split == "none" else test_split,
        resume=resume,
        overwrite=overwrite,
        storage=store,
        save_every_s=save_every,
        options=passed_and_defaulted(context),
        argv=tuple(sys.argv),
    )
    with observing(TensorBoard.at(tensorboard)) as (observe, progress):
        records = (
            [run_training(request, observe, progress)] if seeds == 1 else run_seeds(request, seeds, observe, progress)
        )
    records = [record for record in records if record]  # of several processes only the first has any
    report(records, request.folder.parent)
    if push_to_hub is not None:
        for record in records:
            say(f"Pushed: {push(request.folder.parent / record['name'], push_to_hub)}")


def config_from(given: dict[str, Any]) -> TrainingConfig:
    """Return the config from the options that it consists of."""
    share = given["validation_share"]
    if share == round(PAPER.validation_share, 4):
        given = {**given, "validation_share": PAPER.validation_share}
    return TrainingConfig(**{field.name: given[field.name] for field in fields(TrainingConfig)})


def default_name(dataset: str, loss: str) -> str:
    """Return e.g. ``relate-wsce+mae``: the published variants are called by their loss alone."""
    return f"{Path(dataset).stem}-{loss}".replace(":", "").replace(" ", "")


def report(records: list[dict[str, Any]], folder: Path) -> None:
    """Print what was trained, on stdout, and where it is, on stderr."""
    from finetune.checkpoints.card import evaluation_table, seeds_table

    for record in records:
        for evaluation in record["evaluations"] if len(records) == 1 else []:
            typer.echo(evaluation_table(evaluation) + "\n")
        say(f"Checkpoint: {folder / record['name']}; score with it: bench run --metrics human:{record['name']}")
    if len(records) > 1:
        typer.echo(seeds_table(records))
