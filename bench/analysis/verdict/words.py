"""Lists, values and differences in words."""

from __future__ import annotations

from collections.abc import Sequence

from bench.analysis.merit import Lead
from bench.analysis.numbers import decimal, interval_text, p_text
from bench.statistics.bootstrap import CorrelationEstimate
from bench.statistics.intervals import Measured

MOST_NAMES = 5
"""Names in one list; what is beyond is counted."""


def names(metrics: Sequence[str], last: str = "and", most: int = MOST_NAMES) -> str:
    """Return ``a, b and c``, or ``a, b and 7 others``."""
    if len(metrics) > most:
        metrics = [*metrics[: most - 1], f"{len(metrics) - most + 1} others"]
    if len(metrics) < 2:
        return "".join(metrics)
    return f"{', '.join(metrics[:-1])} {last} {metrics[-1]}"


def valued(value: Measured | CorrelationEstimate) -> str:
    """Return ``0.549 [0.520, 0.577]``."""
    return " ".join(filter(None, (decimal(value.estimate), interval_text(value.low, value.high))))


def lead_text(lead: Lead) -> str:
    """Return ``by 0.069 [0.026, 0.111], adjusted p = 0.006``; only what is known."""
    difference = " ".join(filter(None, (decimal(abs(lead.delta)), interval_text(lead.low, lead.high))))
    p = p_text(lead.p, lead.p_is_bound)
    return f"by {difference}" + (f", adjusted {p}" if p else "")


def counted(number: int, one: str, many: str | None = None) -> str:
    """Return ``1 metric``, ``2 metrics``."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"
