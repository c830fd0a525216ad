"""Sounds of things: siren, alarm, telephone, bell, clock, engine, helicopter. Same conventions as `voices`."""

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
    harmonics,
    normalised,
    regular_onsets,
    samples,
    time_s,
    tone,
    train,
)


def siren(character: Character, n: int, stream: RandomStream) -> Signal:
    """A wail: a buzzing tone that sweeps up and down between about 600 and 1,400 Hz, once a second or so."""
    per_second = between(0.8, 1.4, character.rate)
    low = between(520.0, 700.0, character.pitch)
    position = 0.5 - 0.5 * np.cos(2 * np.pi * (per_second * time_s(n) + stream.unit()))
    overtones = [1.0, 0.2 + 0.4 * character.timbre, 0.3, 0.1, 0.1]
    return faded(harmonics(low * 2.1**position, overtones), 0.03)


def alarm(character: Character, n: int, stream: RandomStream) -> Signal:
    """Electronic beeps: short steady tones of 2 to 3 kHz with silence between them."""
    per_second = between(3.0, 5.0, character.rate)
    length = samples(between(0.4, 0.6, stream.unit()) / per_second)
    frequency_hz = np.full(length, between(1_950.0, 2_900.0, character.pitch))
    beep = faded(harmonics(frequency_hz, [1.0, 0.3 * character.timbre, 0.25]), 0.004)
    return train(n, regular_onsets(n / SAMPLE_RATE_HZ, per_second, 0.1), lambda _: beep)


def phone(character: Character, n: int, stream: RandomStream) -> Signal:
    """Telephone rings: a clapper trilling between two small bells 22 times a second, half a second long."""
    length = samples(between(0.45, 0.6, 1 - character.rate))
    low = between(850.0, 1_150.0, character.pitch)
    clapper = tone(np.full(length, stream.uniform(19.0, 25.0))) > 0
    sound = np.where(clapper, tone(np.full(length, low)), tone(np.full(length, 1.26 * low)))
    sound += (0.2 + 0.3 * character.timbre) * tone(np.full(length, 3.1 * low)) * (1 - 0.4 * clapper)
    ring = faded(sound, 0.02)
    return train(n, regular_onsets(n / SAMPLE_RATE_HZ, SAMPLE_RATE_HZ / length / 1.4, 0.3), lambda _: ring)


def bell(character: Character, n: int, stream: RandomStream) -> Signal:
    """A church bell: inharmonic partials (hum, prime, tierce, quint, nominal …), the high ones dying first."""
    prime_hz = between(330.0, 620.0, character.pitch)
    partials = ((0.5, 0.5), (1.0, 1.0), (1.2, 0.7), (1.5, 0.4), (2.0, 0.9), (2.5, 0.4), (3.0, 0.4), (4.2, 0.3))
    brightness = between(0.6, 1.3, character.timbre)
    length = n
    strike = np.zeros(length)
    for ratio, gain in partials:
        frequency_hz = np.full(length, prime_hz * ratio * stream.uniform(0.998, 1.002))
        strike += gain * ratio ** (brightness - 1) * tone(frequency_hz) * decay(length, 0.8 / ratio)
    per_second = between(0.6, 1.0, character.rate)
    return faded(train(n, regular_onsets(n / SAMPLE_RATE_HZ, per_second, 0.6), lambda _: strike), 0.002)


def clock(character: Character, n: int, stream: RandomStream) -> Signal:
    """Ticks and tocks: clicks of a few milliseconds at two alternating pitches, three or four a second."""
    length = samples(0.04)
    tick_hz = between(3_200.0, 4_800.0, character.pitch)
    ringing = between(0.004, 0.008, character.timbre)

    def tick(i: int) -> Signal:
        frequency_hz = np.full(length, tick_hz * (0.72 if i % 2 else 1.0))
        click = tone(frequency_hz) + 0.5 * tone(1.57 * frequency_hz) + 0.3 * stream.white_noise(length)
        ticked: Signal = click * decay(length, ringing)
        return ticked

    return train(n, regular_onsets(n / SAMPLE_RATE_HZ, between(2.8, 4.2, character.rate)), tick)


def engine(character: Character, n: int, stream: RandomStream) -> Signal:
    """An engine: a low buzz of many harmonics whose pitch wavers, with the unevenness of its cylinders and a rumble."""
    firing_hz = between(75.0, 125.0, character.pitch)
    waver = 1 + 0.06 * np.sin(2 * np.pi * (between(0.5, 1.2, character.rate) * time_s(n) + stream.unit()))
    amplitudes = [1 / k ** between(0.5, 1.0, 1 - character.timbre) for k in range(1, 17)]
    buzz = normalised(harmonics(firing_hz * waver, amplitudes))
    cylinders = 1 + 0.3 * tone(firing_hz / 4 * waver)
    return faded(buzz * cylinders + 0.15 * band_noise(stream, n, 50.0, 500.0), 0.08)


def helicopter(character: Character, n: int, stream: RandomStream) -> Signal:
    """Rotor blades: thumps of low noise 11 to 16 times a second over the hiss of the turbine."""
    blades_hz = between(11.0, 16.0, character.rate)
    slap = (0.5 + 0.5 * tone(np.full(n, blades_hz))) ** 4
    body = band_noise(stream, n, 50.0, between(350.0, 800.0, character.pitch))
    turbine = band_noise(stream, n, 1_500.0, 3_500.0) * (0.4 + 0.6 * slap)
    return faded(body * slap + (0.05 + 0.1 * character.timbre) * turbine, 0.1)
