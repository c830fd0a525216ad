"""From a soundscape to samples: synthesise the events, set their levels, add the noise, round to 16 bits.

Synthesis is in float64 and depends on sines and exponentials whose last bit differs between machines; after rounding,
samples agree within one 16-bit step.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from jaxtyping import Int16

from bench.datasets.soundscapes.randomness import RandomStream
from bench.datasets.soundscapes.scene import CLIP_S, Event, Recording, Soundscape
from bench.datasets.soundscapes.signals import SAMPLE_RATE_HZ, Signal, Spectrum, faded, filtered_noise, samples
from bench.datasets.soundscapes.vocabulary import SOUND_CLASSES
from metrics.types import Waveform

HIGHEST_PEAK = 0.98
LOWEST_FLOOR_HZ = 40.0
LEVEL_FRAME = 800  # 50 ms


def render(soundscape: Soundscape) -> Waveform:
    """Return the clip: `CLIP_S` seconds at `SAMPLE_RATE_HZ`, exactly what its 16-bit file holds."""
    return Waveform(render_pcm(soundscape).astype(np.float32) / np.float32(2**15), SAMPLE_RATE_HZ)


def render_pcm(soundscape: Soundscape) -> Int16[np.ndarray, " time"]:
    """Return the clip's 16-bit samples."""
    mix = noise_floor(soundscape.recording)
    for event in soundscape.events:
        if event.sound is not None:
            sound = render_event(event)
            start = samples(event.onset_s)
            mix[start : start + len(sound)] += sound[: len(mix) - start]
    mix *= amplitude(soundscape.recording.gain_db)
    mix *= min(1.0, HIGHEST_PEAK / float(np.abs(mix).max()))
    pcm: npt.NDArray[np.int16] = np.rint(mix * (2**15 - 1)).astype(np.int16)
    return pcm


def render_event(event: Event) -> Signal:
    """Return the sound of an event at its level, with the noise that masks it, if any."""
    if event.sound is None:
        raise ValueError(f"nothing is heard of {event.described!r} in this event")
    stream = RandomStream(event.seed, event.sound)
    sound = SOUND_CLASSES[event.sound].synthesise(event.character, samples(event.duration_s), stream)
    sound = sound * (amplitude(event.level_db) / loudest_rms(sound))
    if event.masker_snr_db is not None:
        noise = faded(stream.white_noise(len(sound)), 0.05)
        sound += noise * amplitude(event.level_db - event.masker_snr_db)
    return sound


def noise_floor(recording: Recording) -> Signal:
    """Return noise for a whole clip, its spectrum falling by ``floor_tilt`` times 6 dB an octave."""
    stream = RandomStream(recording.seed, "floor")

    def response(f: Spectrum) -> Spectrum:
        return np.maximum(f, LOWEST_FLOOR_HZ) ** -recording.floor_tilt

    noise = filtered_noise(stream, samples(CLIP_S), response)
    return noise * (amplitude(recording.floor_level_db) / float(np.sqrt(np.mean(noise**2))))


def amplitude(level_db: float) -> float:
    """Return the factor that a level in dB stands for."""
    return float(10 ** (level_db / 20))


def loudest_rms(signal: Signal) -> float:
    """Return the root-mean-square of the loudest 50 ms frame."""
    whole = len(signal) // LEVEL_FRAME * LEVEL_FRAME
    return float(np.sqrt((signal[:whole].reshape(-1, LEVEL_FRAME) ** 2).mean(axis=1).max()))
