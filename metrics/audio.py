"""The one way from an audio file to the samples that a model hears.

Conventions: samples are float32, mono (mean over channels), in [-1, 1]; lengths are in samples unless a name ends in
``_s`` (seconds); rates are in Hz. A clip that cannot be heard raises `AudioError`, which becomes a failure of its
pairs: it is never given a score. That includes digital silence and clips shorter than one analysis frame: a model
returns an embedding for them too, but it says nothing about the caption.
"""

from __future__ import annotations

import hashlib
import io
import math
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import soundfile
import soxr
from jaxtyping import Float, Int16

from metrics.errors import ClapBenchError
from metrics.types import Waveform, WindowPolicy

SILENCE_PEAK = 1 / 32767
"""Peak below which a clip counts as silent: LAION's 16-bit quantisation turns anything quieter into zeros."""

SAMPLES_PER_BLOCK = 1 << 22
"""Read at once, over all channels."""

MOST_SAMPLES = 1 << 29
"""Longest clip, over all channels: 93 min of stereo at 48 kHz, 2 GiB. Compressed silence can promise any length."""

MOST_BYTES = 8 * MOST_SAMPLES
"""Largest file: as many samples in double precision."""

SHORTEST_CLIP_S = 0.025
"""One analysis frame of the published models (1024 samples at 44.1 kHz), rounded up."""

UNCOVERED_S = 0.5
"""How much of a clip ``cover`` may leave unheard before it adds a window."""

EXTENSIONS = {
    "WAV": {".wav", ".wave"},
    "WAVEX": {".wav", ".wave"},
    "RF64": {".wav", ".wave", ".rf64"},
    "FLAC": {".flac"},
    "OGG": {".ogg", ".oga", ".opus"},
    "MP3": {".mp3", ".mpga"},
    "AIFF": {".aif", ".aiff", ".aifc"},
    "AU": {".au", ".snd"},
    "CAF": {".caf"},
    "W64": {".w64"},
}
"""Extensions that tell the truth about each container that libsndfile recognises from a file's content."""

Filling = Literal["repeatpad", "repeat", "pad"]
"""How a clip shorter than the window is extended; see `fill`."""


@dataclass(frozen=True, slots=True)
class Clip:
    """A decoded clip and its identity, `content_hash`."""

    path: Path
    content_hash: str
    waveform: Waveform


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

    def resampled(self, clip: Clip) -> Waveform:
        """Return the whole clip at the model's rate."""
        waveform = resample(clip.waveform, self.sample_rate_hz)
        return Waveform(quantise_int16(waveform.samples), waveform.sample_rate_hz) if self.int16 else waveform

    def windows(self, clip: Clip) -> list[Float[np.ndarray, " window"]]:
        """Return what the model hears of a clip.

        Raises:
            AudioError: all of it is silent.
        """
        windows = cut_windows(self.resampled(clip), self.n_window, self.policy, self.filling, self.key(clip))
        check_audible(windows, clip.path)
        return windows

    def key(self, clip: Clip) -> str:
        """Return what random crops of this clip are drawn from."""
        return f"{clip.content_hash}/{self.seed}"


class AudioError(ClapBenchError):
    """A clip that cannot be heard; ``reason`` says why, without the path."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason

    def __reduce__(self) -> tuple[type[AudioError], tuple[Path, str]]:
        return type(self), (self.path, self.reason)


def read_bytes(path: Path) -> bytes:
    """Return the content of the file.

    Raises:
        AudioError: missing, a directory, a device or a pipe, unreadable, larger than `MOST_BYTES`, or empty.
    """
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            raise AudioError(path, "is a directory, expected an audio file")
        if not stat.S_ISREG(found.st_mode):
            raise AudioError(path, "is a device, a pipe or a socket, expected an audio file")
        if found.st_size > MOST_BYTES:
            raise AudioError(path, f"holds {found.st_size:,} bytes, expected at most {MOST_BYTES:,}")
        content = path.read_bytes()
    except FileNotFoundError:
        raise AudioError(path, "no such file") from None
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL byte
        raise AudioError(path, f"cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if not content:
        raise AudioError(path, "is empty (0 bytes)")
    return content


def content_hash(content: bytes) -> str:
    """Return the identity of a clip: the sha256 of its file's content, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def identify(path: Path) -> str:
    """Return the `content_hash` of a clip whose name says truly what it contains.

    Raises:
        AudioError: it cannot be read, or is named as another format. What else is wrong with it is for `decode`, and
            true of every file with this content.
    """
    content = read_bytes(path)
    try:
        with soundfile.SoundFile(io.BytesIO(content)) as file:
            _check_extension(path, file.format)
    except (soundfile.SoundFileError, RuntimeError, TypeError, ValueError):
        pass
    return content_hash(content)


