"""``finetune pretrain``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from bench.commands.run import Device, passed_and_defaulted
from finetune.commands.observers import observing
from finetune.commands.train import report
from finetune.config import Storage
from metrics.errors import UsageError
from metrics.files import cache_folder


def pretrain_command(
    context: typer.Context,
    name: Annotated[str, typer.Option(help="Of the checkpoint's folder.")] = "my-tiny",
    dataset: Annotated[str, typer.Option(help="Only demo: its generator makes the clips.")] = "demo",
    clips: Annotated[int, typer.Option(min=64, help="Soundscapes to train on.")] = 8000,
    corrupted: Annotated[float, typer.Option(min=0.0, max=1.0, help="Share of them that is not as captioned.")] = 0.6,
    epochs: Annotated[int, typer.Option(help="Passes over the soundscapes.")] = 8,
    batch_size: Annotated[int, typer.Option(help="Pairs in one forward pass.")] = 64,
    lr: Annotated[float, typer.Option(help="Learning rate at its highest.")] = 2e-3,
    seed: Annotated[int, typer.Option(help="Of soundscapes, weights and order.")] = 0,
    data_root: Annotated[Path | None, typer.Option(help="Folder of the demo's audio.")] = None,
    cache_dir: Annotated[Path | None, typer.Option(help="Folder for features, 64 kB a clip.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the checkpoint's folder. [default: where human:NAME is looked for]")
    ] = None,
    device: Annotated[Device, typer.Option(help="Where to train.")] = "auto",
    workers: Annotated[int, typer.Option(min=0, help="Threads that render clips.")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where a training was cut off.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a checkpoint of the same name.")] = False,
    store: Annotated[Storage, typer.Option(help="Weights on disk.")] = "fp32",
) -> None:
    """Train a CLAP of a quarter of a million parameters from scratch, on synthetic soundscapes with noisy captions.

    It is the metric tiny of this package, and the base of human:tiny-wsce+mae.
    """
    if dataset != "demo":
        raise UsageError(
            f"--dataset {dataset!r}: only demo has a generator to pretrain on; 'finetune train' takes others"
        )
    from finetune.checkpoints.work import checkpoint_folder
    from finetune.data.rated import DataOptions
    from finetune.data.soundscapes import PretrainingData
    from finetune.pipeline import TrainingRequest
    from finetune.pretrain import pretraining_config, run_pretraining

    data = PretrainingData(n_clips=clips, corrupted_share=corrupted, seed=seed)
    request = TrainingRequest(
        config=pretraining_config(data, epochs=epochs, batch_size=batch_size, lr=lr, seed=seed),
        folder=checkpoint_folder(name, out),
        data=DataOptions(data_root, cache_dir or cache_folder() / "features", workers),
        device=device,
        resume=resume,
        overwrite=overwrite,
        storage=store,
        options=passed_and_defaulted(context),
        argv=tuple(sys.argv),
    )
    with observing(None) as (observe, progress):
        record = run_pretraining(request, data, observe, progress)
    report([record], request.folder.parent)
