"""The course of a training as a picture."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


def draw_curves(history: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Draw losses and SRCC by epoch; a vertical line marks the epoch that was kept.

    Args:
        history: records as `finetune.state.EpochRecord`, as dicts; None stands for a value that is undefined.
        path: a PNG file.
    """
    figure = Figure(figsize=(8, 3.2), layout="constrained")
    FigureCanvasAgg(figure)
    loss, agreement = figure.subplots(1, 2)
    epochs = [record["epoch"] for record in history]
    loss.plot(epochs, _values(history, "train_loss"), marker=".", label="training")
    loss.plot(epochs, _values(history, "validation_loss"), marker=".", label="validation")
    agreement.plot(epochs, [_number(r["statistics"]["srcc"]) for r in history], marker=".", color="C2")
    best = [record["epoch"] for record in history if record["best"]]
    for axes in (loss, agreement):
        axes.set_xlabel("epoch")
        axes.grid(alpha=0.3)
        if best:
            axes.axvline(best[-1], color="0.5", linestyle=":", label="kept")
    loss.set_ylabel("loss")
    loss.legend(frameon=False)
    agreement.set_ylabel("SRCC on the validation pairs")
    figure.savefig(path, dpi=120, metadata={"Software": None})


def _values(history: Sequence[Mapping[str, Any]], name: str) -> list[float]:
    return [_number(record[name]) for record in history]


def _number(value: float | None) -> float:
    return math.nan if value is None else value
