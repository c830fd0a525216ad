"""Numbers as they are printed, in sentences and tables alike."""

from __future__ import annotations

import math

MORE_DIGITS = 3
"""How many digits beyond the usual ones a number may get, so that its sign can be read."""


def decimal(value: float, digits: int = 3) -> str:
    """Return a number with so many digits after the point, or with a few more where these would show 0.

    The sign of an interval's end is what a reader looks for: 0.0004 is not printed as 0.000. Zero has no sign. Larger
    numbers never look smaller, so that what lies in an interval lies in the printed interval.
    """
    shown = digits
    while round(value, shown) == 0 and shown < digits + MORE_DIGITS:
        shown += 1
    if round(value, shown) == 0:
        shown = digits
    return f"{round(value, shown) + 0.0:.{shown}f}"


def interval_text(low: float, high: float, digits: int = 3) -> str:
    """Return ``[0.421, 0.490]``; empty where an end is unknown."""
    if math.isnan(low) or math.isnan(high):
        return ""
    return f"[{decimal(low, digits)}, {decimal(high, digits)}]"


def p_text(p: float, at_most: bool = False) -> str:
    """Return ``p = 0.012``; empty for NaN.

    Args:
        p: the p-value.
        at_most: it is the least that the test can give, and so an upper bound: ``p ≤ 0.012``.
    """
    if math.isnan(p):
        return ""
    if at_most:
        return f"p ≤ {_bound(p)}"
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def percent(share: float) -> str:
    """Return ``70 %``."""
    return f"{100 * share:.0f} %"


def round_number(value: float) -> str:
    """Return a count with two significant digits: ``45,000``."""
    return f"{round(value, 1 - math.floor(math.log10(value))):,.0f}" if value >= 1 else "1"


def _bound(p: float) -> str:
    """Return p with three digits after the point, or one significant digit, rounded upwards."""
    digits = max(3, -math.floor(math.log10(p))) if p > 0 else 3
    return f"{math.ceil(round(p * 10**digits, 6)) / 10**digits:.{digits}f}"
