"""Names that fit: metric names, strata and systems come from users and may be of any length and script.

Widths are in points, measured with the font that is drawn.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache

from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.textpath import TextToPath

from bench.analysis.numbers import decimal
from bench.reports.figures.style import FONT_SIZE, STYLE

ELLIPSIS = "…"
UNKNOWN = "\N{REPLACEMENT CHARACTER}"


def short_labels(names: Iterable[str], width: float, size: float = FONT_SIZE) -> dict[str, str]:
    """Return a label for each name, at most ``width`` points wide; labels that came out alike are numbered."""
    names = list(dict.fromkeys(names))
    labels = {name: shorten(name, width, size) for name in names}
    numbered = {name: shorten(f"{number}. {name}", width, size) for number, name in enumerate(names, start=1)}
    taken = list(labels.values())
    mixed = {name: numbered[name] if taken.count(labels[name]) > 1 else labels[name] for name in names}
    return mixed if len(set(mixed.values())) == len(names) else numbered


def shorten(text: str, width: float, size: float = FONT_SIZE) -> str:
    """Return ``text`` for drawing, its middle replaced by … where it is wider than ``width`` points.

    The middle goes, since names of variants differ at their ends: ``human:my-wsce+mae``, ``human:my-wsce+mse``.
    """
    text = _printable(text)
    if text_width(text, size) <= width:
        return _literal(text)
    low, high = 0, len(text) - 1
    while low < high:
        kept = (low + high + 1) // 2
        low, high = (kept, high) if text_width(_without_middle(text, kept), size) <= width else (low, kept - 1)
    return _literal(_without_middle(text, low))


def text_width(text: str, size: float = FONT_SIZE) -> float:
    """Return the width in points of one line."""
    font = FontProperties(family=str(STYLE["font.family"]), size=size)
    return float(TextToPath().get_text_width_height_descent(text, font, ismath=False)[0])


def widest(labels: Iterable[str], size: float = FONT_SIZE) -> float:
    """Return the width in points of the widest label; 0 without any."""
    return max((text_width(label, size) for label in labels), default=0.0)


def with_interval(name: str, estimate: float, low: float, high: float) -> str:
    """Return ``SRCC 0.46 [0.42, 0.49]``; a dash for what is undefined, no brackets without an interval."""
    if math.isnan(estimate):
        return f"{name} –"
    interval = "" if math.isnan(low) or math.isnan(high) else f" [{decimal(low, 2)}, {decimal(high, 2)}]"
    return f"{name} " + f"{decimal(estimate, 2)}{interval}".replace("-", "−")


def _without_middle(text: str, kept: int) -> str:
    head = (kept + 1) // 2
    return text[:head] + ELLIPSIS + text[len(text) - (kept - head) :]


def _printable(text: str) -> str:
    """One line in characters that the font has: matplotlib warns of others, and draws boxes."""
    return "".join(character if ord(character) in _characters() else UNKNOWN for character in " ".join(text.split()))


def _literal(text: str) -> str:
    """Two dollar signs would begin and end a formula."""
    return text.replace("$", r"\$")


@lru_cache(maxsize=1)
def _characters() -> frozenset[int]:
    return frozenset(get_font(findfont(str(STYLE["font.family"]))).get_charmap())
