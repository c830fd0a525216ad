"""A scorer in one file: ``bench run --metrics examples/one_file.py:make``.

The bandwidth of the clip: the frequency below which 95 % of its energy lies (spectral roll-off), in kHz. It knows
nothing of the caption, and is worth a row in every table: generated audio is often dull, listeners prefer clear
recordings, and a metric may agree with them for that reason alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from metrics import audio
from metrics.types import AudioTextPair, PairScores, ScoreFailure, ScorerOptions, ScorerSpec

ENERGY_BELOW = 0.95


class Bandwidth:
    spec = ScorerSpec("bandwidth", options=(("energy-below", str(ENERGY_BELOW)),))

    def score(self, pairs: Sequence[AudioTextPair]) -> PairScores:
        scores, failures = np.full(len(pairs), np.nan), []
        for i, pair in enumerate(pairs):
            try:
                clip = audio.load(pair.audio_path).waveform
                scores[i] = roll_off_khz(clip.samples, clip.sample_rate_hz)
            except audio.AudioError as error:
                failures.append(ScoreFailure(pair.pair_id, str(error)))
        return PairScores(scores, failures=tuple(failures))


def make(argument: str | None, options: ScorerOptions) -> Bandwidth:  # noqa: ARG001
    return Bandwidth()


def roll_off_khz(samples: np.ndarray, sample_rate_hz: int) -> float:
    energy = np.cumsum(np.abs(np.fft.rfft(samples)) ** 2)
    return float(np.searchsorted(energy, ENERGY_BELOW * energy[-1]) * sample_rate_hz / len(samples) / 1000)
