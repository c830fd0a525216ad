"""Soundscapes as plain records, and how one is drawn: which sounds, when, how loud, and the caption.

A clip of `CLIP_S` seconds is divided into one to three equal *slots*, in the order of the caption. A slot holds one
event, or two at once ("while"). Levels are in dB relative to full scale: of an event, the RMS of its loudest 50 ms; of
the noise floor, its RMS. The floor and the gain are drawn from the same distributions whatever is to become of the
soundscape, so that neither tells a natural clip from a corrupted one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.datasets.soundscapes.character import Character
from bench.datasets.soundscapes.randomness import RandomStream
from bench.datasets.soundscapes.vocabulary import SOUND_CLASSES, Phrase

CLIP_S = 4.0
EVENT_COUNTS = (1, 2, 2, 2, 3)  # each equally likely
EVENT_LEVEL_DB = (-26.0, -14.0)
FLOOR_LEVEL_DB = (-60.0, -28.0)
FLOOR_TILT = (0.0, 1.0)
GAIN_DB = (-10.0, 0.0)
EVENT_SHARE_OF_SLOT = (0.75, 0.95)
LARGEST_SEED = 2**31


@dataclass(frozen=True, slots=True)
class Event:
    """One sound that a caption speaks of, and what is heard in its place.

    Attributes:
        described: the sound class that the caption names.
        sound: the class that is heard; None where nothing is.
        slot: the place of the event in the caption's order of time, from 0; simultaneous events share a slot.
        onset_s: when it begins to be heard, in seconds.
        duration_s: how long it lasts, in seconds.
        level_db: RMS of its loudest 50 ms.
        character: pitch, rate and timbre within the class.
        seed: of the randomness inside the sound.
        masker_snr_db: the event's level above a burst of noise that covers it; None where there is no such burst.
    """

    described: str
    sound: str | None
    slot: int
    onset_s: float
    duration_s: float
    level_db: float
    character: Character
    seed: int
    masker_snr_db: float | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """The conditions of a recording, independent of what is recorded.

    Attributes:
        floor_level_db: RMS of the noise floor.
        floor_tilt: 0 for white noise to 1 for brown noise: its spectrum falls by this multiple of 6 dB an octave.
        gain_db: of the whole clip.
        seed: of the noise.
    """

    floor_level_db: float
    floor_tilt: float
    gain_db: float
    seed: int


@dataclass(frozen=True, slots=True)
class Soundscape:
    """A caption and the clip that goes with it, as a recipe; `n_slots` divides the clip's time."""

    caption: str
    events: tuple[Event, ...]
    n_slots: int
    recording: Recording


def draw_soundscape(stream: RandomStream, event_counts: Sequence[int] = EVENT_COUNTS) -> Soundscape:
    """Draw a soundscape that is what its caption says.

    Args:
        stream: where the randomness comes from.
        event_counts: possible numbers of events, 1 to 3, each equally likely.
    """
    n_events = stream.choose(event_counts)
    slots = _draw_slots(stream, n_events)
    names = stream.sample(tuple(SOUND_CLASSES), n_events)
    phrases = [stream.choose(SOUND_CLASSES[name].phrases) for name in names]
    n_slots = slots[-1] + 1
    events = tuple(_draw_event(stream, name, slot, n_slots) for name, slot in zip(names, slots, strict=True))
    return Soundscape(write_caption(stream, phrases, slots), events, n_slots, draw_recording(stream))


def draw_recording(stream: RandomStream) -> Recording:
    """Draw the conditions of a recording."""
    return Recording(
        floor_level_db=stream.uniform(*FLOOR_LEVEL_DB),
        floor_tilt=stream.uniform(*FLOOR_TILT),
        gain_db=stream.uniform(*GAIN_DB),
        seed=stream.integer(LARGEST_SEED),
    )


def draw_character(stream: RandomStream) -> Character:
    """Draw pitch, rate and timbre."""
    return Character(stream.uniform(0.0, 1.0), stream.uniform(0.0, 1.0), stream.uniform(0.0, 1.0))


def write_caption(stream: RandomStream, phrases: list[Phrase], slots: list[int]) -> str:
    """Say which sounds come in which order: "then", "followed by", "before"; "while", "as" for simultaneous ones."""
    groups = [[p for p, slot in zip(phrases, slots, strict=True) if slot == s] for s in range(slots[-1] + 1)]
    overlap = stream.choose(("while", "as"))
    clauses = [f" {overlap} ".join(phrase.clause for phrase in group) for group in groups]
    nominals = [f" {overlap} ".join([group[0].nominal, *(p.clause for p in group[1:])]) for group in groups]
    if len(phrases) == 1:
        text = stream.choose([clauses[0], nominals[0], f"the sound of {nominals[0]}"])
    elif len(groups) == 1:
        text = clauses[0]
    elif len(groups) == 2:
        text = _join_two(stream, clauses, nominals, simple=len(phrases) == 2)
    else:
        text = _join_three(stream, clauses, nominals)
    return text[0].upper() + text[1:]


def _join_two(stream: RandomStream, clauses: list[str], nominals: list[str], *, simple: bool) -> str:
    """Join two slots; words without a comma only where each slot has a single event, or the scope would be unclear."""
    texts = [f"{clauses[0]}, then {clauses[1]}", f"{clauses[0]}, followed by {nominals[1]}"]
    if simple:
        texts += [f"{clauses[0]} and then {clauses[1]}", f"{clauses[0]} before {clauses[1]}"]
    return stream.choose(texts)


def _join_three(stream: RandomStream, clauses: list[str], nominals: list[str]) -> str:
    return stream.choose(
        [
            f"{clauses[0]}, then {clauses[1]}, followed by {nominals[2]}",
            f"{clauses[0]}, followed by {nominals[1]} and then {nominals[2]}",
            f"{clauses[0]}, then {clauses[1]}, and finally {clauses[2]}",
        ]
    )


def _draw_slots(stream: RandomStream, n_events: int) -> list[int]:
    """Return each event's slot: all in a row, or two of them at once in two cases of five."""
    slots = list(range(n_events))
    if n_events > 1 and stream.chance(0.4):
        joined = 1 + stream.integer(n_events - 1)
        slots = [slot - (slot >= joined) for slot in slots]
    return slots


def _draw_event(stream: RandomStream, name: str, slot: int, n_slots: int) -> Event:
    slot_s = CLIP_S / n_slots
    duration_s = round(slot_s * stream.uniform(*EVENT_SHARE_OF_SLOT), 3)
    return Event(
        described=name,
        sound=name,
        slot=slot,
        onset_s=round(slot * slot_s + (slot_s - duration_s) * stream.unit(), 3),
        duration_s=duration_s,
        level_db=stream.uniform(*EVENT_LEVEL_DB),
        character=draw_character(stream),
        seed=stream.integer(LARGEST_SEED),
    )