def decode(content: bytes, path: Path) -> Waveform:
    """Decode wav, flac, ogg or mp3 at its own rate and average its channels.

    Args:
        content: what `read_bytes` returned.
        path: for messages, and to compare the extension with the content.

    Raises:
        AudioError: not audio, named as another format, cut off, without samples, with more than `MOST_SAMPLES`, with
            NaN or infinite samples, shorter than one analysis frame, or silent.
    """
    channels, rate, container = _decode_channels(content, path)
    _check_extension(path, container)
    samples = channels.mean(axis=1) if channels.shape[1] > 1 else channels[:, 0]
    _check_samples(samples, rate, path)
    return Waveform(samples, rate)


def load(path: Path) -> Clip:
    """Read and decode a clip; see `read_bytes` and `decode` for what can go wrong."""
    content = read_bytes(path)
    return Clip(path, content_hash(content), decode(content, path))


def resample(waveform: Waveform, sample_rate_hz: int) -> Waveform:
    """Resample with soxr at its HQ setting, as librosa (and so laion_clap) does."""
    if waveform.sample_rate_hz == sample_rate_hz:
        return waveform
    samples = soxr.resample(waveform.samples, waveform.sample_rate_hz, sample_rate_hz, quality="HQ")
    return Waveform(np.asarray(samples, dtype=np.float32), sample_rate_hz)


def quantise_int16(samples: Float[np.ndarray, " time"]) -> Float[np.ndarray, " time"]:
    """Round samples towards zero to 16 bits, as laion_clap does to every file (training/data.py, float32_to_int16)."""
    steps: Int16[np.ndarray, " time"] = (np.clip(samples, -1.0, 1.0) * 32767.0).astype(np.int16)
    return (steps / 32767.0).astype(np.float32)


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
    if all(_peak(window) < SILENCE_PEAK for window in windows):
        raise AudioError(path, "is silent throughout the part that the model hears; try --window cover")


def seeded_generator(key: str) -> np.random.Generator:
    """Return a generator that depends on ``key`` alone, on every machine."""
    return np.random.default_rng(int.from_bytes(hashlib.sha256(key.encode()).digest()[:16], "big"))


def _decode_channels(content: bytes, path: Path) -> tuple[Float[np.ndarray, "time channels"], int, str]:
    try:
        with soundfile.SoundFile(io.BytesIO(content)) as file:
            samples = _read_blocks(file, path)
            promised, rate, container = file.frames, file.samplerate, file.format
    except (soundfile.SoundFileError, RuntimeError, TypeError, ValueError) as error:
        detail = str(error).rpartition(": ")[2].rstrip(".")
        raise AudioError(path, f"is not readable as audio (wav, flac, ogg, mp3): {detail}") from error
    if len(samples) < promised:
        raise AudioError(path, f"is cut off: {len(samples)} of {promised} samples could be decoded")
    return samples, rate, container


def _read_blocks(file: soundfile.SoundFile, path: Path) -> Float[np.ndarray, "time channels"]:
    """Read to the end, in blocks: a header may promise 160 GB, and memory is taken for what comes."""
    n_frames = max(1, SAMPLES_PER_BLOCK // file.channels)
    blocks = [file.read(n_frames, dtype="float32", always_2d=True)]
    while len(blocks[-1]) == n_frames:
        if len(blocks) * blocks[0].size > MOST_SAMPLES:
            raise AudioError(path, f"holds more than {MOST_SAMPLES:,} samples, the most of a clip; cut it")
        blocks.append(file.read(n_frames, dtype="float32", always_2d=True))
    return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)


def _check_extension(path: Path, container: str) -> None:
    expected = EXTENSIONS.get(container)
    suffix = path.suffix.lower()
    if expected and suffix and suffix not in expected:
        names = " or ".join(sorted(expected))
        raise AudioError(path, f"is named {suffix} but contains {container}; rename it to {names} if that is right")


def _check_samples(samples: Float[np.ndarray, " time"], rate: int, path: Path) -> None:
    if len(samples) == 0:
        raise AudioError(path, "has a header but no samples")
    broken = int(np.count_nonzero(~np.isfinite(samples)))
    if broken:
        raise AudioError(path, f"has {broken} NaN or infinite samples of {len(samples)}")
    if len(samples) < SHORTEST_CLIP_S * rate:
        duration_ms = 1000 * len(samples) / rate
        shortest_ms = 1000 * SHORTEST_CLIP_S
        raise AudioError(path, f"lasts {duration_ms:.3g} ms ({len(samples)} samples), expected {shortest_ms:g} or more")
    if _peak(samples) < SILENCE_PEAK:
        raise AudioError(path, "is silent: no sample reaches one step of 16 bits")


def _peak(samples: Float[np.ndarray, " time"]) -> float:
    return max(float(samples.max()), -float(samples.min()))
