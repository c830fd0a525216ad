"""The primary statistic by stratum with intervals: where does which metric agree with listeners?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from bench.reports.figures.labels import short_labels
from bench.reports.figures.panels import add_legend, legend_height, round_ticks
from bench.reports.figures.style import GREY, MAX_HEIGHT, PALE, look, new_figure, styled
from bench.reports.sections.agreement import source_strata, stratum_label
from bench.statistics.agreement import PRIMARY
from bench.statistics.bootstrap import CorrelationEstimate

BANDS = ("band=low", "band=high")
_LABEL_WIDTH = 72.0
_LEGEND_WIDTH = 200.0
_AXIS = 0.55  # inches that the labels beneath take
_TIGHTEST = 0.05  # inches between two markers


@styled
def forest_figure(estimates: Sequence[CorrelationEstimate]) -> Figure | None:
    """Draw each metric's primary statistic and interval in each stratum: all pairs, sources and systems, score bands.

    What has no estimate has no marker; what has no interval has no whisker.
    """
    found = {(e.metric, e.stratum): e for e in estimates if e.statistic == PRIMARY.id}
    metrics = list(dict.fromkeys(metric for metric, _ in found))
    strata = forest_strata([stratum for _, stratum in found])
    if not metrics or not strata:
        return None
    names = short_labels(metrics, _LEGEND_WIDTH)
    step = len(metrics) + 1  # a metric a row, and a free row between strata
    figure = new_figure(_height(step * len(strata), len(metrics), legend_height(list(names.values()))))
    axes = figure.subplots()
    handles = []
    for m, metric in enumerate(metrics):
        known = [(s, found[metric, stratum]) for s, stratum in enumerate(strata) if (metric, stratum) in found]
        y = np.array([s * step + m for s, _ in known], dtype=float)
        axes.hlines(y, [e.low for _, e in known], [e.high for _, e in known], color=look(m).colour, linewidth=0.9)
        handles += axes.plot(
            [e.estimate for _, e in known], y, look(m).marker, color=look(m).colour, markeredgewidth=0, label=metric
        )
    axes.axvline(0, color=GREY, linewidth=0.6, zorder=1)
    for s in range(1, len(strata)):
        axes.axhline(s * step - 1, color=PALE, linewidth=0.6)
    middle = (len(metrics) - 1) / 2
    axes.set_yticks([s * step + middle for s in range(len(strata))], _stratum_labels(strata, estimates))
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    axes.set_ylim(len(strata) * step - 1, -1)
    axes.xaxis.set_major_locator(round_ticks(6))
    axes.set_xlabel(PRIMARY.name)
    add_legend(figure, handles, list(names.values()))
    return figure


def forest_strata(strata: Sequence[str]) -> list[str]:
    """All pairs first, then the columns of the paper's Table II, then the bands; their crossings are in the tables."""
    present = list(dict.fromkeys(strata))
    return [
        *(stratum for stratum in present if stratum == "all"),
        *source_strata(present),
        *(stratum for stratum in BANDS if stratum in present),
    ]


def _height(n_rows: int, n_metrics: int, legend: float) -> float:
    """Return the height in inches: loose with few metrics, within a page unless markers would cover each other."""
    loose = 0.13 if n_metrics <= 4 else 0.095
    row = max(_TIGHTEST, min(loose, (MAX_HEIGHT - legend - _AXIS) / n_rows))
    return max(1.3, row * n_rows + _AXIS) + legend


def _stratum_labels(strata: Sequence[str], estimates: Sequence[CorrelationEstimate]) -> list[str]:
    n_pairs = {e.stratum: e.n_pairs for e in estimates}
    names = short_labels((_band_or_label(stratum) for stratum in strata), _LABEL_WIDTH)
    return [f"{names[_band_or_label(stratum)]}\n{n_pairs[stratum]:,} pairs" for stratum in strata]


def _band_or_label(stratum: str) -> str:
    return {"band=low": "low ratings", "band=high": "high ratings"}.get(stratum, stratum_label(stratum))
