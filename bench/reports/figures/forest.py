"""The primary statistic by stratum with intervals: where does which metric agree with listeners?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.analysis.strata import CROSSINGS, StratumName
from bench.reports.figures.labels import short_labels
from bench.reports.figures.panels import add_legend, legend_height, round_ticks
from bench.reports.figures.style import GREY, MAX_HEIGHT, PALE, look, new_figure, styled
from bench.statistics.agreement import PRIMARY
from bench.statistics.bootstrap import CorrelationEstimate

_LABEL_WIDTH = 72.0
_LEGEND_WIDTH = 200.0
_AXIS = 0.55  # inches that the labels beneath take
_TIGHTEST = 0.05  # inches between two markers


Span = tuple[float, float, float]
"""An estimate and the ends of its interval."""


@styled
def forest_figure(estimates: Sequence[CorrelationEstimate], strata: Sequence[StratumName]) -> Figure | None:
    """Draw each metric's primary statistic and interval in each stratum; crossings of strata are in the tables.

    What has no estimate has no marker; what has no interval has no whisker.
    """
    found = {(e.metric, e.stratum): e for e in estimates if e.statistic == PRIMARY.id}
    shown = [stratum for stratum in strata if stratum.kind not in CROSSINGS]
    n_pairs = {e.stratum: e.n_pairs for e in estimates}
    labels = {one.id: (one.label, f"{n_pairs[one.id]:,} pairs") for one in shown if one.id in n_pairs}
    drawn = draw_forest({place: (e.estimate, e.low, e.high) for place, e in found.items()}, labels)
    if drawn is None:
        return None
    figure, axes, _ = drawn
    axes.axvline(0, color=GREY, linewidth=0.6, zorder=1)
    axes.set_xlabel(PRIMARY.name)
    return figure


def draw_forest(
    found: Mapping[tuple[str, str], Span], strata: Mapping[str, tuple[str, str]]
) -> tuple[Figure, Axes, int] | None:
    """Draw a row for each metric in each stratum; return the figure, its axes, and how many rows a stratum takes.

    Args:
        found: by metric and stratum.
        strata: label and size of each, by id, in the order of reading; the k-th begins at row k times that number.
    """
    metrics = list(dict.fromkeys(metric for metric, _ in found))
    if not metrics or not strata:
        return None
    names = short_labels(metrics, _LEGEND_WIDTH)
    step = len(metrics) + 1  # a metric a row, and a free row between strata
    figure = new_figure(_height(step * len(strata), len(metrics), legend_height(list(names.values()))))
    axes = figure.subplots()
    handles = []
    for m, metric in enumerate(metrics):
        known = [(s, found[metric, one]) for s, one in enumerate(strata) if (metric, one) in found]
        y = np.array([s * step + m for s, _ in known], dtype=float)
        axes.hlines(
            y, [low for _, (_, low, _) in known], [high for _, (*_, high) in known], look(m).colour, linewidth=0.9
        )
        handles += axes.plot(
            [span[0] for _, span in known], y, look(m).marker, color=look(m).colour, markeredgewidth=0, label=metric
        )
    for s in range(1, len(strata)):
        axes.axhline(s * step - 1, color=PALE, linewidth=0.6)
    middle = (len(metrics) - 1) / 2
    axes.set_yticks([s * step + middle for s in range(len(strata))], _stratum_labels(strata))
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    axes.set_ylim(len(strata) * step - 1, -1)
    axes.xaxis.set_major_locator(round_ticks(6))
    add_legend(figure, handles, list(names.values()))
    return figure, axes, step


def _height(n_rows: int, n_metrics: int, legend: float) -> float:
    """Return the height in inches: loose with few metrics, within a page unless markers would cover each other."""
    loose = 0.13 if n_metrics <= 4 else 0.095
    row = max(_TIGHTEST, min(loose, (MAX_HEIGHT - legend - _AXIS) / n_rows))
    return max(1.3, row * n_rows + _AXIS) + legend


def _stratum_labels(strata: Mapping[str, tuple[str, str]]) -> list[str]:
    names = short_labels((label for label, _ in strata.values()), _LABEL_WIDTH)
    return [f"{names[label]}\n{size}" for label, size in strata.values()]
