"""Bias by system: does a metric favour some systems over others, compared with listeners?"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bench.analysis.sample import Sample
from bench.analysis.strata import system_labels
from bench.reports.figures.labels import short_labels
from bench.reports.figures.panels import add_legend, draw_identity, legend_height, metric_panels
from bench.reports.figures.style import look, styled
from bench.statistics.intervals import Measured
from bench.statistics.systems import SystemMeans

_LEGEND_WIDTH = 92.0


@styled
def system_figure(sample: Sample, means: Sequence[SystemMeans]) -> Figure | None:
    """Draw one panel a metric: each system's mean rating (x) and mean score (y), with intervals.

    A metric's scores are mapped linearly so that they have the mean and the standard deviation of the ratings over all
    pairs: offset and unit of its scale are gone. Above the line, a metric favours the system; below, it is too hard
    on it. A flat row of points is a metric that cannot tell the systems apart.
    """
    metrics = [metric for metric in sample.scores if means and metric in means[0].scores]
    if not metrics:
        return None
    names = list(short_labels(list(system_labels([one.system for one in means]).values()), _LEGEND_WIDTH).values())
    figure, panels = metric_panels([(metric, "") for metric in metrics], legend_height(names) + 0.1)
    handles = []
    for axes, metric in zip(panels, metrics, strict=True):
        rescale = to_ratings(sample.scores[metric], sample.human)
        draw_identity(axes)
        handles = [
            _draw_system(axes, k, one.ratings, _mapped(one.scores[metric], rescale)) for k, one in enumerate(means)
        ]
    _limit(panels, means, sample, metrics)
    figure.supxlabel("mean rating, rescaled")
    figure.supylabel("mean score, on the scale of ratings")
    add_legend(figure, handles, names)
    return figure


def to_ratings(scores: np.ndarray, human: np.ndarray) -> Callable[[float], float]:
    """Return the rising line that gives ``scores`` the mean and standard deviation of ``human``; NaN if constant."""
    spread = float(scores.std())
    slope = float(human.std()) / spread if spread > 0 else float("nan")
    centre, mean = float(scores.mean()), float(human.mean())
    return lambda score: mean + slope * (score - centre)


def _mapped(value: Measured, rescale: Callable[[float], float]) -> Measured:
    return Measured(rescale(value.estimate), rescale(value.low), rescale(value.high))


def _draw_system(axes: Axes, index: int, human: Measured, metric: Measured) -> Line2D:
    style = look(index)
    axes.hlines([metric.estimate], [human.low], [human.high], color=style.colour, linewidth=0.8)
    axes.vlines([human.estimate], [metric.low], [metric.high], color=style.colour, linewidth=0.8)
    [marker] = axes.plot([human.estimate], [metric.estimate], style.marker, color=style.colour, markeredgewidth=0)
    return marker


def _limit(panels: Sequence[Axes], means: Sequence[SystemMeans], sample: Sample, metrics: Sequence[str]) -> None:
    """Give all panels one range on both axes, so that the line is a diagonal."""
    shown = [one.ratings for one in means]
    for metric in metrics:
        rescale = to_ratings(sample.scores[metric], sample.human)
        shown += [_mapped(one.scores[metric], rescale) for one in means]
    ends = [end for value in shown for end in (value.estimate, value.low, value.high)]
    finite = np.array([end for end in ends if np.isfinite(end)])
    margin = 0.05 * float(np.ptp(finite)) or 0.05
    low, high = float(finite.min()) - margin, float(finite.max()) + margin
    for axes in panels:
        axes.set_xlim(low, high)
        axes.set_ylim(low, high)
