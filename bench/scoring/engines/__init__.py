"""Engines hand shards to workers that each hold the models; what a shard's scores are is no affair of theirs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from bench.scoring.plan import ScoringJob
from metrics.types import ProgressCallback, Scorer


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
