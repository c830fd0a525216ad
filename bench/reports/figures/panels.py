"""One panel a metric, two beside each other; legends and intervals that several figures share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from bench.reports.figures.labels import shorten, widest
from bench.reports.figures.style import COLUMN_WIDTH, FONT_SIZE, GREY, MAX_HEIGHT, POINTS_PER_INCH, new_figure

SINGLE_HEIGHT = 2.6
ROW_HEIGHT = 1.55
_LEFT = 42.0  # points that tick labels, the shared label and gaps take
_HANDLE = 3.2 * FONT_SIZE  # a legend's handle and gaps, see legend.* in style.STYLE


def metric_panels(titles: Sequence[tuple[str, str]], extra_height: float = 0.0) -> tuple[Figure, list[Axes]]:
    """Return a figure with a panel for each (metric, remark), named above; the y axes are shared.

    Args:
        titles: metric name, shortened to the panel's width, and a second line; may be empty.
        extra_height: in inches, for legends or a colour bar.
    """
    columns = min(len(titles), 2)
    rows = -(-len(titles) // columns)
    height = SINGLE_HEIGHT if columns == 1 else min(ROW_HEIGHT, (MAX_HEIGHT - extra_height) / rows) * rows
    figure = new_figure(height + extra_height)
    grid = figure.subplots(rows, columns, sharey=True, squeeze=False).ravel()
    width = (COLUMN_WIDTH * POINTS_PER_INCH - _LEFT) / columns
    for axes, (metric, remark) in zip(grid, titles, strict=False):
        axes.set_title("\n".join(filter(None, (shorten(metric, width), shorten(remark, width)))), pad=3)
        axes.xaxis.set_major_locator(round_ticks(4))
        axes.yaxis.set_major_locator(round_ticks(5))
    for axes in grid[len(titles) :]:
        axes.remove()
    return figure, list(grid[: len(titles)])


def round_ticks(most: int) -> MaxNLocator:
    """Return at most so many steps between ticks, of 1, 2 or 5 times a power of ten: short labels, far apart."""
    return MaxNLocator(most, steps=[1, 2, 5, 10])


def unit_limits(values: np.ndarray) -> tuple[float, float]:
    """Return [0, 1] where all values lie in it, otherwise their range with a margin; NaN is passed over."""
    finite = values[np.isfinite(values)]
    if not finite.size or (finite.min() >= 0 and finite.max() <= 1):
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    margin = 0.05 * (high - low) or 0.05
    return low - margin, high + margin


def draw_identity(axes: Axes) -> None:
    """Draw where y equals x."""
    axes.axline((0, 0), slope=1, color=GREY, linewidth=0.6, linestyle=(0, (4, 3)), zorder=1)


def legend_columns(labels: Sequence[str]) -> int:
    """Return how many columns of these labels fit beside each other."""
    column = widest(labels) + _HANDLE + FONT_SIZE
    return max(1, min(len(labels), int((COLUMN_WIDTH * POINTS_PER_INCH - FONT_SIZE) / column)))


def legend_height(labels: Sequence[str]) -> float:
    """Return the height in inches of `add_legend`."""
    rows = -(-len(labels) // legend_columns(labels)) if labels else 0
    return 1.5 * FONT_SIZE * (rows + 0.8) / POINTS_PER_INCH


def add_legend(figure: Figure, handles: Sequence[Artist], labels: Sequence[str]) -> None:
    """Put a legend above the panels, in as many columns as fit."""
    figure.legend(
        list(handles), list(labels), loc="outside upper center", ncols=legend_columns(labels), borderaxespad=0.2
    )
