"""Embeds unique clips and captions with a dual encoder, overlapping preparation and forward passes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import Float

from metrics import audio
from metrics.embedding.batches import BatchRunner
from metrics.embedding.prefetch import prefetch
from metrics.embedding.store import Embedding, EmbeddingStore, text_hash
from metrics.encoder import DualEncoder, Input
from metrics.types import ScorerOptions

CAPTIONS_PER_WINDOW = 8
"""Captions in a batch for each audio window in a batch: a caption needs far less memory."""


@dataclass(frozen=True, slots=True)
class Failed:
    """Why there is no embedding, in words for the user."""

    reason: str


Outcome = Embedding | Failed


def embed_clips(
    encoder: DualEncoder, paths: Sequence[Path], options: ScorerOptions, store: EmbeddingStore
) -> dict[Path, Outcome]:
    """Return for every path the clip's embedding or why there is none.

    Files with the same content are embedded once. Finished embeddings are stored batch by batch.
    """
    examined = dict(zip(paths, prefetch(_examine, paths, options.workers, _file_size), strict=True))
    by_hash = {
        one.content_hash: _Identified(one, path) for path, one in examined.items() if not isinstance(one, Failed)
    }
    outcomes: dict[str, Outcome] = dict(store.get("clip", by_hash))
    missing = [identified for key, identified in by_hash.items() if key not in outcomes]
    for finished in _embed_missing_clips(encoder, missing, options):
        outcomes |= finished
        store.put("clip", _embeddings_only(finished))
        options.progress(f"{encoder.spec.name}: clips", len(outcomes), len(by_hash))
    found = {path: one if isinstance(one, Failed) else outcomes[one.content_hash] for path, one in examined.items()}
    return {path: _named(str(path), outcome) for path, outcome in found.items()}


def embed_captions(
    encoder: DualEncoder, captions: Sequence[str], options: ScorerOptions, store: EmbeddingStore
) -> dict[str, Outcome]:
    """Return for every caption its embedding or why there is none; captions go through the model by length."""
    outcomes: dict[str, Outcome] = {text: Failed("the caption is empty") for text in captions if not text.strip()}
    hashes = {text: text_hash(text) for text in captions if text not in outcomes}
    known = store.get("caption", hashes.values())
    outcomes |= {text: known[key] for text, key in hashes.items() if key in known}
    missing = [text for text in captions if text not in outcomes]
    for finished in _embed_missing_captions(encoder, missing, options):
        outcomes |= finished
        store.put("caption", _embeddings_only({hashes[text]: outcome for text, outcome in finished.items()}))
        options.progress(f"{encoder.spec.name}: captions", len(outcomes), len(captions))
    return outcomes


@dataclass(frozen=True, slots=True)
class _Identified:
    identity: audio.Identity
    path: Path


@dataclass(frozen=True, slots=True)
class _Prepared:
    content_hash: str
    path: Path
    inputs: list[Input] | Failed


def _named(name: str, outcome: Outcome) -> Outcome:
    return Failed(f"{name}: {outcome.reason}") if isinstance(outcome, Failed) else outcome


def _examine(path: Path) -> audio.Identity | Failed:
    try:
        return audio.examine(path)
    except audio.AudioError as error:
        return Failed(error.reason)
    except MemoryError:
        return Failed(audio.NO_MEMORY)


def _file_size(path: Path) -> int:
    try:
        return min(path.stat().st_size, audio.CLIP_MEMORY)
    except (OSError, ValueError):
        return 0


def _prepare(encoder: DualEncoder, item: _Identified) -> _Prepared:
    content_hash = item.identity.content_hash
    try:
        clip = audio.load(item.path)
        if clip.content_hash != content_hash:
            raise audio.AudioError(item.path, "changed while it was being scored")
        return _Prepared(content_hash, item.path, encoder.prepare_clip(clip))
    except audio.AudioError as error:
        return _Prepared(content_hash, item.path, Failed(error.reason))
    except MemoryError:
        return _Prepared(content_hash, item.path, Failed(audio.NO_MEMORY))


def _embed_missing_clips(
    encoder: DualEncoder, missing: Sequence[_Identified], options: ScorerOptions
) -> Iterator[dict[str, Outcome]]:
    """Yield embeddings as batches finish. A batch takes windows of consecutive clips, whichever they belong to."""
    if not missing:
        return
    suited = encoder.batch_size()  # loads the model, which belongs to this thread and its current GPU
    runner = BatchRunner(options.batch_size or suited)
    waiting: deque[_Prepared] = deque()
    inputs: list[Input] = []
    vectors: list[Float[np.ndarray, " dim"]] = []
    rate = encoder.spec.sample_rate_hz
    ahead = prefetch(partial(_prepare, encoder), missing, options.workers, lambda item: item.identity.memory(rate))
    for prepared in ahead:
        waiting.append(prepared)
        inputs += prepared.inputs if isinstance(prepared.inputs, list) else []
        while len(inputs) >= runner.size:
            size = runner.size
            vectors += list(runner.run(inputs[:size], encoder.embed_audio))
            del inputs[:size]
        if finished := _take_finished(waiting, vectors):
            yield finished
    if inputs:
        vectors += list(runner.run(inputs, encoder.embed_audio))
    if finished := _take_finished(waiting, vectors):
        yield finished


def _take_finished(waiting: deque[_Prepared], vectors: list[Float[np.ndarray, " dim"]]) -> dict[str, Outcome]:
    """Remove from both arguments, in order, the clips whose windows have all been embedded."""
    finished: dict[str, Outcome] = {}
    while waiting:
        inputs = waiting[0].inputs
        n_windows = len(inputs) if isinstance(inputs, list) else 0
        if n_windows > len(vectors):
            break
        clip = waiting.popleft()
        if isinstance(inputs, Failed):
            finished[clip.content_hash] = inputs
        else:
            finished[clip.content_hash] = _direction(np.stack(vectors[:n_windows]))
            del vectors[:n_windows]
    return finished


def _embed_missing_captions(
    encoder: DualEncoder, missing: Sequence[str], options: ScorerOptions
) -> Iterator[dict[str, Outcome]]:
    if not missing:
        return
    runner = BatchRunner(CAPTIONS_PER_WINDOW * (options.batch_size or encoder.batch_size()))
    prepared = list(zip(missing, encoder.prepare_captions(missing), strict=True))
    prepared.sort(key=lambda item: len(item[1].token_ids))
    while prepared:
        texts, tokens = zip(*prepared[: runner.size], strict=True)
        del prepared[: len(texts)]
        vectors = runner.run(tokens, encoder.embed_captions)
        yield {
            text: _named(f"caption {text!r}", _direction(vector[None], caption.n_cut))
            for text, caption, vector in zip(texts, tokens, vectors, strict=True)
        }


def _direction(vectors: Float[np.ndarray, "windows dim"], tokens_cut: int = 0) -> Outcome:
    """Return the direction of the mean of the vectors, each scaled to unit length first."""
    norms = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    mean = np.mean(vectors / norms, axis=0) if np.all(norms > 0) else np.zeros(vectors.shape[1])
    length = np.linalg.norm(mean)
    if not np.isfinite(length) or length == 0:
        return Failed("the model's embedding is zero or not finite; try --precision fp32")
    return Embedding((mean / length).astype(np.float32), tokens_cut)


def _embeddings_only(outcomes: Mapping[str, Outcome]) -> dict[str, Embedding]:
    return {key: outcome for key, outcome in outcomes.items() if isinstance(outcome, Embedding)}
