"""``finetune train``."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from bench.terminal.console import put, say
from bench.terminal.options import Device, passed_and_defaulted, takes_options
from finetune.commands.observers import TensorBoard, observing
from finetune.commands.options import (
    DataOptions,
    ModelOptions,
    ObjectiveOptions,
    OptimizerOptions,
    PlaceOptions,
    config_of,
)
from metrics.files import cache_folder


@takes_options
def train_command(
    context: typer.Context,
    *,
    objective: ObjectiveOptions,
    model: ModelOptions,
    data: DataOptions,
    optimizer: OptimizerOptions,
    places: PlaceOptions,
    name: Annotated[str | None, typer.Option(help="Name of the new variant.", show_default="DATASET-LOSS")] = None,
    test_split: Annotated[
        str, typer.Option(help="Part that the finished model is evaluated on; none for no evaluation.")
    ] = "test",
    seeds: Annotated[
        int, typer.Option(min=1, help="Number of models to train, with seeds from --seed on; prints mean and SD.")
    ] = 1,
    device: Annotated[
        Device, typer.Option(help="Device on which to train; auto takes cuda, then mps, then cpu.")
    ] = "auto",
    workers: Annotated[int, typer.Option(min=0, help="Number of threads that decode audio.")] = 0,
    save_every: Annotated[
        float, typer.Option(min=0, help="Seconds of work that a kill may cost; 0 saves after every step.")
    ] = 300.0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where a training was cut off.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a checkpoint of the same name.")] = False,
    skip_unreadable: Annotated[
        bool, typer.Option("--skip-unreadable", help="Leave out pairs whose clip cannot be heard.")
    ] = False,
) -> None:
    """Fine-tune a CLAP model on human ratings; the result is the metric human:NAME at once.

    Defaults are the paper's: AdamW, learning rate 1e-5, batch 8, 50 epochs, the epoch with the lowest validation loss.
    """
    from finetune.checkpoints.folder import push_to_hub as push
    from finetune.checkpoints.work import checkpoint_folder
    from finetune.data.rated import DataOptions as RatedDataOptions
    from finetune.pipeline import TrainingRequest, run_seeds, run_training

    cache = places.cache_dir or cache_folder() / "features"
    request = TrainingRequest(
        config=config_of(objective, model, data, optimizer),
        folder=checkpoint_folder(name or default_name(data.dataset, objective.loss), places.out),
        data=RatedDataOptions(places.data_root, cache, workers, skip_unreadable),
        device=device,
        test_split=None if test_split == "none" else test_split,
        resume=resume,
        overwrite=overwrite,
        storage=places.store,
        save_every_s=save_every,
        options=passed_and_defaulted(context),
        argv=tuple(sys.argv),
    )
    with observing(TensorBoard.at(places.tensorboard)) as (observe, progress):
        records = (
            [run_training(request, observe, progress)] if seeds == 1 else run_seeds(request, seeds, observe, progress)
        )
    records = [record for record in records if record]  # of several processes only the first has any
    report(records, request.folder.parent)
    if places.push_to_hub is not None:
        for record in records:
            place = request.folder.parent / record["name"]
            say(f"Pushed: {push(place, repository_of(places.push_to_hub, record, seeds))}")


def repository_of(asked: str, record: dict[str, Any], seeds: int) -> str:
    """Return the hub id of one of ``seeds`` models: a repository holds one."""
    return asked if seeds == 1 else f"{asked}-seed{record['config']['seed']}"


def default_name(dataset: str, loss: str) -> str:
    """Return e.g. ``relate-wsce+mae``: the published variants are called by their loss alone."""
    return f"{Path(dataset).stem}-{loss}".replace(":", "").replace(" ", "")


def report(records: list[dict[str, Any]], folder: Path) -> None:
    """Print what was trained, on stdout, and where it is, on stderr."""
    from finetune.checkpoints.card import evaluation_table, seeds_table
    from finetune.checkpoints.work import metric_of

    for record in records:
        for evaluation in record["evaluations"] if len(records) == 1 else []:
            put(evaluation_table(evaluation) + "\n")
        place = folder / record["name"]
        say(f"Checkpoint: {place}; score with it: bench run --metrics {shlex.quote(metric_of(place))}")
    if len(records) > 1:
        put(seeds_table(records))
