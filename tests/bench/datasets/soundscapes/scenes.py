"""Soundscapes for the tests."""

from __future__ import annotations

from dataclasses import replace

from bench.datasets.soundscapes import (
    CLIP_S,
    SYSTEMS,
    Character,
    Event,
    RandomStream,
    Recording,
    Soundscape,
    corrupt,
    draw_soundscape,
)

QUIET = Recording(floor_level_db=-60.0, floor_tilt=0.5, gain_db=0.0, seed=1)


def make_event(described: str, slot: int, n_slots: int = 2, **changes: object) -> Event:
    slot_s = CLIP_S / n_slots
    event = Event(
        described, described, slot, slot * slot_s + 0.1, 0.8 * slot_s, -20.0, Character(0.5, 0.5, 0.5), seed=3
    )
    return replace(event, **changes)  # type: ignore[arg-type]


def make_scene(*events: Event, n_slots: int = 2) -> Soundscape:
    return Soundscape("caption", events, n_slots, QUIET)


def draw_many(n: int, name: str = "test") -> list[Soundscape]:
    return [draw_soundscape(RandomStream(5, name, i)) for i in range(n)]


def corrupted(scene: Soundscape, system: str, i: int) -> Soundscape:
    return corrupt(scene, SYSTEMS[system], RandomStream(6, system, i))
