"""The figures of a run, in the order of reading."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from bench.analysis.results import Analysis
from bench.analysis.sample import common_sample
from bench.datasets.types import RatingScale
from bench.files.scores import ScoreTable
from bench.reports.figures.calibration import calibration_figure
from bench.reports.figures.ceiling import ceiling_figure
from bench.reports.figures.forest import forest_figure
from bench.reports.figures.matrix import difference_figure
from bench.reports.figures.scatter import score_figure
from bench.reports.figures.style import write_figure
from bench.reports.figures.systems import system_figure
from bench.statistics.agreement import PRIMARY

FORMATS = ("svg", "png")
LARGEST_DRAWN = 1e100
"""Of a score; an axis needs the square of its range."""


@dataclass(frozen=True)
class NamedFigure:
    """A figure, the stem of its file's name, and what stands beneath it in a paper."""

    name: str
    caption: str
    figure: Figure


def figures_of(table: ScoreTable, analysis: Analysis, scale: RatingScale) -> Iterator[NamedFigure]:
    """Draw the figures that a run has numbers for, one at a time.

    Args:
        table: scores; as in the analysis, pairs that a metric failed on are left out for all of them. Metrics with
            scores beyond `LARGEST_DRAWN` are in no figure that has an axis of scores.
        analysis: its statistics; a figure whose fields are empty is left out.
        scale: of the ratings.
    """
    drawable = table.without({*table.unscored(), *_beyond_axes(table)})
    if not drawable.metrics:
        return
    sample = common_sample(drawable, None, scale)
    level = analysis.estimates[0].confidence_level if analysis.estimates else 0.95
    percent = f"{100 * level:g} % intervals"
    drawn = (
        (
            "scores",
            f"Score and mean rating of {len(sample.human):,} pairs, by metric; {PRIMARY.name} with {percent[:-1]}.",
            score_figure(sample, analysis.estimates),
        ),
        (
            "forest",
            f"{PRIMARY.name} with mean ratings and {percent}, on all pairs and in the strata named on the left.",
            forest_figure(analysis.estimates, analysis.strata),
        ),
        (
            "differences",
            f"Differences in {PRIMARY.name} between metrics on all pairs, row minus column (above the diagonal; "
            f"coloured: adjusted p at or below 0.05), and their simultaneous {percent} (below, with up to seven "
            "metrics). Metrics that share a letter were not shown to differ; frames, where there are any: not "
            "shown to be worse than the best. Comparisons with baselines are adjusted apart from the others.",
            difference_figure(analysis.estimates, analysis.differences, analysis.standings),
        ),
        (
            "calibration",
            f"Mean rating, rescaled to [0, 1], by bins of the score with {percent} (normal, from the spread between "
            "captions); dashed: a scale that needs no mapping. MSE as it is and after the best rising map.",
            calibration_figure(sample, analysis.calibrated_errors, level),
        ),
        (
            "systems",
            f"Systems' mean ratings and mean scores with {percent}; scores mapped linearly to the mean and standard "
            "deviation of the ratings. Above the dashed line a metric favours a system more than listeners do.",
            system_figure(sample, analysis.system_means),
        ),
        (
            "ceiling",
            f"{PRIMARY.name} as a share of the noise ceiling, with {percent}; 1 is as good as these ratings can show.",
            ceiling_figure(analysis.ceiling_shares, analysis.strata),
        ),
    )
    for name, caption, figure in drawn:
        if figure is not None:
            yield NamedFigure(name, caption, figure)


def save_figures(figures: Iterable[NamedFigure], folder: Path, formats: Sequence[str] = FORMATS) -> list[Path]:
    """Write ``NAME.FORMAT`` for each figure and format into ``folder``, and return the paths.

    Args:
        formats: of ``svg``, ``png`` and ``pdf``.
    """
    paths = []
    for one in figures:
        for format in formats:
            paths.append(folder / f"{one.name}.{format}")
            write_figure(one.figure, paths[-1])
    return paths


def _beyond_axes(table: ScoreTable) -> set[str]:
    """Return the metrics of which a score is too large for any axis."""
    return {name for name, values in table.scores.items() if np.nanmax(np.abs(values), initial=0.0) > LARGEST_DRAWN}
