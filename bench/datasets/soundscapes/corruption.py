"""Systems that get captions wrong, and how relevant their clips truly are.

A system takes a natural soundscape and, event by event, leaves it out, puts another sound in its place or covers it
with a burst of noise; and it may swap two slots in time. True relevance is a function of the soundscape alone:

    r = clip( mean_e c_e  -  ORDER_PENALTY * s * mean_e c_e  -  INTRUSION_PENALTY * u,  0, 1 )

c_e  credit of event e: 0 if it is missing or another sound is heard instead, else its audibility
     a = clip((SNR + 5 dB) / 20 dB, 0, 1), a quarter at 0 dB and full from 15 dB on; SNR is the event's level above the
     floor or above its masker, whichever is less
s    share of wrong order among the pairs of events that are both heard and that the caption puts one after the other
u    share of events that another sound replaces
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations

from bench.datasets.soundscapes.randomness import RandomStream
from bench.datasets.soundscapes.scene import (
    CLIP_S,
    LARGEST_SEED,
    Event,
    Recording,
    Soundscape,
    draw_character,
    draw_recording,
)
from bench.datasets.soundscapes.vocabulary import SOUND_CLASSES

ORDER_PENALTY = 0.4
INTRUSION_PENALTY = 0.15
MASKER_SNR_DB = (-8.0, 8.0)


@dataclass(frozen=True, slots=True)
class System:
    """A way of getting captions wrong.

    Attributes:
        name: as it stands in tables.
        missing, replaced, masked: probability of each fate for an event; the rest stays intact.
        swapped: probability that two slots change places, if there are two.
    """

    name: str
    missing: float
    replaced: float
    masked: float
    swapped: float


SYSTEMS: dict[str, System] = {
    system.name: system
    for system in (
        System("synth-a", missing=0.06, replaced=0.04, masked=0.10, swapped=0.10),
        System("synth-b", missing=0.18, replaced=0.15, masked=0.17, swapped=0.25),
        System("synth-c", missing=0.30, replaced=0.30, masked=0.20, swapped=0.40),
    )
}


def corrupt(soundscape: Soundscape, system: System, stream: RandomStream) -> Soundscape:
    """Return what the system makes of the caption of a natural soundscape, in a recording of its own."""
    events = [_corrupt_event(event, soundscape, system, stream) for event in soundscape.events]
    if all(event.sound is None for event in events):
        events[0] = _replaced(soundscape.events[0], soundscape, stream)
    if soundscape.n_slots > 1 and stream.chance(system.swapped):
        events = _swapped(events, soundscape.n_slots, stream)
    return replace(soundscape, events=tuple(events), recording=draw_recording(stream))


def relevance(soundscape: Soundscape) -> float:
    """Return how well the clip matches its caption, from 0 to 1, by the formula above."""
    n = len(soundscape.events)
    credits = [credit(event, soundscape.recording) for event in soundscape.events]
    intruders = sum(event.sound not in (None, event.described) for event in soundscape.events)
    mean_credit = sum(credits) / n
    value = (
        mean_credit * (1 - ORDER_PENALTY * _wrong_order(soundscape.events, credits)) - INTRUSION_PENALTY * intruders / n
    )
    return min(max(value, 0.0), 1.0)


def credit(event: Event, recording: Recording) -> float:
    """Return c_e: 0 for an event that is missing or replaced, else its audibility."""
    if event.sound != event.described:
        return 0.0
    snr_db = event.level_db - recording.floor_level_db
    if event.masker_snr_db is not None:
        snr_db = min(snr_db, event.masker_snr_db)
    return min(max((snr_db + 5) / 20, 0.0), 1.0)


def _wrong_order(events: tuple[Event, ...], credits: list[float]) -> float:
    heard = [event for event, audible in zip(events, credits, strict=True) if audible > 0]
    ordered = [(a, b) for a, b in combinations(heard, 2) if a.slot < b.slot]
    wrong = sum(a.onset_s > b.onset_s for a, b in ordered)
    return wrong / len(ordered) if ordered else 0.0


def _corrupt_event(event: Event, soundscape: Soundscape, system: System, stream: RandomStream) -> Event:
    fate = stream.unit()
    event = replace(event, seed=stream.integer(LARGEST_SEED), character=draw_character(stream))
    if fate < system.missing:
        return replace(event, sound=None)
    if fate < system.missing + system.replaced:
        return _replaced(event, soundscape, stream)
    if fate < system.missing + system.replaced + system.masked:
        return replace(event, masker_snr_db=stream.uniform(*MASKER_SNR_DB))
    return event


def _replaced(event: Event, soundscape: Soundscape, stream: RandomStream) -> Event:
    described = {each.described for each in soundscape.events}
    return replace(event, sound=stream.choose([name for name in SOUND_CLASSES if name not in described]))


def _swapped(events: list[Event], n_slots: int, stream: RandomStream) -> list[Event]:
    """Exchange the times of two slots; everything within a slot keeps its place there."""
    first, second = stream.sample(range(n_slots), 2)
    goes_to = {first: second, second: first}
    slot_s = CLIP_S / n_slots
    return [
        replace(event, onset_s=round(event.onset_s + (goes_to.get(event.slot, event.slot) - event.slot) * slot_s, 3))
        for event in events
    ]
