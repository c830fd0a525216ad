"""Is A better than B on some sounds and not on others? Differences of differences, resampled together."""

from __future__ import annotations

from dataclasses import dataclass

from bench.statistics.intervals import Measured
from bench.statistics.types import Resampled


@dataclass(frozen=True, slots=True)
class Interaction(Resampled):
    """(A - B) in ``stratum_a`` minus (A - B) in ``stratum_b``.

    Attributes:
        difference: of the differences; positive: A's lead over B is larger in ``stratum_a``.
        sim_low, sim_high: simultaneous over all pairs of metrics of these two strata.
        p_adjusted: from the same simultaneous intervals.
    """

    metric_a: str
    metric_b: str
    stratum_a: str
    stratum_b: str
    statistic: str
    difference: Measured
    sim_low: float
    sim_high: float
    p_adjusted: float
    note: str = ""
