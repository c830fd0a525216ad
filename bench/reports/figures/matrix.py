"""Which metric is better than which: paired differences on all pairs, and which may be the best."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from bench.analysis.strata import ALL
from bench.reports.figures.labels import short_labels, widest
from bench.reports.figures.style import (
    BLACK,
    COLUMN_WIDTH,
    GREY,
    PALE,
    POINTS_PER_INCH,
    SMALL_SIZE,
    new_figure,
    styled,
)
from bench.statistics.agreement import PRIMARY
from bench.statistics.bootstrap import CorrelationEstimate
from bench.statistics.comparison import CorrelationDifference
from bench.statistics.standing import Standing

WITH_INTERVALS = 7
"""Up to this many metrics, a cell is wide enough for the ends of its interval."""
_CELL = 0.3  # inches that a cell with an interval needs
_NARROWEST, _WIDEST = 80.0, 120.0  # points for a metric's name
_KEY = 22.0  # points of the key behind the name, and gaps
_STRONGEST = 0.5


@dataclass(frozen=True, slots=True)
class Difference:
    """One metric minus another, with its simultaneous interval, and whether it was shown."""

    delta: float
    low: float
    high: float
    shown: bool

    def turned(self) -> Difference:
        """Return the other metric minus the one."""
        return Difference(-self.delta, -self.high, -self.low, self.shown)


@styled
def difference_figure(
    estimates: Sequence[CorrelationEstimate],
    differences: Sequence[CorrelationDifference],
    standings: Sequence[Standing],
) -> Figure | None:
    """Draw the differences in the primary statistic on all pairs; None with a single metric."""
    found = {
        (d.metric_a, d.metric_b): Difference(d.delta, d.sim_low, d.sim_high, d.is_shown)
        for d in differences
        if (d.stratum, d.statistic) == (ALL, PRIMARY.id)
    }
    here = [one for one in standings if (one.stratum, one.statistic) == (ALL, PRIMARY.id)]
    return draw_matrix(ranked_metrics(estimates), found, here)


def draw_matrix(
    metrics: Sequence[str], found: Mapping[tuple[str, str], Difference], standings: Sequence[Standing]
) -> Figure | None:
    """Draw a cell for each two metrics, best metric first; None with a single metric.

    Above the diagonal stands the value of the row's metric minus that of the column's, coloured where the adjusted p is
    at or below 0.05; below it, with few metrics, the simultaneous interval of the same difference. The diagonal has the
    letters of the metrics, and a frame around those that may be the best.
    """
    if not found:
        return None
    standing = {one.metric: one for one in standings}
    keys = [_key(position) for position in range(len(metrics))]
    room = (COLUMN_WIDTH - _CELL * len(metrics)) * POINTS_PER_INCH - _KEY
    names = short_labels(metrics, min(max(room, _NARROWEST), _WIDEST))
    labels = [f"{names[metric]}  {key}" for metric, key in zip(metrics, keys, strict=True)]
    side = COLUMN_WIDTH - (widest(labels) + 10) / POINTS_PER_INCH
    figure = new_figure(min(side, 0.45 * len(metrics)) + 0.25)
    axes = figure.subplots()
    _prepare(axes, keys, labels)
    for row in range(len(metrics)):
        _draw_letters(axes, row, standing.get(metrics[row]))
        for column in range(row + 1, len(metrics)):
            one = _difference(found, metrics[row], metrics[column])
            if one is not None:
                _draw_difference(axes, row, column, one.delta, one.shown)
            if one is not None and len(metrics) <= WITH_INTERVALS:
                _draw_interval(axes, column, row, (one.low, one.high))
    if len({one.may_be_best for one in standing.values()}) > 1:
        _frame_best(axes, metrics, {metric for metric, one in standing.items() if one.may_be_best})
    return figure


def ranked_metrics(estimates: Sequence[CorrelationEstimate]) -> list[str]:
    """Return metrics by the primary statistic on all pairs, best first; those without an estimate last."""
    sign = -1 if PRIMARY.higher_is_better else 1
    value = {e.metric: sign * e.estimate for e in estimates if (e.stratum, e.statistic) == (ALL, PRIMARY.id)}
    return sorted(value, key=lambda metric: (math.isnan(value[metric]), value[metric]))


def _difference(found: Mapping[tuple[str, str], Difference], row: str, column: str) -> Difference | None:
    """Return the difference of two metrics, whichever way round it was computed."""
    if (row, column) in found:
        return found[row, column]
    other = found.get((column, row))
    return other and other.turned()


def _prepare(axes: Axes, keys: Sequence[str], labels: Sequence[str]) -> None:
    n = len(keys)
    axes.set_xlim(0, n)
    axes.set_ylim(n, 0)
    axes.set_xticks([k + 0.5 for k in range(n)], keys)
    axes.set_yticks([k + 0.5 for k in range(n)], labels)
    axes.tick_params(length=0, top=False, labeltop=True, bottom=False, labelbottom=False)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)


def _draw_letters(axes: Axes, row: int, standing: Standing | None) -> None:
    axes.add_patch(Rectangle((row, row), 1, 1, facecolor=PALE, edgecolor="white"))
    text = standing.letters if standing and standing.letters else "–"
    size = SMALL_SIZE if len(text) > 2 else None
    axes.text(row + 0.5, row + 0.5, text, ha="center", va="center", weight="bold", size=size)


def _draw_difference(axes: Axes, row: int, column: int, delta: float, shown: bool) -> None:
    strength = min(abs(delta) / _STRONGEST, 1) if shown else 0.0
    colour = colormaps["Blues"](0.2 + 0.7 * strength) if shown else "white"
    axes.add_patch(Rectangle((column, row), 1, 1, facecolor=colour, edgecolor=PALE))
    ink = "white" if strength > 0.5 else BLACK if shown else GREY
    axes.text(
        column + 0.5, row + 0.5, _short(delta), ha="center", va="center", color=ink, size=SMALL_SIZE, gid="difference"
    )


def _draw_interval(axes: Axes, row: int, column: int, interval: Sequence[float]) -> None:
    low, high = interval
    text = "" if math.isnan(low) or math.isnan(high) else f"{_short(low)}\n{_short(high)}"
    axes.text(
        column + 0.5,
        row + 0.5,
        text,
        ha="center",
        va="center",
        color=GREY,
        size=SMALL_SIZE,
        linespacing=1.0,
        gid="interval",
    )


def _frame_best(axes: Axes, metrics: Sequence[str], may_be_best: Collection[str]) -> None:
    for place, metric in enumerate(metrics):
        if metric in may_be_best:
            axes.add_patch(
                Rectangle((place, place), 1, 1, fill=False, edgecolor=BLACK, linewidth=1.0, clip_on=False, gid="best")
            )


def _short(value: float) -> str:
    """Return two digits without the leading zero, to fit twelve cells in a column: ``.07``, ``−.21``, ``1.02``."""
    return "–" if math.isnan(value) else f"{value:.2f}".replace("0.", ".", 1).replace("-", "−")


def _key(position: int) -> str:
    """Return A to Z, then AA, AB …"""
    first, last = divmod(position, 26)
    return ("" if first == 0 else chr(64 + first)) + chr(65 + last)
