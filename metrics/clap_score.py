"""CLAPScore, Eq. (1) of the Human-CLAP paper: max(cos(audio embedding, caption embedding), 0).

`ClapScorer` turns a dual encoder into a metric. Every unique clip and caption is embedded once; clips are decoded,
resampled and cut in threads while the model runs; captions go through the model sorted by length; what the
embedding store knows is not computed again, and if it knows everything no model is loaded. A clip heard through
several windows is represented by the mean direction of its windows' embeddings.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from metrics.embedding.batches import out_of_memory_told
from metrics.embedding.collapse import collapse_notes
from metrics.embedding.embed import Failed, Outcome, embed_captions, embed_clips
from metrics.embedding.store import Embedding, EmbeddingStore
from metrics.encoder import DualEncoder
from metrics.types import AudioTextPair, PairScores, ScoreFailure, ScorerOptions, ScorerSpec

SCORING_VERSION = ("clap-score", "1")
"""Part of every signature: raised whenever a change of this package's code changes scores."""

AUDIO_PACKAGES = ("soundfile", "soxr", "torch")


class ClapScorer:
    """The CLAPScore of a dual encoder; a `metrics.types.TrainedScorer` if it came from a folder."""

    tells_what_it_heard = True

    def __init__(self, encoder: DualEncoder, options: ScorerOptions, checkpoint_folder: Path | None = None) -> None:
        self.encoder = encoder
        self.options = options
        self.checkpoint_folder = checkpoint_folder

    @property
    def spec(self) -> ScorerSpec:
        return self.encoder.spec.with_provider(self.options.provider)

    def score(self, pairs: Sequence[AudioTextPair]) -> PairScores:
        """Score pairs by Eq. (1); pairs whose clip or caption has no embedding are listed as failures."""
        remedy = "free some memory, or use a smaller --batch-size, --precision bf16 or --device cpu"
        with out_of_memory_told(remedy), EmbeddingStore(self.options.store, self.spec.signature()) as store:
            texts = list(dict.fromkeys(pair.caption for pair in pairs))
            captions = embed_captions(self.encoder, texts, self.options, store)
            paths = list(dict.fromkeys(pair.audio_path for pair in pairs))
            clips = embed_clips(self.encoder, paths, self.options, store)
        outcomes = [_cosine(clips[pair.audio_path], captions[pair.caption]) for pair in pairs]
        cosines = np.array([np.nan if isinstance(outcome, Failed) else outcome for outcome in outcomes], np.float64)
        failures = tuple(
            ScoreFailure(pair.pair_id, outcome.reason)
            for pair, outcome in zip(pairs, outcomes, strict=True)
            if isinstance(outcome, Failed)
        )
        distinct_clips = {id(clip): clip for clip in _embedded(clips.values())}  # files of one content share theirs
        notes = _truncation_notes(captions.values())
        notes += collapse_notes(_embedded(captions.values()), distinct_clips.values())
        return PairScores(np.maximum(cosines, 0.0), cosines, failures, notes)


def clap_spec(
    options: ScorerOptions,
    *,
    name: str,
    checkpoint: str,
    sha256: str,
    published_sha256: str | None,
    text_encoder: str,
    sample_rate_hz: int,
    window_s: float,
    packages: Sequence[str],
    settings: Sequence[tuple[str, str]] = (),
) -> ScorerSpec:
    """Return the spec of a CLAP model.

    Args:
        options: settings of the run; those that can change a score become part of the spec.
        name: as the user wrote it in ``--metrics``.
        checkpoint: file name, or hub id and commit, of the weights.
        sha256: hash of the weights.
        published_sha256: the hash of the weights that were published under this name, where it is known.
        text_encoder: tokenizer and configuration of the text tower, with their commit.
        sample_rate_hz: rate at which the model hears.
        window_s: length of the model's window.
        packages: those whose code takes part in the score, beside the ones on the audio path.
        settings: further (name, value) facts about the model.
    """
    differs = published_sha256 is not None and sha256 != published_sha256
    return ScorerSpec(
        name=name,
        checkpoint=checkpoint,
        checkpoint_sha256=sha256,
        text_encoder=text_encoder,
        sample_rate_hz=sample_rate_hz,
        window=f"{options.window}:{window_s:g}s",
        precision=options.precision,
        packages=(*((package, _version(package)) for package in (*packages, *AUDIO_PACKAGES)), SCORING_VERSION),
        options=(*settings, *([("weights", "not-as-published")] if differs else []), *_run_options(options)),
    )


def _cosine(clip: Outcome, caption: Outcome) -> float | Failed:
    for outcome in (clip, caption):
        if isinstance(outcome, Failed):
            return outcome
    assert isinstance(clip, Embedding)
    assert isinstance(caption, Embedding)
    audio, text = clip.vector.astype(np.float64), caption.vector.astype(np.float64)
    return float(audio @ text / (np.linalg.norm(audio) * np.linalg.norm(text)))


def _embedded(outcomes: Iterable[Outcome]) -> list[Embedding]:
    return [outcome for outcome in outcomes if isinstance(outcome, Embedding)]


def _truncation_notes(captions: Iterable[Outcome]) -> tuple[str, ...]:
    embedded = _embedded(captions)
    cut = [outcome.tokens_cut for outcome in embedded if outcome.tokens_cut]
    if not cut:
        return ()
    return (f"{len(cut)} of {len(embedded)} captions were cut to the model's length (by up to {max(cut)} tokens)",)


def _run_options(options: ScorerOptions) -> tuple[tuple[str, str], ...]:
    """Return the settings of a run that can change a score and have no field of their own.

    In single precision devices agree to rounding; in half precision they do not, and the device is named.
    """
    named: list[tuple[str, str]] = []
    if options.window == "as-published":
        named.append(("seed", str(options.seed)))
    if options.precision != "fp32":
        choose_device = pkgutil.resolve_name("metrics.models.forward:choose_device")
        named.append(("device", choose_device(options.device).type))
    return tuple(named)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"
