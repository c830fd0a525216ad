"""What a model hears of every clip, decoded once and kept in a memory-mapped file.

An epoch then reads rows from the page cache instead of decoding, resampling and transforming every clip again. The
features are made by `metrics.models.hf_model.HfEncoder`, the code that scoring runs, with the window policy
``cover``: a clip of up to half a second more than the model's window has one window, longer ones have several, which
are represented by the mean direction of their embeddings in training as in scoring.

A cache folder is named by a hash of the clips' contents and the feature settings. It is written under another name
and renamed when it is complete, so that a kill leaves either all of it or nothing that would be read.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from filelock import FileLock
from jaxtyping import Float, Int

from metrics import audio
from metrics.embedding.prefetch import prefetch
from metrics.encoder import Input
from metrics.errors import DataError, UnavailableError
from metrics.files import read_json, replacing_folder, write_text
from metrics.models.forward import to_numpy
from metrics.models.hf_features import ClapFeatures
from metrics.models.hf_model import HfEncoder, LoadedClap
from metrics.types import ProgressCallback, ScorerOptions, ScorerSpec, no_progress

FEATURES_VERSION = "1"
"""Raised whenever a change of code changes features: old caches are then no longer found."""

WINDOWS_AT_ONCE = 16
"""Of a long clip: the spectrogram of a window takes some 30 MB while it is made."""

WINDOWS_NAME = "windows.f32"
INDEX_NAME = "index.json"
DECODERS = ("numpy", "soundfile", "soxr", "torch")


@dataclass(frozen=True)
class ClipSource:
    """A clip that can be had when it is needed.

    Attributes:
        identity: what its samples depend on: a content hash; empty where the file cannot be read.
        load: decodes or renders it; may raise AudioError.
        memory: bytes that this takes at most, as far as they are worth counting.
    """

    identity: str
    load: Callable[[], audio.Clip]
    memory: int = 0


@dataclass(frozen=True)
class ClipFeatures:
    """Features of a list of clips.

    Attributes:
        windows: every window of every clip, memory-mapped, float32.
        first: windows of clip k are rows ``first[k]`` to ``first[k + 1] - 1``; none if it cannot be heard.
        identities: of the clips; of files, the sha256 of their content.
        failures: why, for each clip that cannot be heard, by its place in the list.
    """

    windows: Float[np.ndarray, "windows channels frames mels"]
    first: Int[np.ndarray, " clips_plus_1"]
    identities: tuple[str, ...]
    failures: dict[int, str]


def file_source(path: Path, sample_rate_hz: int | None = None) -> ClipSource:
    """Return a clip that is a file, and will be heard at this rate."""
    try:
        found = audio.examine(path)
    except audio.AudioError:
        found = audio.Identity("", 0)
    return ClipSource(found.content_hash, partial(audio.load, path), found.memory(sample_rate_hz))


def extract_features(
    clap: LoadedClap,
    clips: Sequence[ClipSource],
    cache: Path,
    workers: int = 0,
    progress: ProgressCallback = no_progress,
) -> ClipFeatures:
    """Return the features of clips, from the cache if it has them.

    Args:
        clap: whose feature settings are used; its weights are not.
        clips: those that cannot be heard are listed in ``failures``.
        cache: folder that holds caches.
        workers: threads that decode.
        progress: told how far the work has come.

    Raises:
        DataError: none of the clips can be heard.
        UnavailableError: the cache cannot be written.
    """
    identities = [clip.identity for clip in clips]
    folder = cache / _cache_key(clap.features, identities)
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{folder}.lock"):
            if not (folder / INDEX_NAME).is_file():
                _build(clap, clips, folder, workers, progress)
    except OSError as error:
        raise UnavailableError(
            f"cannot keep features in {cache}: {error.strerror or error}; free some space "
            f"({_megabytes(clap.features, len(clips)):,.0f} MB are needed) or choose another folder with --cache-dir"
        ) from error
    return read_features(folder, identities)


def read_features(folder: Path, identities: Sequence[str]) -> ClipFeatures:
    """Open a complete cache folder."""
    index = read_json(folder / INDEX_NAME)
    failures = {int(k): reason for k, reason in index["failures"].items()}
    first = np.array(index["first"], dtype=np.int64)
    if first[-1] == 0:
        raise DataError(f"none of {len(identities)} clips can be heard; see the first: {next(iter(failures.values()))}")
    shape = (int(first[-1]), *index["shape"])
    windows = np.memmap(folder / WINDOWS_NAME, dtype="<f4", mode="r", shape=shape)
    return ClipFeatures(windows, first, tuple(identities), failures)


def _cache_key(features: ClapFeatures, identities: Sequence[str]) -> str:
    settings = [
        FEATURES_VERSION,
        *(getattr(features, name) for name in ("sample_rate_hz", "n_window", "n_fft", "hop_length", "filling")),
        hashlib.sha256(np.ascontiguousarray(features.mel_filters).tobytes()).hexdigest(),
        *(f"{package} {version(package)}" for package in DECODERS),
        *identities,
    ]
    return hashlib.sha256("\n".join(map(str, settings)).encode()).hexdigest()[:24]


def _build(
    clap: LoadedClap, clips: Sequence[ClipSource], folder: Path, workers: int, progress: ProgressCallback
) -> None:
    encoder = HfEncoder(ScorerSpec("features"), clap, ScorerOptions(device="cpu", window="cover"))
    with replacing_folder(folder, overwrite=True) as part:
        _write_windows(part, partial(_hear, encoder), clips, workers, progress)


def _write_windows(
    part: Path,
    hear: Callable[[ClipSource], list[Input] | str],
    clips: Sequence[ClipSource],
    workers: int,
    progress: ProgressCallback,
) -> None:
    first, failures = [0], {}
    shape: tuple[int, ...] = (1, 1, 1)
    with (part / WINDOWS_NAME).open("wb") as file:
        for k, heard in enumerate(prefetch(hear, clips, workers, lambda clip: clip.memory)):
            if isinstance(heard, str):
                failures[k], heard = heard, []
            for window in heard:
                shape = window.shape
                file.write(np.ascontiguousarray(window, dtype="<f4").tobytes())
            first.append(first[-1] + len(heard))
            progress("features", k + 1, len(clips))
        file.flush()
        os.fsync(file.fileno())
    write_text(part / INDEX_NAME, json.dumps({"shape": shape, "first": first, "failures": failures}) + "\n")


def _hear(encoder: HfEncoder, clip: ClipSource) -> list[Input] | str:
    try:
        windows = encoder.prepare_clip(clip.load())
        parts = [windows[start : start + WINDOWS_AT_ONCE] for start in range(0, len(windows), WINDOWS_AT_ONCE)]
        with torch.inference_mode():
            return [features for part in parts for features in to_numpy(encoder.features(np.stack(part)))]
    except audio.AudioError as error:
        return str(error)
    except MemoryError:
        return audio.NO_MEMORY


def _megabytes(features: ClapFeatures, n_clips: int) -> float:
    frames = features.n_window // features.hop_length + 1
    return n_clips * 4 * frames * features.mel_filters.shape[1] / 1e6
