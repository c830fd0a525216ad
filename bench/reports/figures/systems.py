"""Bias by system: does a metric favour some systems over others, compared with listeners?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from bench.analysis.analyse import Sample
from bench.reports.figures.labels import short_labels, system_label
from bench.reports.figures.panels import add_legend, draw_identity, legend_height, metric_panels
from bench.reports.figures.style import look, styled
from bench.statistics.intervals import Measured
from bench.statistics.systems import HUMAN, SystemMean

_LEGEND_WIDTH = 92.0


@styled
def system_figure(sample: Sample, means: Sequence[SystemMean]) -> Figure | None:
    """Draw one panel a metric: each system's mean rating (x) and mean score (y), with intervals.

    A metric's scores are mapped linearly so that they have the mean and the standard deviation of the ratings over all
    pairs: offset and unit of its scale are gone. Above the line, a metric favours the system; below, it is too hard
    on it. A flat row of points is a metric that cannot tell the systems apart.
    """
    found = {(mean.scored_by, mean.system): mean.mean for mean in means}
    systems = list(dict.fromkeys(mean.system for mean in means))
    metrics = [metric for metric in sample.scores if any((metric, system) in found for system in systems)]
    if not metrics:
        return None
    labels = short_labels([system_label(system) for system in systems], _LEGEND_WIDTH)
    names = [labels[system_label(system)] for system in systems]
    figure, panels = metric_panels([(metric, "") for metric in metrics], legend_height(names) + 0.1)
    handles = []
    for axes, metric in zip(panels, metrics, strict=True):
        rescale = to_ratings(sample.scores[metric], sample.human)
        draw_identity(axes)
        handles = [
            _draw_system(axes, k, found[HUMAN, system], _mapped(found[metric, system], rescale))
            for k, system in enumerate(systems)
        ]
    _limit(panels, found, sample, metrics)
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


def _limit(
    panels: Sequence[Axes], found: Mapping[tuple[str, str], Measured], sample: Sample, metrics: Sequence[str]
) -> None:
    """Give all panels one range on both axes, so that the line is a diagonal."""
    ends = []
    for (scorer, _), mean in found.items():
        if scorer == HUMAN:
            ends += [mean.estimate, mean.low, mean.high]
        elif scorer in metrics:
            mapped = _mapped(mean, to_ratings(sample.scores[scorer], sample.human))
            ends += [mapped.estimate, mapped.low, mapped.high]
    finite = np.array([end for end in ends if np.isfinite(end)])
    margin = 0.05 * float(np.ptp(finite)) or 0.05
    low, high = float(finite.min()) - margin, float(finite.max()) + margin
    for axes in panels:
        axes.set_xlim(low, high)
        axes.set_ylim(low, high)
