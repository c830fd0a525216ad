"""Trains ``tiny`` from scratch: `finetune.training.loop` on soundscapes that nobody has rated, with plain SCE.

Run as ``python -m tests.studies.retraining.pretrain FOLDER``: the checkpoint is FOLDER/tiny.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from bench.datasets.demo.dataset import load_demo
from bench.datasets.soundscapes import Soundscape
from finetune.checkpoints.base import Base
from finetune.checkpoints.card import TRAINED
from finetune.checkpoints.evaluation import evaluate_models
from finetune.checkpoints.folder import new_folder, refuse_existing, save_model
from finetune.checkpoints.work import occupied
from finetune.config import TrainingConfig
from finetune.data.features import extract_features
from finetune.data.pairs import PairSet
from finetune.data.rated import DataOptions
from finetune.pipeline import Observer, TrainingRequest, describe, describe_in
from finetune.training.loop import Training, train
from metrics.models.forward import choose_device
from metrics.models.hf_model import LoadedClap, load_clap
from metrics.models.variants import TINY
from metrics.types import ProgressCallback, ScorerOptions, no_progress
from tests.studies.retraining.soundscapes import PretrainingData, clip_source, draw_soundscapes
from tests.studies.retraining.tiny import new_tiny

ORIGIN = "new weights (tests.studies.retraining.tiny)"
WARMUP_SHARE = 0.1
NOTE = "drawn from a generator that leaves out every caption of the demo data; these captions and clips are not listed"


def main() -> None:
    """Pretrain with the recipe of the shipped model."""
    folder = Path(sys.argv[1]).resolve()
    data = PretrainingData()
    request = TrainingRequest(
        config=pretraining_config(data),
        folder=folder / TINY,
        data=DataOptions(folder / "demo", folder / "cache"),
        device="cpu",
        overwrite=True,
        storage="fp16",
        argv=tuple(sys.argv),
    )
    run_pretraining(request, data)


def pretraining_config(data: PretrainingData, **changes: Any) -> TrainingConfig:
    """Return the recipe of ``tiny``, changed as asked."""
    recipe = TrainingConfig(
        base=ORIGIN,
        dataset="demo",
        loss="sce",
        epochs=8,
        batch_size=64,
        lr=2e-3,
        schedule="cosine",
        max_grad_norm=1.0,
        batch_norm="update",
    )
    changed = replace(recipe, **changes)
    n_steps = changed.epochs * data.n_clips // changed.batch_size
    return replace(changed, warmup_steps=round(WARMUP_SHARE * n_steps))


def run_pretraining(
    request: TrainingRequest,
    data: PretrainingData,
    observe: Observer = lambda _: None,
    progress: ProgressCallback = no_progress,
) -> dict[str, Any]:
    """Pretrain a model and write its checkpoint; return what ``training.json`` holds.

    Raises:
        ClapBenchError: the request or the disk do not allow it; then nothing is written.
    """
    choose_device(request.device)
    refuse_existing(request.folder, request.overwrite)
    with occupied(request.folder, resume=request.resume, overwrite=request.overwrite) as work:
        training_scapes, validation_scapes = draw_soundscapes(data)
        start = new_tiny(work / "start", [scape.caption for scape in training_scapes], request.config.seed)
        clap = load_clap(start)
        shown = _pair_set(clap, training_scapes, request, progress)
        held_out = _pair_set(clap, validation_scapes, request, progress)
        config, device = request.config, request.device
        training = train(clap, shown, held_out, config, work, device=device, observe=observe, progress=progress)
        record = _finish(request, data, start, training, progress)
        shutil.rmtree(work)
    return record


def _finish(
    request: TrainingRequest, data: PretrainingData, start: Path, training: Training, progress: ProgressCallback
) -> dict[str, Any]:
    """Save the model, and evaluate it on the test part of the demo's ratings, which it was not trained on."""
    with new_folder(request.folder, request.overwrite) as folder:
        save_model(training.embedder.finished_model(), start, folder, request.storage)
        tested = load_demo(request.data.data_root, split="test", progress=progress)
        options = ScorerOptions(device=request.device, workers=request.data.workers)
        parts = {"test": tested.pairs}
        evaluations = evaluate_models({TRAINED: (folder, folder)}, parts, tested.scale, options, progress)
        origin = Base(ORIGIN, start, start, "")
        record = describe(request, origin, [_data_record(data)], training, evaluations)
        describe_in(folder, record)
    return record


def _pair_set(
    clap: LoadedClap, soundscapes: list[Soundscape], request: TrainingRequest, progress: ProgressCallback
) -> PairSet:
    clips = [clip_source(soundscape) for soundscape in soundscapes]
    return PairSet(
        extract_features(clap, clips, request.data.cache, request.data.workers, progress),
        np.arange(len(soundscapes)),
        tuple(clap.prepare_captions([soundscape.caption for soundscape in soundscapes])),
        np.ones(len(soundscapes)),
    )


def _data_record(data: PretrainingData) -> dict[str, Any]:
    recipe = asdict(data)
    unlisted: dict[str, Any] = {"captions": None, "clips": None, "listeners": [], "note": NOTE}
    return {
        "name": "soundscapes of the demo's generator",
        "recipe": recipe,
        "sha256": hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest(),
        "notes": [
            "Synthetic soundscapes: nothing is known about how it scores real audio.",
            f"{data.corrupted_share:.0%} of the clips are not what their caption says, as on the web.",
        ],
        "parts": {
            "train": {"n_pairs": data.n_clips, **unlisted},
            "validation": {"n_pairs": data.n_validation, **unlisted},
        },
    }


if __name__ == "__main__":
    main()
