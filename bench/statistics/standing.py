"""Which metrics may be the best, and which of the others were shown to differ."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a metric stands in one stratum by one statistic.

    Attributes:
        metric, stratum, statistic: what is ranked; baselines and metrics without an estimate are not.
        may_be_best: it is in the model confidence set: not shown to be worse than the best.
        letters: metrics that share a letter were not shown to differ (Piepho 2004); empty where nothing could be shown.
        note: why nothing could be shown, if so.
    """

    metric: str
    stratum: str
    statistic: str
    may_be_best: bool
    letters: str
    note: str = ""
