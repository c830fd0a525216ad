"""What a model hears of a clip: windows of its length, and what is done with clips that are shorter or longer.

Lengths are in samples unless a name ends in ``_s`` (seconds).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float

from metrics.audio import (
    BYTES_A_RESAMPLED_SAMPLE,
    SILENCE_PEAK,
    AudioError,
    Clip,
    check_length,
    peak,
    resample,
)
from metrics.types import Waveform, WindowPolicy

UNCOVERED_S = 0.5
"""How much of a clip ``cover`` may leave unheard before it adds a window."""

Filling = Literal["repeatpad", "repeat", "pad"]
"""How a clip shorter than the window is extended; see `fill`."""


@dataclass(frozen=True, slots=True)
class Listening:
    """How a model hears clips.

    Attributes:
        sample_rate_hz: rate that the model was trained at.
        n_window: length of the model's window, in samples.
        filling: what is done with shorter clips.
        policy: what is done with longer clips.
        seed: of the crops of ``as-published``.
        int16: whether samples are quantised to 16 bits after resampling.
    """

    sample_rate_hz: int
    n_window: int
    filling: Filling
    policy: WindowPolicy
    seed: int = 0
    int16: bool = False

    def __str__(self) -> str:
        return f"{self.policy}:{self.n_window / self.sample_rate_hz:g}s"

    def resampled(self, clip: Clip, bytes_a_sample: int = BYTES_A_RESAMPLED_SAMPLE) -> Waveform:
        """Return the whole clip at the model's rate.

        Raises:
            AudioError: it takes more memory than a clip may; ``bytes_a_sample`` is what will be done with it.
        """
        heard = clip.waveform
        check_length(len(heard.samples), heard.sample_rate_hz, self.sample_rate_hz, clip.path, bytes_a_sample)
        waveform = resample(heard, self.sample_rate_hz, clip.path)
        return Waveform(quantise_int16(waveform.samples), waveform.sample_rate_hz) if self.int16 else waveform

    def windows(self, clip: Clip) -> list[Float[np.ndarray, " window"]]:
        """Return what the model hears of a clip.

        Raises:
            AudioError: all of it is silent, or it takes more memory than a clip may.
        """
        windows = cut_windows(self.resampled(clip), self.n_window, self.policy, self.filling, self.key(clip))
        check_audible(windows, clip.path)
        return windows

    def key(self, clip: Clip) -> str:
        """Return what random crops of this clip are drawn from."""
        return f"{clip.content_hash}/{self.seed}"


def quantise_int16(samples: Float[np.ndarray, " time"]) -> Float[np.ndarray, " time"]:
    """Round samples towards zero to 16 bits, as laion_clap does to every file (training/data.py, float32_to_int16)."""
    steps: Float[np.ndarray, " time"] = np.clip(samples, -1.0, 1.0)
    steps *= 32767.0
    np.trunc(steps, out=steps)
    steps += 0.0  # integers have no negative zero
    steps /= 32767.0
    return steps


def window_starts(n_samples: int, n_window: int, uncovered: int, policy: WindowPolicy, key: str) -> list[int]:
    """Return where the windows of a clip begin.

    ``cover``: ceil((T - uncovered) / W) evenly spaced windows, the first at the start and the last at the end of the
    clip; a single one is centred. ``head``: the first W samples. ``center``: the middle W. ``as-published``: one
    uniformly random crop, as laion_clap, transformers and msclap take, but drawn from ``key``.

    Args:
        n_samples: length T of the clip.
        n_window: length W of a window; a clip that is not longer has one window, at 0.
        uncovered: what ``cover`` may leave unheard.
        policy: one of the four above.
        key: the clip's content hash and the run's seed: the only source of randomness.
    """
    slack = n_samples - n_window
    if slack <= 0 or policy == "head":
        return [0]
    if policy == "center":
        return [slack // 2]
    if policy == "as-published":
        return [int(seeded_generator(key).integers(0, slack, endpoint=True))]
    n_windows = math.ceil((n_samples - uncovered) / n_window)
    if n_windows <= 1:
        return [slack // 2]
    return [round(i * slack / (n_windows - 1)) for i in range(n_windows)]


def cut_windows(
    waveform: Waveform, n_window: int, policy: WindowPolicy, filling: Filling, key: str
) -> list[Float[np.ndarray, " window"]]:
    """Return what the model hears of a clip: windows of ``n_window`` samples; see `window_starts` and `fill`.

    Windows of a long clip are views of its samples. They may all be silent although the clip is not: see
    `check_audible`.
    """
    samples = fill(waveform.samples, n_window, filling)
    uncovered = round(UNCOVERED_S * waveform.sample_rate_hz)
    starts = window_starts(len(samples), n_window, uncovered, policy, key)
    return [samples[start : start + n_window] for start in starts]


def fill(samples: Float[np.ndarray, " time"], n_window: int, filling: Filling) -> Float[np.ndarray, " filled"]:
    """Extend a clip that is shorter than ``n_window``, and return any other as it is.

    ``repeatpad`` repeats it as often as it fits and pads with zeros (LAION CLAP), ``repeat`` repeats and cuts
    (MS CLAP), ``pad`` pads with zeros.
    """
    n_samples = len(samples)
    if n_samples >= n_window:
        return samples
    if filling == "repeat":
        return np.resize(samples, n_window)
    repeated = np.tile(samples, n_window // n_samples) if filling == "repeatpad" else samples
    return np.pad(repeated, (0, n_window - len(repeated)))


def check_audible(windows: Sequence[Float[np.ndarray, " window"]], path: Path) -> None:
    """Raise `AudioError` if nothing sounds in the windows that a model is about to hear."""
    if all(peak(window) < SILENCE_PEAK for window in windows):
        raise AudioError(path, "is silent throughout the part that the model hears; try --window cover")


def seeded_generator(key: str) -> np.random.Generator:
    """Return a generator that depends on ``key`` alone, on every machine."""
    return np.random.default_rng(int.from_bytes(hashlib.sha256(key.encode()).digest()[:16], "big"))
