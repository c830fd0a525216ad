"""Scores against ratings, pair by pair: the paper's Figs. 1 and 3."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import Colormap, ListedColormap, LogNorm
from matplotlib.figure import Figure

from bench.analysis.sample import Sample
from bench.analysis.strata import ALL
from bench.datasets.types import RatingScale
from bench.reports.figures.labels import with_interval
from bench.reports.figures.panels import metric_panels, unit_limits
from bench.reports.figures.style import BLUE, styled
from bench.statistics.agreement import PRIMARY
from bench.statistics.bootstrap import CorrelationEstimate

DENSE = 300
"""From this number of pairs on, points would cover each other and cells are counted instead."""


@styled
def score_figure(sample: Sample, estimates: Sequence[CorrelationEstimate]) -> Figure | None:
    """Draw one panel a metric: score (x) and mean rating (y) of each pair; the primary statistic and interval above.

    Few pairs are points; many are hexagonal cells, the darker the more pairs.
    """
    if not sample.scores or not len(sample.human):
        return None
    found = {e.metric: e for e in estimates if (e.stratum, e.statistic) == (ALL, PRIMARY.id)}
    titles = [
        (
            metric,
            with_interval(PRIMARY.name, found[metric].estimate, found[metric].low, found[metric].high),
        )
        if metric in found
        else (metric, "")
        for metric in sample.scores
    ]
    dense = len(sample.human) >= DENSE
    figure, panels = metric_panels(titles, 0.5 if dense else 0.15)
    ratings = sample.scale.low + sample.human * (sample.scale.high - sample.scale.low)
    draw = _draw_cells if dense else _draw_points
    drawn = [draw(axes, sample.scores[m], ratings, sample.scale) for axes, m in zip(panels, sample.scores, strict=True)]
    for axes, scores in zip(panels, sample.scores.values(), strict=True):
        axes.set_xlim(*unit_limits(scores))
        axes.set_ylim(*_rating_limits(sample.scale))
    _share_colours(figure, panels, [cells for cells in drawn if cells is not None])
    figure.supxlabel("score")
    figure.supylabel("mean rating")
    return figure


def _draw_points(axes: Axes, scores: np.ndarray, ratings: np.ndarray, _: RatingScale) -> None:
    axes.plot(scores, ratings, "o", color=BLUE, markersize=2.5, alpha=0.4, markeredgewidth=0)


def _draw_cells(
    axes: Axes, scores: Float[np.ndarray, " pairs"], ratings: Float[np.ndarray, " pairs"], scale: RatingScale
) -> PolyCollection:
    extent = (*unit_limits(scores), scale.low, scale.high)
    return axes.hexbin(
        scores, ratings, gridsize=(28, 14), extent=extent, mincnt=1, cmap=_density_colours(), linewidths=0.1
    )


def _share_colours(figure: Figure, panels: Sequence[Axes], cells: Sequence[PolyCollection]) -> None:
    """Let one colour mean one number of pairs in all panels."""
    if not cells:
        return
    most = max(2.0, *(float(np.max(np.asarray(one.get_array()))) for one in cells))
    norm = LogNorm(1, most)
    for one in cells:
        one.set_norm(norm)
    bar = figure.colorbar(cells[0], ax=list(panels), location="top", aspect=40, fraction=0.05, pad=0.02)
    ticks = [tick for tick in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000) if tick <= most]
    bar.set_ticks(ticks, labels=[f"{tick:g}" for tick in ticks], minor=False)
    bar.minorticks_off()
    bar.set_label("pairs in a cell")


def _density_colours() -> Colormap:
    """Single pairs must be seen on white, so the palest fifth of the map is left out."""
    return ListedColormap(colormaps["Blues"](np.linspace(0.2, 1, 256)), name="density")


def _rating_limits(scale: RatingScale) -> tuple[float, float]:
    margin = 0.03 * (scale.high - scale.low)
    return scale.low - margin, scale.high + margin
