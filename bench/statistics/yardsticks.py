"""One listener as a yardstick: how well a single person agrees with the others, and metrics with the same others."""

from __future__ import annotations

from dataclasses import dataclass

from bench.statistics.intervals import Measured
from bench.statistics.types import Resampled


@dataclass(frozen=True, slots=True)
class OneListener(Resampled):
    """How well one held-out listener agrees with the mean of the pair's other listeners.

    Attributes:
        stratum, statistic: where and how it is measured.
        n_pairs: pairs with two ratings or more.
        n_ratings: ratings of these pairs; each is held out once.
        agreement: of the held-out ratings with the means of the others.
    """

    stratum: str
    statistic: str
    n_pairs: int
    n_ratings: int
    n_clusters: int
    agreement: Measured
    note: str = ""


@dataclass(frozen=True, slots=True)
class BesideListener(Resampled):
    """A metric beside one listener, both against the same means of the others.

    Attributes:
        agreement: of the metric's scores with the means of the others.
        excess: ``agreement`` minus that of the held-out listener, resampled together.
        worth: number of listeners whose mean agrees with the others as well as the metric does; infinite where no
            number of them would.
    """

    metric: str
    stratum: str
    statistic: str
    agreement: Measured
    excess: Measured
    worth: Measured
    note: str = ""


@dataclass(frozen=True, slots=True)
class AlternativeListener(Resampled):
    """Could the metric stand in for a listener? The alternative annotator test (Calderon et al. 2025).

    Attributes:
        winning_rate: share of listeners than whom the metric was shown to be no worse by more than ``epsilon``.
        advantage: mean probability that the metric is as near to the others as the listener is.
        epsilon: cost that is granted to the metric.
        n_listeners: with enough ratings to be tested.
        may_replace: ``winning_rate`` is 0.5 or more.
    """

    metric: str
    stratum: str
    winning_rate: float
    advantage: Measured
    epsilon: float
    n_listeners: int
    may_replace: bool
    note: str = ""
