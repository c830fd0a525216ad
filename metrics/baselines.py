"""Floors that every metric must beat: scores that know nothing, or only one trivial thing, about the pair.

Units: ``random`` in [0, 1); ``caption-length`` in words; ``duration`` in seconds; ``loudness`` in dBFS (root mean
square, 0 dBFS for a full-scale square wave). Only ``random`` is on the scale of CLAPScore.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import ClassVar

import numpy as np

from metrics import audio
from metrics.errors import UsageError
from metrics.types import (
    AudioTextPair,
    PairScores,
    ProgressCallback,
    ScoreFailure,
    ScorerOptions,
    ScorerSpec,
    Waveform,
)


@dataclass(frozen=True)
class TextBaseline:
    """A score that needs no audio."""

    spec: ScorerSpec
    measure: Callable[[AudioTextPair], float]
    tells_what_it_heard: ClassVar[bool] = True

    def score(self, pairs: Sequence[AudioTextPair]) -> PairScores:
        """Score every pair; none can fail."""
        return PairScores(np.array([self.measure(pair) for pair in pairs], dtype=np.float64))


@dataclass(frozen=True)
class AudioBaseline:
    """A score that needs only the clip; each clip is decoded once."""

    spec: ScorerSpec
    measure: Callable[[Waveform], float]
    progress: ProgressCallback
    tells_what_it_heard: ClassVar[bool] = True

    def score(self, pairs: Sequence[AudioTextPair]) -> PairScores:
        """Score every pair; clips that cannot be heard are listed as failures (see `metrics.audio`)."""
        paths = list(dict.fromkeys(pair.audio_path for pair in pairs))
        measured: dict[Path, float | str] = {}
        for done, path in enumerate(paths, start=1):
            measured[path] = self._measure(path)
            self.progress(self.spec.name, done, len(paths))
        return _collect(pairs, measured)

    def _measure(self, path: Path) -> float | str:
        try:
            return self.measure(audio.load(path).waveform)
        except audio.AudioError as error:
            return error.reason
        except MemoryError:
            return audio.NO_MEMORY


def make_random(argument: str | None, options: ScorerOptions) -> TextBaseline:
    """Uniform noise, a function of (seed, pair id, caption): the same in any order, batch and process."""
    spec = ScorerSpec(_bare_name("random", argument), options=(("seed", str(options.seed)),))
    return TextBaseline(spec, lambda pair: _uniform(f"{options.seed}\0{pair.pair_id}\0{pair.caption}"))


def make_caption_length(argument: str | None, options: ScorerOptions) -> TextBaseline:  # noqa: ARG001
    """Number of words in the caption, split at white space."""
    spec = ScorerSpec(_bare_name("caption-length", argument))
    return TextBaseline(spec, lambda pair: float(len(pair.caption.split())))


def make_duration(argument: str | None, options: ScorerOptions) -> AudioBaseline:
    """Length of the clip in seconds."""
    return AudioBaseline(_audio_spec("duration", argument), lambda clip: clip.duration_s, options.progress)


def make_loudness(argument: str | None, options: ScorerOptions) -> AudioBaseline:
    """Root-mean-square level of the clip in dBFS."""
    return AudioBaseline(_audio_spec("loudness", argument), rms_dbfs, options.progress)


def rms_dbfs(clip: Waveform) -> float:
    """Return 20 log10 of the root mean square; finite, because `metrics.audio` refuses silent clips."""
    return float(10 * np.log10(np.mean(np.square(clip.samples, dtype=np.float64))))


def _uniform(key: str) -> float:
    return (int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") >> 11) / 2**53


def _audio_spec(name: str, argument: str | None) -> ScorerSpec:
    return ScorerSpec(_bare_name(name, argument), packages=(("soundfile", version("soundfile")),))


def _bare_name(name: str, argument: str | None) -> str:
    if argument is not None:
        raise UsageError(f"metric {name!r} takes no argument, got {argument!r}; write just {name!r}")
    return name


def _collect(pairs: Sequence[AudioTextPair], measured: dict[Path, float | str]) -> PairScores:
    values = [measured[pair.audio_path] for pair in pairs]
    scores = np.array([np.nan if isinstance(value, str) else value for value in values], dtype=np.float64)
    failures = [
        ScoreFailure(pair.pair_id, f"{pair.audio_path}: {value}")
        for pair, value in zip(pairs, values, strict=True)
        if isinstance(value, str)
    ]
    return PairScores(scores, failures=tuple(failures))
