"""A scorer for clap-bench: do the clip's brightness and steadiness fit the words of its caption?

Some words promise a bright sound (birds chirp) and some a dark one (thunder rumbles); some a steady one (rain) and
some single events (a knock). Both properties can be measured in any clip, without a model:

- brightness: the spectral centroid in octaves above 1 kHz, halved and clipped to [-1, 1];
- steadiness: minus the logarithm to base 2 of the envelope's coefficient of variation, clipped to [-1, 1].

The score is 1/2 + (promised brightness x brightness + promised steadiness x steadiness) / 4, from 0 to 1; 1/2 where
the caption promises nothing. What agrees with listeners no better than this has learned little beyond two properties
of the signal and a list of words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from metrics import audio
from metrics.errors import UsageError
from metrics.types import AudioTextPair, PairScores, ScoreFailure, ScorerOptions, ScorerSpec, Waveform

FRAME_S = 0.02

BRIGHT = (
    "baby beep bell bird cat chirp click clink cricket cry fry glass hiss insect jingl key meow rain ring shriek sizzl "
    "spray squeak squeal tick tweet typ whistl"
)
DARK = (
    "bass boat bus car drone drum engine explo footstep helicopter hum motor ocean plane rumbl snor thud thunder train "
    "truck vehicle wave wind"
)
STEADY = (
    "applau buzz crowd drone engine fry helicopter hiss hum idl motor ocean plane rain river siren sizzl steady stream "
    "vacuum water wave wind"
)
EVENTS = (
    "bark beep bell chirp clap click cough crow dog door drum explo footstep gun hammer knock laugh meow quack ring "
    "shot slam sneez tap thud tick typ"
)
"""Beginnings of words, with blanks between them."""


class SoundWords:
    """A `metrics.types.Scorer`."""

    # Everything that can change a score belongs here. The package's name and version are added by clap-bench.
    spec = ScorerSpec("sound-words", packages=(("numpy", np.__version__),))

    def __init__(self, options: ScorerOptions) -> None:
        self.options = options

    def score(self, pairs: Sequence[AudioTextPair]) -> PairScores:
        """Return one score in [0, 1] a pair; NaN, and the reason, for clips that cannot be heard."""
        scores, failures = np.full(len(pairs), np.nan), []
        for i, pair in enumerate(pairs):
            try:
                clip = audio.load(pair.audio_path).waveform
                scores[i] = 0.5 + promised(pair.caption) @ measured(clip) / 4
            except audio.AudioError as error:
                failures.append(ScoreFailure(pair.pair_id, str(error)))
            self.options.progress("clips", i + 1, len(pairs))
        return PairScores(scores, failures=tuple(failures))


def make(argument: str | None, options: ScorerOptions) -> SoundWords:
    """Build the scorer; ``argument`` is what stands after the colon in ``--metrics sound-words:argument``."""
    if argument is not None:
        raise UsageError(f"metric 'sound-words' takes no argument, got {argument!r}; write just 'sound-words'")
    return SoundWords(options)


def promised(caption: str) -> np.ndarray:
    """Return the brightness and steadiness that the words of a caption promise, each in [-1, 1]."""
    words = re.findall(r"[a-z]+", caption.lower())
    return np.array([_balance(words, BRIGHT, DARK), _balance(words, STEADY, EVENTS)])


def measured(clip: Waveform) -> np.ndarray:
    """Return the brightness and steadiness of a clip, each in [-1, 1]."""
    samples, rate = clip.samples.astype(np.float64), clip.sample_rate_hz
    power = np.abs(np.fft.rfft(samples)) ** 2
    centroid_hz = np.fft.rfftfreq(len(samples), 1 / rate) @ power / power.sum()
    n_frame = round(FRAME_S * rate)
    frames = samples[: len(samples) // n_frame * n_frame].reshape(-1, n_frame)
    envelope = np.sqrt(np.mean(frames**2, axis=1))
    variation = max(envelope.std() / envelope.mean(), 1e-6) if envelope.any() else 1.0
    return np.clip([np.log2(max(centroid_hz, 1.0) / 1000) / 2, -np.log2(variation)], -1, 1)


def _balance(words: Sequence[str], positive: str, negative: str) -> float:
    n_positive, n_negative = (
        sum(word.startswith(tuple(beginnings.split())) for word in words) for beginnings in (positive, negative)
    )
    return (n_positive - n_negative) / max(n_positive + n_negative, 1)
