"""How figures look: sizes in inches and points, fonts, colours, markers, and how they become files.

A figure is one column of a two-column paper wide (3.3 inches) with type of 6 to 7 points, so that it is placed without
scaling. No figure touches pyplot: nothing is shown, nothing stays open. Files are the same bytes whenever and wherever
the same figure is drawn with the same matplotlib.

Colours are those of Okabe & Ito (2008, Color Universal Design), told apart by people with any common colour blindness;
yellow is left out, since it cannot be seen on white. Every colour comes with a marker, for print in grey.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from io import BytesIO
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from matplotlib import style
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from metrics.files import replacing

COLUMN_WIDTH = 3.3
MAX_HEIGHT = 9.0  # of a column on letter paper and on A4
POINTS_PER_INCH = 72
FONT_SIZE = 7.0
SMALL_SIZE = 6.0
PNG_DPI = 300

BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
BLUE, VERMILION, PURPLE = "#0072B2", "#D55E00", "#CC79A7"
COLOURS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "h")  # 7 and 11 share no factor: 77 combinations
GREY, PALE = "#767676", "#E8E8E8"

STYLE: dict[str, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": GREY,
    "axes.formatter.useoffset": False,
    "axes.grid": True,
    "axes.labelsize": FONT_SIZE,
    "axes.linewidth": 0.5,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": FONT_SIZE,
    "figure.labelsize": FONT_SIZE,
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same widths on every machine
    "font.size": FONT_SIZE,
    "grid.color": PALE,
    "grid.linewidth": 0.4,
    "legend.columnspacing": 1.0,
    "legend.fontsize": FONT_SIZE,
    "legend.frameon": False,
    "legend.handlelength": 1.2,
    "legend.handletextpad": 0.5,
    "lines.linewidth": 0.8,
    "lines.markersize": 3.2,
    "patch.linewidth": 0.5,
    "savefig.dpi": PNG_DPI,
    "svg.fonttype": "path",  # a viewer without the font shows the same
    "svg.hashsalt": "clap-bench",  # ids of clip paths and markers are random without it
    "xtick.labelsize": FONT_SIZE,
    "xtick.major.size": 2.0,
    "xtick.major.width": 0.5,
    "ytick.labelsize": FONT_SIZE,
    "ytick.major.size": 2.0,
    "ytick.major.width": 0.5,
}
_SETTINGS: Any = ["default", STYLE]  # not the settings of whoever draws

P = ParamSpec("P")
R = TypeVar("R", bound="Figure | None")


@dataclass(frozen=True, slots=True)
class Look:
    """What tells one series from the others."""

    colour: str
    marker: str


def look(index: int) -> Look:
    """Return colour and marker of series number ``index``; 77 differ in one or both."""
    return Look(COLOURS[index % len(COLOURS)], MARKERS[index % len(MARKERS)])


def styled(draw: Callable[P, R]) -> Callable[P, R]:
    """Make a function draw in this style, whatever the caller's settings are."""

    @wraps(draw)
    def in_style(*args: P.args, **kwargs: P.kwargs) -> R:
        with style.context(_SETTINGS):
            figure = draw(*args, **kwargs)
            if figure is not None:
                figure.draw_without_rendering()  # ticks are made at the first drawing, from the settings of that moment
            return figure

    return in_style


def new_figure(height: float, width: float = COLUMN_WIDTH) -> Figure:
    """Return an empty figure, sizes in inches, that makes room for labels by itself."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def mark(figure: Figure, text: str) -> None:
    """Write ``text`` across a figure, for what must not be taken for granted wherever it is shown."""
    figure.text(
        0.5, 0.5, text, color=VERMILION, alpha=0.6, rotation=30, ha="center", va="center", weight="bold", size=FONT_SIZE
    )


def svg_text(figure: Figure) -> str:
    """Return the figure as an SVG document, text as paths, without a date."""
    return _drawn(figure, "svg").decode("utf-8")


def write_figure(figure: Figure, path: Path) -> None:
    """Write the figure in the format of the path's suffix (``.svg``, ``.png``, ``.pdf``), whole or not at all."""
    content = _drawn(figure, path.suffix.lstrip("."))
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def _drawn(figure: Figure, format: str) -> bytes:
    nobody = {
        "svg": {"Date": None, "Creator": None},
        "png": {"Software": None},
        "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    }
    stream = BytesIO()
    with style.context(_SETTINGS):
        figure.savefig(stream, format=format, metadata=nobody[format])
    return stream.getvalue()
