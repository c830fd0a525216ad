"""What a metric is: the types that every scorer and every caller share.

A *pair* is one audio clip and one caption. A *scorer* gives each pair one number. A *dual encoder* embeds
clips and captions in one space; `metrics.clap_score` turns it into a scorer by Eq. (1) of the Human-CLAP paper.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float

WindowPolicy = Literal["cover", "head", "center", "as-published"]
Precision = Literal["fp32", "bf16", "fp16"]


@dataclass(frozen=True, slots=True)
class AudioTextPair:
    """One clip and the caption it is judged against.

    Attributes:
        pair_id: unique within a data set.
        audio_path: where the clip is, or would be: precomputed scores and text-only metrics never open it.
        caption: the text, verbatim.
        reference_audio: a clip that is known to match the caption, for metrics that compare with one; None where the
            data name none.
    """

    pair_id: str
    audio_path: Path
    caption: str
    reference_audio: Path | None = None


@dataclass(frozen=True, slots=True)
class Waveform:
    """A mono clip: ``samples`` in [-1, 1], float32, ``sample_rate_hz`` samples a second."""

    samples: Float[np.ndarray, " time"]
    sample_rate_hz: int

    @property
    def duration_s(self) -> float:
        return len(self.samples) / self.sample_rate_hz


@dataclass(frozen=True, slots=True)
class ScorerSpec:
    """Everything that can change a score.

    Attributes:
        name: as the user wrote it in ``--metrics``.
        checkpoint: hub id and file, or path, of the weights; None for a scorer without weights.
        checkpoint_sha256: hash of the weights file.
        text_encoder: name of the text tower, where there is one.
        sample_rate_hz: rate at which the model hears; None if it hears nothing.
        window: the window policy and length, e.g. ``"cover:10s"``.
        precision: of the forward pass.
        packages: (name, version) of every package whose code takes part in the score.
        options: further (name, value) settings, e.g. a seed.
    """

    name: str
    checkpoint: str | None = None
    checkpoint_sha256: str | None = None
    text_encoder: str | None = None
    sample_rate_hz: int | None = None
    window: str | None = None
    precision: Precision | None = None
    packages: tuple[tuple[str, str], ...] = ()
    options: tuple[tuple[str, str], ...] = ()

    def signature(self) -> str:
        """Return all settings in one line, as sacrebleu does, e.g. ``laion|ckpt:630k…|sha256:0a1b…|window:cover:10s``.

        Two scores with the same signature and the same clip and caption are the same number. Of the hash, the first
        12 digits are shown.
        """
        named = [
            ("ckpt", self.checkpoint),
            ("sha256", self.checkpoint_sha256 and self.checkpoint_sha256[:12]),
            ("text", self.text_encoder),
            ("rate", self.sample_rate_hz),
            ("window", self.window),
            ("precision", self.precision),
            *self.options,
            *self.packages,
        ]
        return "|".join([self.name, *(f"{key}:{value}" for key, value in named if value is not None)])

    def with_provider(self, provider: tuple[str, str] | None) -> ScorerSpec:
        """Return this spec, naming the package or file that the scorer comes from; see `ScorerOptions.provider`."""
        if provider is None or provider in self.packages:
            return self
        others = (package for package in self.packages if package[0] != provider[0])
        return replace(self, packages=(*others, provider))


@dataclass(frozen=True, slots=True)
class ScoreFailure:
    """A pair that has no score, and why, in words for the user."""

    pair_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class PairScores:
    """The outcome of scoring a list of pairs.

    Attributes:
        scores: one a pair, in the order of the pairs; NaN exactly where the pair is listed in ``failures``.
        cosines: the raw cosine behind each score (before the clamp at 0 of Eq. 1), for scorers that have one.
        failures: the pairs without a score.
        notes: remarks for the report, e.g. how many captions were cut.
    """

    scores: Float[np.ndarray, " pairs"]
    cosines: Float[np.ndarray, " pairs"] | None = None
    failures: tuple[ScoreFailure, ...] = ()
    notes: tuple[str, ...] = ()


@runtime_checkable
class Scorer(Protocol):
    """A metric ready to run. A score depends on the clip, the caption and ``spec.signature()``, and on nothing else.

    ``score`` may return a bare array (NaN marks a failure); `PairScores` says more.
    """

    @property
    def spec(self) -> ScorerSpec: ...

    def score(self, pairs: Sequence[AudioTextPair]) -> PairScores | Float[np.ndarray, " pairs"]: ...


@runtime_checkable
class TrainedScorer(Scorer, Protocol):
    """A scorer with a checkpoint folder, in which ``training.json`` may say what it was trained on.

    Reports compare that with the tested pairs; `bench.analysis.leakage` documents the file.
    """

    @property
    def checkpoint_folder(self) -> Path | None: ...


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether a scorer can run on this machine and, if not, why and what to do.

    Attributes:
        available: everything it needs is here.
        reason: why not, or ``"ready"``.
        remedy: what to do about it.
        downloadable: what is missing will be fetched when the scorer is built, if the hub or package index answers.
        cause: what a plugin raised.
    """

    available: bool
    reason: str = "ready"
    remedy: str = ""
    downloadable: bool = False
    cause: Exception | None = None


ProgressCallback = Callable[[str, int, int], None]
"""Called as ``progress(stage, done, total)`` while a scorer works."""


def no_progress(stage: str, done: int, total: int) -> None:
    """Ignore progress: the default callback."""


RemarkCallback = Callable[[str], None]
"""Called with a sentence about how the work went that is no result, for the user to read."""


def no_remark(message: str) -> None:
    """Ignore remarks: the default callback."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorerOptions:
    """How to run a scorer: what the command line offers, with its defaults.

    Attributes:
        device: ``auto`` takes cuda, then mps, then cpu.
        batch_size: clips in one forward pass; None lets the scorer choose for the device.
        workers: threads that decode, resample and cut clips while the model runs; 0 does it in between.
        precision: of the forward pass.
        window: how clips longer than the model's window are heard.
        seed: for scorers that draw random numbers on purpose.
        store: the embedding store's file; None keeps no embeddings.
        progress: told how far the work has come.
        provider: (name, version) of the package, or (name, hash) of the file, that a scorer comes from which is not
            built in. It is part of the signature, so that a new version has new scores and embeddings of its own.
    """

    device: str = "auto"
    batch_size: int | None = None
    workers: int = 0
    precision: Precision = "fp32"
    window: WindowPolicy = "cover"
    seed: int = 0
    store: Path | None = None
    progress: ProgressCallback = field(default=no_progress, compare=False)
    provider: tuple[str, str] | None = None
