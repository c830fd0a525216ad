"""What makes one dog differ from another: the variation within a sound class."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Character:
    """Three positions in [0, 1], which each sound class maps to its own hertz, events a second and brightness."""

    pitch: float
    rate: float
    timbre: float


def between(low: float, high: float, position: float) -> float:
    """Return the point at ``position`` in [0, 1] on the way from low to high, in equal ratios."""
    return float(low * (high / low) ** position)
