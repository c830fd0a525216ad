"""Sounds of weather, water and blasts: rain, wind, thunder, dripping, explosion. Same conventions as `voices`."""

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
    irregular_onsets,
    ramp,
    samples,
    time_s,
    tone,
    train,
)


def rain(character: Character, n: int, stream: RandomStream) -> Signal:
    """A steady hiss above 1.5 kHz with the patter of single drops."""
    hiss = band_noise(stream, n, between(1_200.0, 2_400.0, character.pitch), 7_000.0)
    length = samples(0.012)
    patter = decay(length, 0.002)
    per_second = between(25.0, 60.0, character.rate)
    drops = train(
        n,
        irregular_onsets(stream, n / SAMPLE_RATE_HZ, per_second),
        lambda _: stream.white_noise(length) * patter * stream.uniform(0.3, 1.0),
    )
    return faded(hiss + (1.0 + 2.0 * character.timbre) * drops, 0.15)


def wind(character: Character, n: int, stream: RandomStream) -> Signal:
    """Gusts: hollow noise of a few hundred hertz that rises and falls, the gust louder and higher at once."""
    low_hz = between(220.0, 330.0, character.pitch)
    gusts = 0.5 - 0.5 * np.cos(2 * np.pi * (between(0.5, 0.9, character.rate) * time_s(n) + stream.unit()))
    calm = band_noise(stream, n, low_hz, 1.6 * low_hz)
    gust = band_noise(stream, n, 1.7 * low_hz, between(2.4, 3.4, character.timbre) * low_hz)
    return faded(calm * (0.35 + 0.3 * gusts) + 1.2 * gust * gusts**2, 0.15)


def thunder(character: Character, n: int, stream: RandomStream) -> Signal:
    """Rolling thunder: noise below 200 Hz whose loudness swells several times at irregular moments and dies away."""
    rumble = band_noise(stream, n, 25.0, between(90.0, 170.0, character.pitch))
    length = n
    roll = np.minimum(time_s(length) / 0.08, 1) * decay(length, between(0.3, 0.6, character.timbre))
    onsets = irregular_onsets(stream, n / SAMPLE_RATE_HZ, between(1.5, 3.0, character.rate), 0.3)
    rolls = train(n, onsets, lambda i: roll * stream.uniform(0.3, 1.0) * (1 - 0.5 * i / len(onsets)))
    return faded(rumble * rolls, 0.05)


def dripping(character: Character, n: int, stream: RandomStream) -> Signal:
    """Drops into water: at irregular moments a short tone that rises while it dies, a bubble closing."""
    length = samples(0.09)
    start_hz = between(650.0, 1_100.0, character.pitch)
    rise = between(0.6, 1.2, character.timbre)
    envelope = decay(length, 0.02) * np.minimum(time_s(length) / 0.002, 1)

    def drop(_: int) -> Signal:
        bubble: Signal = tone(start_hz * stream.uniform(0.8, 1.25) * (1 + rise * ramp(length))) * envelope
        return bubble

    onsets = irregular_onsets(stream, n / SAMPLE_RATE_HZ, between(3.0, 5.0, character.rate), 0.09)
    return train(n, onsets, drop)


def explosion(character: Character, n: int, stream: RandomStream) -> Signal:
    """A single blast: a broadband crack, a roar that darkens as it dies, a boom that falls in pitch beneath it."""
    crack = stream.white_noise(n) * decay(n, 0.05)
    roar = band_noise(stream, n, 150.0, between(900.0, 1_800.0, character.timbre)) * decay(
        n, between(0.2, 0.4, character.rate)
    )
    tail = band_noise(stream, n, 40.0, 300.0) * decay(n, 0.6)
    boom = tone(between(45.0, 75.0, character.pitch) * (0.7 + 0.6 * decay(n, 0.15))) * decay(n, 0.4)
    return faded(0.8 * crack + 1.2 * roar + tail + boom, 0.001)
