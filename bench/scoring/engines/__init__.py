"""Engines hand shards to workers that each hold the models. They know nothing of what is scored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from metrics.types import ProgressCallback, Scorer

if TYPE_CHECKING:
    from bench.scoring.plan import ScoringJob

EngineName = Literal["local", "accelerate", "ray"]


@runtime_checkable
class Engine(Protocol):
    """A way to have the shards of a job scored.

    Attributes:
        leads: whether this process plans aloud, summarises and prints; the others of a launcher only score.
    """

    @property
    def leads(self) -> bool: ...

    def run(self, job: ScoringJob, scorers: Mapping[str, Scorer], progress: ProgressCallback) -> None:
        """Return when every shard is there. ``scorers`` are those of this process, with nothing loaded yet."""
