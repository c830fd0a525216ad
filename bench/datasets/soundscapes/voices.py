"""Sounds of animals and people: dog, cat, birds, laughter, whistle, footsteps, knocking, sawing.

Every synthesiser takes a `Character` (pitch, rate and timbre in [0, 1], mapped here to hertz, events a second and
brightness), a number of samples and a random stream for its noise. Levels are set later, in the mix.
"""

from __future__ import annotations

import numpy as np

from bench.datasets.soundscapes.character import Character, between
from bench.datasets.soundscapes.randomness import RandomStream
from bench.datasets.soundscapes.signals import (
    SAMPLE_RATE_HZ,
    Signal,
    band_noise,
    decay,
    faded,
    formant_amplitudes,
    grouped_onsets,
    harmonics,
    normalised,
    phase,
    ramp,
    regular_onsets,
    samples,
    swell,
    time_s,
    tone,
    train,
)


def dog(character: Character, n: int, stream: RandomStream) -> Signal:
    """Barks: short voiced bursts whose pitch falls, with a rough noise onset."""
    f0 = between(320.0, 560.0, character.pitch)
    length = samples(between(0.13, 0.2, character.timbre))
    fall = f0 * (1.25 - 0.5 * ramp(length))
    voice = normalised(harmonics(fall, formant_amplitudes(f0, [900.0, 1_800.0], 14)))
    envelope = swell(length) ** 0.7

    def bark(_: int) -> Signal:
        rough = band_noise(stream, length, 600.0, 2_400.0)
        barked: Signal = (voice + 0.35 * rough) * envelope
        return barked

    return train(n, regular_onsets(n / SAMPLE_RATE_HZ, between(1.9, 3.0, character.rate), 0.2), bark)


def cat(character: Character, n: int, stream: RandomStream) -> Signal:
    """Meows: one long voiced arc each, the mouth opening and closing."""
    length = min(samples(between(0.65, 0.9, 1 - character.rate)), n)
    arc = swell(length)
    f0 = between(480.0, 720.0, character.pitch)
    pitch = f0 * (0.85 + 0.4 * arc - 0.1 * ramp(length))
    closed = harmonics(pitch, [1.0, 0.3, 0.1])
    opened = harmonics(pitch, formant_amplitudes(f0, [between(1_300.0, 1_800.0, character.timbre), 3_000.0], 10))
    meow = faded(closed * (1 - arc) + 1.5 * opened * arc + 0.02 * stream.white_noise(length), 0.05)
    return train(
        n, regular_onsets(n / SAMPLE_RATE_HZ, SAMPLE_RATE_HZ / length / 1.2, length / SAMPLE_RATE_HZ), lambda _: meow
    )


def birds(character: Character, n: int, stream: RandomStream) -> Signal:
    """Chirps: fast upward and downward sweeps between 3 and 7 kHz in short phrases."""
    centre = between(3_800.0, 5_200.0, character.pitch)
    length = samples(between(0.045, 0.075, character.timbre))

    def chirp(_: int) -> Signal:
        span = stream.uniform(0.2, 0.35) * (1 if stream.chance(0.6) else -1)
        sweep = centre * stream.uniform(0.92, 1.08) * (1 + span * (ramp(length) - 0.5))
        return tone(sweep) * swell(length)

    onsets = grouped_onsets(n / SAMPLE_RATE_HZ, between(8.0, 12.0, character.rate), 2 + int(character.timbre * 3), 0.3)
    return train(n, onsets, chirp)


def laughter(character: Character, n: int, stream: RandomStream) -> Signal:
    """Laughs: breathy voiced bursts, five or so a second, falling in pitch and dying away within each laugh."""
    f0 = between(190.0, 340.0, character.pitch)
    per_second = between(4.6, 6.2, character.rate)
    length = samples(0.6 / per_second)
    group = 5
    formants = [between(700.0, 950.0, character.timbre), 1_350.0, 2_700.0]

    def burst(i: int) -> Signal:
        place = i % group
        pitch = f0 * (1.15 - 0.06 * place) * (1.05 - 0.15 * ramp(length))
        voice = normalised(harmonics(pitch, formant_amplitudes(f0, formants, 16)))
        breath = band_noise(stream, length, 900.0, 3_500.0)
        return (voice + 0.25 * breath) * swell(length) * (1 - 0.12 * place)

    return train(n, grouped_onsets(n / SAMPLE_RATE_HZ, per_second, group, 0.4), burst)


