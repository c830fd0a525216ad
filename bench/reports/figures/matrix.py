"""Which metric is better than which: paired differences on all pairs, and the rank clusters that follow."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import groupby

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
from bench.statistics.comparison import CorrelationDifference, RankCluster

SHOWN = 0.05
"""Differences with a Holm-adjusted p below this are coloured."""
WITH_INTERVALS = 7
"""Up to this many metrics, a cell is wide enough for the ends of its interval."""
_CELL = 0.3  # inches that a cell with an interval needs
_NARROWEST, _WIDEST = 80.0, 120.0  # points for a metric's name
_KEY = 22.0  # points of the key behind the name, and gaps
_STRONGEST = 0.5


@styled
def difference_figure(
    estimates: Sequence[CorrelationEstimate],
    differences: Sequence[CorrelationDifference],
    clusters: Sequence[RankCluster],
) -> Figure | None:
    """Draw a cell for each two metrics, best metric first; None with a single metric.

    Above the diagonal stands the primary statistic of the row's metric minus that of the column's, coloured where the
    Holm-adjusted p is below 0.05; below it, with few metrics, the interval of the same difference. The diagonal has
    the ranks, and frames hold metrics of one rank.
    """
    deltas = {(d.metric_a, d.metric_b): d for d in differences if (d.stratum, d.statistic) == (ALL, PRIMARY.id)}
    if not deltas:
        return None
    rank = {c.metric: c.cluster for c in clusters if (c.stratum, c.statistic) == (ALL, PRIMARY.id)}
    metrics = ranked_metrics(estimates, rank)
    keys = [_key(position) for position in range(len(metrics))]
    room = (COLUMN_WIDTH - _CELL * len(metrics)) * POINTS_PER_INCH - _KEY
    names = short_labels(metrics, min(max(room, _NARROWEST), _WIDEST))
    labels = [f"{names[metric]}  {key}" for metric, key in zip(metrics, keys, strict=True)]
    side = COLUMN_WIDTH - (widest(labels) + 10) / POINTS_PER_INCH
    figure = new_figure(min(side, 0.45 * len(metrics)) + 0.25)
    axes = figure.subplots()
    _prepare(axes, keys, labels)
    for row in range(len(metrics)):
        _draw_rank(axes, row, rank.get(metrics[row]))
        for column in range(row + 1, len(metrics)):
            better_minus_worse = _difference(deltas, metrics[row], metrics[column])
            _draw_difference(axes, row, column, better_minus_worse)
            if len(metrics) <= WITH_INTERVALS:
                _draw_interval(axes, column, row, better_minus_worse)
    _frame_clusters(axes, [rank.get(metric) for metric in metrics])
    return figure


def ranked_metrics(estimates: Sequence[CorrelationEstimate], rank: Mapping[str, int]) -> list[str]:
    """Return metrics by the primary statistic on all pairs, best first; those without an estimate last."""
    sign = -1 if PRIMARY.higher_is_better else 1
    value = {e.metric: sign * e.estimate for e in estimates if (e.stratum, e.statistic) == (ALL, PRIMARY.id)}
    return sorted(value, key=lambda metric: (rank.get(metric, math.inf), math.isnan(value[metric]), value[metric]))


def _difference(
    deltas: Mapping[tuple[str, str], CorrelationDifference], row: str, column: str
) -> tuple[float, float, float, float]:
    """Return delta, low, high and Holm's p of row minus column, whichever way round it was computed."""
    if (row, column) in deltas:
        found = deltas[row, column]
        return found.delta, found.low, found.high, found.p_holm
    if (column, row) in deltas:
        found = deltas[column, row]
        return -found.delta, -found.high, -found.low, found.p_holm
    return math.nan, math.nan, math.nan, math.nan


def _prepare(axes: Axes, keys: Sequence[str], labels: Sequence[str]) -> None:
    n = len(keys)
    axes.set_xlim(0, n)
    axes.set_ylim(n, 0)
    axes.set_xticks([k + 0.5 for k in range(n)], keys)
    axes.set_yticks([k + 0.5 for k in range(n)], labels)
    axes.tick_params(length=0, top=False, labeltop=True, bottom=False, labelbottom=False)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)


def _draw_rank(axes: Axes, row: int, rank: int | None) -> None:
    axes.add_patch(Rectangle((row, row), 1, 1, facecolor=PALE, edgecolor="white"))
    axes.text(row + 0.5, row + 0.5, "–" if rank is None else str(rank), ha="center", va="center", weight="bold")


def _draw_difference(axes: Axes, row: int, column: int, difference: tuple[float, float, float, float]) -> None:
    delta, _, _, p_holm = difference
    shown = p_holm < SHOWN
    strength = min(abs(delta) / _STRONGEST, 1) if shown else 0.0
    colour = colormaps["Blues"](0.2 + 0.7 * strength) if shown else "white"
    axes.add_patch(Rectangle((column, row), 1, 1, facecolor=colour, edgecolor=PALE))
    ink = "white" if strength > 0.5 else BLACK if shown else GREY
    axes.text(
        column + 0.5, row + 0.5, _short(delta), ha="center", va="center", color=ink, size=SMALL_SIZE, gid="difference"
    )


def _draw_interval(axes: Axes, row: int, column: int, difference: tuple[float, float, float, float]) -> None:
    _, low, high, _ = difference
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


def _frame_clusters(axes: Axes, ranks: Sequence[int | None]) -> None:
    start = 0
    for rank, members in groupby(ranks):
        n = len(list(members))
        if rank is not None:
            axes.add_patch(
                Rectangle(
                    (start, start), n, n, fill=False, edgecolor=BLACK, linewidth=1.0, clip_on=False, gid="cluster"
                )
            )
        start += n


def _short(value: float) -> str:
    """Return two digits without the leading zero, to fit twelve cells in a column: ``.07``, ``−.21``, ``1.02``."""
    return "–" if math.isnan(value) else f"{value:.2f}".replace("0.", ".", 1).replace("-", "−")


def _key(position: int) -> str:
    """Return A to Z, then AA, AB …"""
    first, last = divmod(position, 26)
    return ("" if first == 0 else chr(64 + first)) + chr(65 + last)
