"""Figures of a run. Importing this loads matplotlib: commands do so when a figure is asked for, not before."""

from __future__ import annotations

from bench.reports.figures.draw import FORMATS, NamedFigure, figures_of, save_figures
from bench.reports.figures.style import mark, svg_text
from bench.reports.figures.votes import vote_figures_of

__all__ = ["FORMATS", "NamedFigure", "figures_of", "mark", "save_figures", "svg_text", "vote_figures_of"]
