"""Ceiling gauge: how much of what these ratings can show does each metric reach?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from bench.analysis.strata import StratumName, of_kind
from bench.reports.figures.labels import short_labels
from bench.reports.figures.panels import add_legend, legend_height, round_ticks
from bench.reports.figures.style import BLACK, BLUE, GREEN, ORANGE, PALE, new_figure, styled
from bench.statistics.agreement import PRIMARY
from bench.statistics.reliability import CeilingShare

COLOURS = (BLUE, GREEN, ORANGE)
"""Of all pairs and of each source."""

_LABEL_WIDTH = 84.0
_WORST, _BEST = -1.0, 2.0  # intervals of shares have no bound where ratings hardly agree


@styled
def ceiling_figure(shares: Sequence[CeilingShare], strata: Sequence[StratumName]) -> Figure | None:
    """Draw each metric's primary statistic as a share of the noise ceiling with its interval: all pairs, and by source.

    A full bar is as good as these ratings can show; where they show no reliability there is none. The axis ends at -1
    and 2, and intervals may go on.
    """
    found = {(share.metric, share.stratum): share.share for share in shares if share.statistic == PRIMARY.id}
    found = {place: share for place, share in found.items() if np.isfinite(share.estimate)}
    shown = [one for one in of_kind(strata, "all", "source") if any(place == one.id for _, place in found)]
    metrics = list(dict.fromkeys(metric for metric, place in found if place in {one.id for one in shown}))
    if not metrics:
        return None
    step = len(shown) + 1
    labels = ["all pairs" if one.kind == "all" else one.label for one in shown]
    figure = new_figure(max(0.9, 0.115 * step * len(metrics) + 0.5) + legend_height(labels))
    axes = figure.subplots()
    handles = []
    for s, one in enumerate(shown):
        known = [(m, found[metric, one.id]) for m, metric in enumerate(metrics) if (metric, one.id) in found]
        y = np.array([m * step + s for m, _ in known], dtype=float)
        axes.barh(y, 1.0, height=0.8, color=PALE, zorder=1)
        axes.barh(y, [share.estimate for _, share in known], height=0.8, color=COLOURS[s])
        handles.append(Patch(color=COLOURS[s]))
        axes.hlines(y, [share.low for _, share in known], [share.high for _, share in known], BLACK, linewidth=0.8)
    axes.axvline(1, color=BLACK, linewidth=0.8)
    names = short_labels(metrics, _LABEL_WIDTH)
    axes.set_yticks([m * step + (len(shown) - 1) / 2 for m in range(len(metrics))], list(names.values()))
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    axes.set_ylim(len(metrics) * step - 1, -1)
    drawn = [share for (_, place), share in found.items() if place in {one.id for one in shown}]
    axes.set_xlim(*_limits([end for share in drawn for end in (share.low, share.high, share.estimate)]))
    axes.xaxis.set_major_locator(round_ticks(6))
    axes.set_xlabel(f"{PRIMARY.name} as a share of the noise ceiling")
    add_legend(figure, handles, labels)
    return figure


def _limits(ends: Sequence[float]) -> tuple[float, float]:
    finite = [end for end in ends if np.isfinite(end)]
    low, high = min([0.0, *finite]), max([1.0, *finite])
    return max(_WORST, low - (0.03 if low < 0 else 0)), min(_BEST, high + 0.03)
