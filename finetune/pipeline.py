"""From a request to a checkpoint: load -> train -> save -> evaluate -> describe."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from accelerate import PartialState

from bench.analysis.leakage import read_training
from bench.datasets.catalog import load_dataset
from bench.datasets.types import RatedPair
from bench.files.manifest import Option, describe_code, describe_environment, installed_packages, redact
from bench.files.records import plain
from finetune.checkpoints.base import Base, find_base
from finetune.checkpoints.card import BASE, CURVES_NAME, TRAINED, model_card
from finetune.checkpoints.curves import draw_curves
from finetune.checkpoints.evaluation import Evaluation, evaluate_models
from finetune.checkpoints.folder import (
    CARD_NAME,
    new_folder,
    read_record,
    refuse_existing,
    save_model,
    save_record,
)
from finetune.checkpoints.work import is_main_process, occupied, work_folder
from finetune.config import Storage, TrainingConfig
from finetune.data.rated import DataOptions, RatedData, data_record, load_rated_data
from finetune.training.loop import SAVE_EVERY_S, Diverged, Training, train
from finetune.training.losses import parse_loss
from finetune.training.state import EpochRecord
from metrics.errors import UsageError
from metrics.files import write_text
from metrics.models.forward import choose_device
from metrics.models.hf_model import LoadedClap, load_clap
from metrics.types import ProgressCallback, ScorerOptions, no_progress

FORMAT = 1
"""Of ``training.json``."""

Observer = Callable[[EpochRecord], None]
Parts = dict[str, tuple[RatedPair, ...]]


@dataclass(frozen=True)
class TrainingRequest:
    """What ``finetune train`` was asked to do.

    Attributes:
        config: the recipe.
        folder: of the checkpoint; its name is the model's.
        data: where data are read.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        test_split: part of the data set that the finished model is evaluated on; None evaluates on validation only.
        resume, overwrite: what to do with a training that was cut off, and with a checkpoint of the same name.
        storage: of the weights on disk.
        save_every_s: seconds between savings of the state.
        options, argv: of the command, for the record.
    """

    config: TrainingConfig
    folder: Path
    data: DataOptions
    device: str = "auto"
    test_split: str | None = None
    resume: bool = False
    overwrite: bool = False
    storage: Storage = "fp32"
    save_every_s: float = SAVE_EVERY_S
    options: Mapping[str, Option] = field(default_factory=dict)
    argv: tuple[str, ...] = ()


def run_training(
    request: TrainingRequest, observe: Observer = lambda _: None, progress: ProgressCallback = no_progress
) -> dict[str, Any]:
    """Train and write the checkpoint; return what ``training.json`` holds.

    Raises:
        Diverged: a loss became NaN; the checkpoint of the best epoch before is written, if there is one.
        ClapBenchError: the request, the data or the disk do not allow it; then nothing is written.
    """
    parse_loss(request.config.loss)
    choose_device(request.device)
    refuse_existing(request.folder, request.overwrite)
    if not is_main_process():
        _, clap, data = load(request, no_progress)
        learn(request, clap, data, work_folder(request.folder), lambda _: None, no_progress)
        return {}
    with occupied(request.folder, resume=request.resume, overwrite=request.overwrite) as work:
        base, clap, data = load(request, progress)
        tested = test_part(request)
        try:
            training = learn(request, clap, data, work, observe, progress)
        except Diverged as error:
            raise _after_divergence(request, base, data, tested, error, progress) from error
        record = finish(request, base, data, tested, training, progress)
        shutil.rmtree(work)
    return record


def load(request: TrainingRequest, progress: ProgressCallback) -> tuple[Base, LoadedClap, RatedData]:
    """Load model and data."""
    base = find_base(request.config.base)
    clap = load_clap(base.model, base.processor)
    return base, clap, load_rated_data(clap, request.config, request.data, progress)


def learn(
    request: TrainingRequest,
    clap: LoadedClap,
    data: RatedData,
    work: Path,
    observe: Observer,
    progress: ProgressCallback,
) -> Training:
    """Train, once every process is ready."""
    PartialState(cpu=request.device == "cpu").wait_for_everyone()
    return train(
        clap,
        data.sets["train"],
        data.sets["validation"],
        request.config,
        work,
        device=request.device,
        save_every_s=request.save_every_s,
        observe=observe,
        progress=progress,
    )


def finish(
    request: TrainingRequest, base: Base, data: RatedData, tested: Parts, training: Training, progress: ProgressCallback
) -> dict[str, Any]:
    """Save, evaluate and describe the model, all or nothing; return what ``training.json`` holds."""
    parts = {"validation": data.parts["validation"], **tested}
    with new_folder(request.folder, request.overwrite) as folder:
        save_model(training.embedder.finished_model(), base.processor, folder, request.storage)
        models = {TRAINED: (folder, folder), BASE: (base.model, base.processor)}
        options = ScorerOptions(device=request.device, workers=request.data.workers)
        evaluations = evaluate_models(models, parts, data.dataset.scale, options, progress)
        record = describe(request, base, [data_record(data)], training, evaluations)
        describe_in(folder, record)
    return record


def describe(
    request: TrainingRequest,
    base: Base,
    data: list[dict[str, Any]],
    training: Training,
    evaluations: Sequence[Evaluation],
) -> dict[str, Any]:
    """Return the record of a training; the data of the base model's own training stand behind its own."""
    before = read_training(base.model)
    record: dict[str, Any] = plain(
        {
            "format": FORMAT,
            "name": request.folder.name,
            "finished": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "argv": redact(request.argv),
            "config": plain(request.config),
            "options": request.options,
            "base": {"name": base.name, "sha256": base.sha256},
            "data": [*data, *(before["data"] if before else [])],
            "history": training.history,
            "best_epoch": training.best.epoch if training.best else None,
            "stopped": training.stopped,
            "evaluations": evaluations,
            "code": describe_code(),
            "environment": describe_environment(request.device, request.config.batch_size),
            "packages": installed_packages(),
        }
    )
    return record


