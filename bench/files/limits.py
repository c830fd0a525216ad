"""Bounds of the numbers that come from outside: the command line, and files that a stranger may have written.

A number here decides how much is allocated or how long is computed; one table serves both sides.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench.statistics.types import MOST_RESAMPLES
from metrics.errors import DataError


@dataclass(frozen=True, slots=True)
class Bounds:
    """The least and the greatest value, both allowed; ``whole`` numbers have no fraction."""

    low: float
    high: float
    whole: bool = True

    def admit(self, value: object) -> bool:
        """Say whether ``value`` is such a number."""
        kinds = int if self.whole else (int, float)
        return isinstance(value, kinds) and not isinstance(value, bool) and self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{'a whole number' if self.whole else 'a number'} from {self.low:,} to {self.high:,}"


MAX_EDGES = 9
"""Of score bands."""

MOST_SEED = 2**63 - 1
MOST_BATCH = 65_536
MOST_COUNT = 2**53
LEAST_MARGIN, MOST_MARGIN = 1e-6, 2.0
"""Of equivalence; no two correlations differ by more than 2."""

BOUNDS: Mapping[str, Bounds] = {
    "n_resamples": Bounds(1, MOST_RESAMPLES),
    "confidence_level": Bounds(0.5, 0.9999, whole=False),
    "seed": Bounds(0, MOST_SEED),
    "batch_size": Bounds(1, MOST_BATCH),
    "margin": Bounds(LEAST_MARGIN, MOST_MARGIN, whole=False),
    "n_pairs": Bounds(0, 10**9),
    "n_ratings": Bounds(0, 10**12),
}
LONGEST_SHOWN = 60
MAY_BE_ABSENT = ("batch_size", "margin")


def check_values(where: object, values: Mapping[str, Any]) -> None:
    """Hold values to `BOUNDS`; names that are not in it pass.

    Raises:
        DataError: one is no such number.
    """
    for name, value in values.items():
        if value is None and name in MAY_BE_ABSENT:
            continue
        if name in BOUNDS and not BOUNDS[name].admit(value):
            raise _refused(where, name, value, str(BOUNDS[name]))


def check_count(name: str, value: object) -> int:
    """Return a count of a record; raise `ValueError` if it is none that a float64 holds exactly."""
    if not Bounds(-MOST_COUNT, MOST_COUNT).admit(value):
        raise ValueError(f"{name} is {_shown(value)}, expected a whole number")
    assert isinstance(value, int)
    return value


def check_scale(where: object, scale: tuple[Any, ...]) -> None:
    """Raise `DataError` unless ``scale`` is two finite numbers, the lower one first."""
    numbers = all(isinstance(end, (int, float)) and not isinstance(end, bool) for end in scale)
    if len(scale) != 2 or not numbers or not all(map(math.isfinite, scale)) or not scale[0] < scale[1]:
        raise _refused(where, "scale", scale, "two finite numbers, the lower one first")


def _refused(where: object, name: str, value: object, expected: str) -> DataError:
    return DataError(f"{where}: {name} is {_shown(value)}, expected {expected}; run 'bench run' again")


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= LONGEST_SHOWN else shown[:LONGEST_SHOWN] + "…"
