"""The demo: soundscapes that are synthesised, and listeners that are simulated, on the spot."""

from __future__ import annotations

from pathlib import Path

from bench.datasets.entry import DatasetEntry, Presence
from bench.datasets.types import RatingScale

ENTRIES = (
    DatasetEntry(
        name="demo",
        summary="synthesised soundscapes and simulated listeners",
        scale=RatingScale(0.0, 10.0),
        licence="MIT",
        splits=("test", "train", "validation"),
        screenings=("anchor-mean", "none"),
        takes=frozenset({"root", "split", "screening", "with_audio", "progress"}),
        load="bench.datasets.demo.dataset:load_demo",
        find="bench.datasets.adapters.demo:find_demo",
    ),
)


def find_demo(entry: DatasetEntry, root: Path | None) -> Presence:  # noqa: ARG001 - every entry's has these
    """Say that it is always there."""
    return Presence(None, ratings=True, audio=True)
