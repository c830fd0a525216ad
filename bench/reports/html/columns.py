"""Tables as columns, the compact form in which the page carries its data.

Numbers keep six significant digits, which is more than is shown; NaN is null. A column of texts is ``{"values": [...],
"codes": [...]}``: each distinct text once, then for each row which one it is, -1 where there is none.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

SIGNIFICANT_DIGITS = 6


def number(value: float) -> float | int | None:
    """Return ``value`` with six significant digits, as an integer where it is one; None for NaN and infinities."""
    if not math.isfinite(value):
        return None
    rounded = float(f"{value:.{SIGNIFICANT_DIGITS}g}")
    return int(rounded) if rounded.is_integer() else rounded


def numbers(values: Iterable[float]) -> list[float | int | None]:
    """Return a column of numbers."""
    return [number(float(value)) for value in values]


def texts(values: Iterable[str | None], order: Iterable[str] = ()) -> dict[str, list[Any]]:
    """Return a column of texts; those in ``order`` come first among its distinct ones, then others as they appear."""
    codes = {value: code for code, value in enumerate(order)}
    coded = [-1 if value is None else codes.setdefault(value, len(codes)) for value in values]
    return {"values": list(codes), "codes": coded}


def records(rows: Sequence[Any], text_fields: Sequence[str], number_fields: Sequence[str]) -> dict[str, Any]:
    """Return the named attributes of result records as columns."""
    columns: dict[str, Any] = {name: texts(getattr(row, name) for row in rows) for name in text_fields}
    return columns | {name: numbers(getattr(row, name) for row in rows) for name in number_fields}
