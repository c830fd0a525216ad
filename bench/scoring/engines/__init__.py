"""Engines hand shards to workers that each hold the models. They know nothing of what is scored.

They are in one table: a new engine is a module and an entry here. Its package is imported where it is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from metrics.types import ProgressCallback, Scorer

if TYPE_CHECKING:
    from bench.scoring.plan import ScoringJob

ENGINES: Mapping[str, str] = {
    "local": "bench.scoring.engines.local:make",
    "accelerate": "bench.scoring.engines.ranks:make",
    "ray": "bench.scoring.engines.ray_pool:make",
}
"""Functions by name, called with the number of processes and the device that were asked for."""


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


def make_engine(name: str, processes: int, device: str) -> Engine:
    """Return the engine of this name.

    Args:
        name: one of `ENGINES`.
        processes: how many processes shall each hold the models.
        device: on which models run.

    Raises:
        UsageError: the engine has its processes from elsewhere.
        UnavailableError: its package is not installed.
    """
    engine: Engine = resolve_name(ENGINES[name])(processes, device)
    return engine
