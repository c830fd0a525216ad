"""Where a training stands: what a training that was cut off needs to go on as if it had not been.

One file, written whole or not at all. Random numbers and learning rates need no place in it: they depend on the
position only (`finetune.training.order`).
"""

from __future__ import annotations

import pickle
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from finetune.config import TrainingConfig, as_record, differences, from_record
from metrics.errors import DataError, UnavailableError, UsageError, reason_of
from metrics.files import replacing

STATE_NAME = "state.pt"


@dataclass(frozen=True, slots=True)
class EpochRecord:
    """One line of the training's history; epoch 0 is the model before training.

    Attributes:
        epoch: passes completed.
        step: optimizer steps made.
        lr: learning rate of the last step; NaN before the first.
        temperature: tau of Eq. 5.
        train_loss: mean over the forward passes of the epoch; NaN before the first.
        train_terms: the same of each term, before weighting.
        validation_loss, validation_terms, statistics: see `finetune.training.validation.Validation`.
        seconds: time of training and validation.
        best: whether no epoch so far was better.
    """

    epoch: int
    step: int
    lr: float
    temperature: float
    train_loss: float
    train_terms: dict[str, float]
    validation_loss: float
    validation_terms: dict[str, float]
    statistics: dict[str, float]
    seconds: float
    best: bool


@dataclass
class Progress:
    """How far a training has come.

    Attributes:
        epoch: the epoch under way, from 1.
        step_in_epoch: optimizer steps made in it.
        step: optimizer steps made in all.
        sums: of the losses of its forward passes, by term and in all.
        n_passes: how many those were.
        seconds: spent on it so far.
        history: of finished epochs.
        best_weights: of the best epoch so far, on the CPU; empty before the first.
    """

    epoch: int = 1
    step_in_epoch: int = 0
    step: int = 0
    sums: dict[str, float] = field(default_factory=dict)
    n_passes: int = 0
    seconds: float = 0.0
    history: list[EpochRecord] = field(default_factory=list)
    best_weights: dict[str, Tensor] = field(default_factory=dict)

    @property
    def best(self) -> EpochRecord | None:
        """The best epoch so far."""
        return next((record for record in reversed(self.history) if record.best), None)


def save_state(work: Path, config: TrainingConfig, progress: Progress, parts: dict[str, Any]) -> None:
    """Write the state.

    Args:
        work: folder of the training.
        config: must be the same when the training goes on.
        progress: where it is.
        parts: state dicts of model and optimizer.

    Raises:
        UnavailableError: it cannot be written; the file that was there before is as it was.
    """
    content = {
        "config": as_record(config),
        "progress": {**vars(progress), "history": [asdict(record) for record in progress.history]},
        "parts": parts,
    }
    try:
        with replacing(work / STATE_NAME) as temporary:
            torch.save(content, temporary)
    except (OSError, RuntimeError) as error:  # torch's writer turns a full disk into a RuntimeError
        raise UnavailableError(
            f"cannot write {work / STATE_NAME} ({str(error).splitlines()[0]}); free some space and go on with --resume"
        ) from error


def load_state(work: Path, config: TrainingConfig) -> tuple[Progress, dict[str, Any]] | None:
    """Return the progress and the parts that `save_state` wrote, or None if nothing was.

    Raises:
        UsageError: it was written under another config.
        DataError: the file is damaged.
    """
    path = work / STATE_NAME
    if not path.is_file():
        return None
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        saved = from_record(content["config"])
        raw = content["progress"]
        progress = Progress(**{**raw, "history": [EpochRecord(**record) for record in raw["history"]]})
    except (RuntimeError, EOFError, KeyError, TypeError, pickle.UnpicklingError) as error:
        raise DataError(f"{path} is damaged ({reason_of(error)}); start anew with --overwrite") from error
    changed = differences(saved, config)
    if changed:
        raise UsageError(
            f"{work} was begun with other settings ({'; '.join(changed)}); "
            "resume with the same ones, or start anew with --overwrite"
        )
    return progress, content["parts"]
