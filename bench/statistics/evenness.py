"""What a metric that is equally good everywhere would show in each part of a data set.

Parts differ in how far their ratings spread, so that equal correlations are not to be expected even of a metric whose
error is the same everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass

from bench.statistics.intervals import Measured
from bench.statistics.types import Resampled


@dataclass(frozen=True, slots=True)
class Evenness(Resampled):
    """A metric in one stratum, beside what an evenly good metric of the same overall agreement would show there.

    Attributes:
        n_pairs: of the stratum.
        estimate: the metric's statistic in the stratum.
        predicted: of the evenly good metric, by simulation from the ordinal model of the ratings.
        excess: ``estimate`` minus ``predicted``, resampled together.
    """

    metric: str
    stratum: str
    statistic: str
    n_pairs: int
    estimate: float
    predicted: float
    excess: Measured
    note: str = ""


@dataclass(frozen=True, slots=True)
class BlockSpread:
    """Would intervals widen if listeners were drawn as well? Blocks of captions that listeners connect, resampled.

    Attributes:
        n_blocks: connected components of listeners and captions in the stratum.
        ratio: standard error over blocks divided by that over captions; NaN where everything is one block.
    """

    metric: str
    stratum: str
    statistic: str
    n_blocks: int
    ratio: float
    note: str = ""
