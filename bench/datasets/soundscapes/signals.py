"""The pieces that sounds are made of: oscillators, shaped noise, envelopes, trains of short grains.

Conventions: times in seconds, frequencies in hertz, signals float64 at `SAMPLE_RATE_HZ`, of any level (events are
brought to their level when they are mixed).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from jaxtyping import Float64

from bench.datasets.soundscapes.randomness import RandomStream

SAMPLE_RATE_HZ = 16_000
HIGHEST_HZ = 7_600.0
FFT_BLOCK = 800  # noise is shaped in multiples of 50 ms, whose FFT lengths have small factors

if TYPE_CHECKING:  # mypy knows jaxtyping's arrays as arrays of anything
    Signal = npt.NDArray[np.float64]
    Spectrum = npt.NDArray[np.float64]
else:
    Signal = Float64[np.ndarray, " time"]
    Spectrum = Float64[np.ndarray, " bins"]


def samples(seconds: float) -> int:
    """Return the number of samples nearest to a duration."""
    return round(seconds * SAMPLE_RATE_HZ)


def time_s(n: int) -> Signal:
    """Return the times of n samples."""
    return np.arange(n) / SAMPLE_RATE_HZ


def ramp(n: int) -> Signal:
    """Return n numbers rising from 0 to just below 1: how far a sound has come."""
    return np.arange(n) / n


def phase(frequency_hz: Signal) -> Signal:
    """Return the phase in radians of an oscillator with the given momentary frequency."""
    return np.cumsum(frequency_hz) * (2 * np.pi / SAMPLE_RATE_HZ)


def tone(frequency_hz: Signal) -> Signal:
    """Return a sine of varying frequency."""
    return np.sin(phase(frequency_hz))


def harmonics(frequency_hz: Signal, amplitudes: Sequence[float]) -> Signal:
    """Return a sum of harmonics 1, 2, … of a varying fundamental; harmonics that could alias are left out.

    sin((k + 1) x) = 2 cos(x) sin(k x) - sin((k - 1) x) saves a sine per harmonic (Chebyshev).
    """
    x = phase(frequency_hz)
    twice_cosine = 2 * np.cos(x)
    previous, current = np.zeros_like(x), np.sin(x)
    count = min(len(amplitudes), int(HIGHEST_HZ / frequency_hz.max()))
    total = amplitudes[0] * current
    for amplitude in amplitudes[1:count]:
        previous, current = current, twice_cosine * current - previous
        total += amplitude * current
    return total


def formant_amplitudes(fundamental_hz: float, formants_hz: Sequence[float], count: int) -> list[float]:
    """Return amplitudes of harmonics under vocal-tract resonances as wide as a quarter of their frequency."""
    return [
        sum(1 / (1 + ((k * fundamental_hz - formant) / (0.25 * formant)) ** 2) for formant in formants_hz) / k**0.5
        for k in range(1, count + 1)
    ]


def filtered_noise(stream: RandomStream, n: int, response: Callable[[Spectrum], Spectrum]) -> Signal:
    """Return n samples of white noise with the given magnitude response over frequency in hertz."""
    padded = -(-n // FFT_BLOCK) * FFT_BLOCK
    spectrum = np.fft.rfft(stream.white_noise(padded))
    return np.fft.irfft(spectrum * response(np.fft.rfftfreq(padded, 1 / SAMPLE_RATE_HZ)), padded)[:n]


def band_noise(stream: RandomStream, n: int, low_hz: float, high_hz: float) -> Signal:
    """Return noise between two corner frequencies with slopes of 24 dB an octave (Butterworth magnitudes, order 4)."""

    def response(f: Spectrum) -> Spectrum:
        above = (np.maximum(f, 1.0) / high_hz) ** 8
        below = (low_hz / np.maximum(f, 1.0)) ** 8
        return 1 / np.sqrt((1 + above) * (1 + below))

    return filtered_noise(stream, n, response)


def decay(n: int, time_constant_s: float) -> Signal:
    """Return an exponential decay from 1."""
    envelope: Signal = np.exp(time_s(n) * (-1 / time_constant_s))
    return envelope


def swell(n: int) -> Signal:
    """Return half a period of a sine: up and down again."""
    envelope: Signal = np.sin(np.pi * ramp(n))
    return envelope


def normalised(signal: Signal) -> Signal:
    """Return the signal with its highest peak at 1."""
    scaled: Signal = signal / np.abs(signal).max()
    return scaled


def faded(signal: Signal, seconds: float) -> Signal:
    """Return the signal with raised-cosine fades at both ends: no clicks."""
    n = min(samples(seconds), len(signal) // 2)
    fade = 0.5 - 0.5 * np.cos(np.pi * ramp(n))
    result = signal.copy()
    result[:n] *= fade
    result[len(signal) - n :] *= fade[::-1]
    return result


def train(n: int, onsets_s: Iterable[float], grain: Callable[[int], Signal]) -> Signal:
    """Return n samples holding ``grain(i)`` at the i-th onset; what would stick out at the end is left out."""
    total = np.zeros(n)
    for i, onset_s in enumerate(onsets_s):
        start = samples(onset_s)
        piece = grain(i)[: max(n - start, 0)]
        total[start : start + len(piece)] += piece
    return total


def regular_onsets(duration_s: float, per_second: float, last_s: float = 0.05) -> list[float]:
    """Return equally spaced onsets from 0 on, the last one no later than ``last_s`` before the end."""
    count = max(int((duration_s - last_s) * per_second) + 1, 1)
    return [i / per_second for i in range(count)]


def irregular_onsets(stream: RandomStream, duration_s: float, per_second: float, last_s: float = 0.05) -> list[float]:
    """Return onsets whose gaps vary between 0.5 and 1.5 times the mean gap."""
    onsets = [0.0]
    while onsets[-1] < duration_s - last_s:
        onsets.append(onsets[-1] + stream.uniform(0.5, 1.5) / per_second)
    return onsets[:-1] or onsets


def grouped_onsets(duration_s: float, per_second: float, group: int, pause_s: float) -> list[float]:
    """Return onsets in groups: ``group`` of them ``per_second``, then a pause, until the end."""
    group_s = (group - 1) / per_second
    starts = regular_onsets(duration_s, 1 / (group_s + pause_s), last_s=min(group_s, duration_s))
    return [start + i / per_second for start in starts for i in range(group)]