def describe_in(folder: Path, record: Mapping[str, Any]) -> None:
    """Write everything in a checkpoint folder that follows from the record, and the record."""
    draw_curves(record["history"], folder / CURVES_NAME)
    write_text(folder / CARD_NAME, model_card(record))
    save_record(dict(record), folder)


def run_seeds(
    request: TrainingRequest, n_seeds: int, observe: Observer, progress: ProgressCallback = no_progress
) -> list[dict[str, Any]]:
    """Train with ``n_seeds`` seeds from the config's on, each into a folder of its own; return their records.

    The data are split alike: what differs is the order of pairs, dropout and new weights. With ``resume``, seeds that
    are complete are not trained again.
    """
    records = []
    for seed in range(request.config.seed, request.config.seed + n_seeds):
        folder = request.folder.with_name(f"{request.folder.name}-seed{seed}")
        one = replace(request, config=replace(request.config, seed=seed), folder=folder)
        if request.resume and folder.exists():
            records.append(read_record(folder))
            continue
        resumable = one.resume and work_folder(folder).exists()
        records.append(run_training(replace(one, resume=resumable), observe, progress))
    return records


def _after_divergence(
    request: TrainingRequest, base: Base, data: RatedData, tested: Parts, error: Diverged, progress: ProgressCallback
) -> Diverged:
    """Keep the best epoch before, and return the error with its place."""
    shutil.rmtree(work_folder(request.folder))  # going on would end at the same step
    if error.training.best is None:
        return Diverged(f"{error}; no epoch was finished before, and nothing is written", error.training)
    finish(request, base, data, tested, error.training, progress)
    kept = f"the model of epoch {error.training.best.epoch} is in {request.folder}"
    return Diverged(f"{error}; {kept}", error.training)


def test_part(request: TrainingRequest) -> Parts:
    """Return the pairs to test on; none where the data set has no such part (unless it was asked for) or no clips."""
    if request.test_split is None:
        return {}
    config = request.config
    try:
        dataset = load_dataset(
            config.dataset,
            split=request.test_split,
            screening=config.screening,
            data_root=request.data.data_root,
            scale=config.scale,
        )
    except UsageError:
        if request.options.get("test_split", Option(None, False)).passed:
            raise
        return {}
    is_here = any(rated.pair.audio_path.is_file() for rated in dataset.pairs)
    return {request.test_split: dataset.pairs} if is_here else {}
