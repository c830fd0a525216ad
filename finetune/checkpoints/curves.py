"""The course of a training as a picture, in the style of the figures of a run."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.reports.figures.panels import add_legend, legend_height, round_ticks
from bench.reports.figures.style import BLUE, GREEN, GREY, VERMILION, new_figure, styled, write_figure
from bench.statistics.agreement import PRIMARY

PANELS_HEIGHT = 1.5
KEPT = "epoch kept"


def draw_curves(history: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write losses and the primary statistic by epoch, one column of a two-column paper wide.

    Args:
        history: records as `finetune.training.state.EpochRecord`, as dicts; None stands for a value that is undefined.
        path: a ``.png``, ``.svg`` or ``.pdf`` file.
    """
    write_figure(training_figure(history), path)


@styled
def training_figure(history: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw losses (left) and validation agreement (right); a vertical line marks the epoch that was kept."""
    best = [record["epoch"] for record in history if record["best"]]
    labels = ["training", "validation", *([KEPT] if best else [])]
    figure = new_figure(PANELS_HEIGHT + legend_height(labels))
    loss, agreement = figure.subplots(1, 2)
    handles = [
        _draw(loss, history, [_number(record["train_loss"]) for record in history], BLUE, "o"),
        _draw(loss, history, [_number(record["validation_loss"]) for record in history], VERMILION, "s"),
    ]
    _draw(agreement, history, [_number(record["statistics"][PRIMARY.id]) for record in history], GREEN, "^")
    for axes, name in ((loss, "loss"), (agreement, f"validation {PRIMARY.name}")):
        axes.set_title(name, pad=3)
        axes.xaxis.set_major_locator(round_ticks(4))
        axes.yaxis.set_major_locator(round_ticks(5))
        lines = [axes.axvline(epoch, color=GREY, linestyle=":") for epoch in best[-1:]]
    figure.supxlabel("epoch")
    add_legend(figure, [*handles, *lines], labels)
    return figure


def _draw(axes: Axes, history: Sequence[Mapping[str, Any]], values: Sequence[float], colour: str, marker: str) -> Any:
    epochs = [record["epoch"] for record in history]
    [line] = axes.plot(epochs, values, color=colour, marker=marker, markersize=2.0, markeredgewidth=0)
    return line


def _number(value: float | None) -> float:
    return math.nan if value is None else value