def whistle(character: Character, n: int, stream: RandomStream) -> Signal:
    """Whistled notes: nearly pure tones between 1 and 2.2 kHz that glide, with vibrato and a little breath."""
    length = min(samples(between(0.4, 0.6, 1 - character.rate)), n)
    low = between(1_000.0, 1_450.0, character.pitch)
    vibrato = 1 + 0.012 * np.sin(2 * np.pi * 5.5 * time_s(length))

    def note(i: int) -> Signal:
        glide = [0.0, 0.45, 0.2, -0.25][(i + int(4 * character.timbre)) % 4]
        pitch = low * (1.2 if i % 2 else 1.0) * (1 + glide * ramp(length)) * vibrato
        breath = band_noise(stream, length, 1_000.0, 3_000.0)
        return faded(tone(pitch) + 0.03 * breath, 0.04)

    per_second = SAMPLE_RATE_HZ / length / 1.15
    return train(n, regular_onsets(n / SAMPLE_RATE_HZ, per_second, 0.5 * length / SAMPLE_RATE_HZ), note)


def footsteps(character: Character, n: int, stream: RandomStream) -> Signal:
    """Steps: a dull heel thud and, a moment later, a scrape of the sole, about two a second."""
    length = samples(0.2)
    thud_hz = between(140.0, 260.0, character.pitch)
    scrape_gain = 0.08 + 0.12 * character.timbre
    scrape_envelope = swell(length) ** 12

    def step(i: int) -> Signal:
        thud = band_noise(stream, length, 60.0, thud_hz * (1.15 if i % 2 else 1.0)) * decay(length, 0.03)
        scrape = band_noise(stream, length, 1_200.0, 3_600.0) * scrape_envelope
        return 2.5 * thud + scrape_gain * scrape

    return train(n, regular_onsets(n / SAMPLE_RATE_HZ, between(1.9, 2.7, character.rate), 0.15), step)


def knocking(character: Character, n: int, stream: RandomStream) -> Signal:
    """Knocks on wood: three or four strokes in quick succession, short resonances with a sharp onset, then a pause."""
    f0 = between(300.0, 480.0, character.pitch)
    length = samples(0.12)
    ring = between(0.014, 0.024, character.timbre)
    modes = ((1.0, 1.0), (2.27, 0.6), (3.9, 0.35))
    wood = sum(gain * tone(np.full(length, f0 * ratio)) * decay(length, ring / ratio**0.5) for ratio, gain in modes)

    def knock(_: int) -> Signal:
        return wood * stream.uniform(0.8, 1.0) + 0.4 * band_noise(stream, length, 500.0, 4_000.0) * decay(length, 0.004)

    onsets = grouped_onsets(n / SAMPLE_RATE_HZ, between(5.0, 7.0, character.rate), 3 + int(2 * character.timbre), 0.5)
    return train(n, onsets, knock)


def sawing(character: Character, n: int, stream: RandomStream) -> Signal:
    """Strokes of a handsaw to and fro: bright noise chopped by the teeth, push and pull of different colour."""
    per_second = between(2.2, 3.4, character.rate)
    length = samples(0.85 / per_second)
    centre = between(1_800.0, 3_000.0, character.pitch)
    teeth_hz = between(90.0, 150.0, character.timbre)

    def stroke(i: int) -> Signal:
        colour = centre * (1.35 if i % 2 else 0.9)
        teeth = 0.6 + 0.4 * np.sin(phase(teeth_hz * (0.6 + 0.4 * swell(length))))
        return band_noise(stream, length, 0.6 * colour, 1.7 * colour) * teeth * swell(length)

    return train(n, regular_onsets(n / SAMPLE_RATE_HZ, per_second, 0.15), stroke)
