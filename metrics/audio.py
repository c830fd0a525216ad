"""The one way from an audio file to samples; what a model hears of them is in `metrics.windows`.

Conventions: samples are float32, mono (mean over channels), in [-1, 1]; lengths are in samples unless a name ends in
``_s`` (seconds); rates are in Hz. A clip that cannot be heard raises `AudioError`, which becomes a failure of its
pairs: it is never given a score. That includes digital silence and clips shorter than one analysis frame: a model
returns an embedding for them too, but it says nothing about the caption.
"""

from __future__ import annotations

import hashlib
import io
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import soundfile
import soxr
from jaxtyping import Float

from metrics.errors import ClapBenchError
from metrics.missing import hint_for
from metrics.types import Waveform

SILENCE_PEAK = 1 / 32767
"""Peak below which a clip counts as silent: LAION's 16-bit quantisation turns anything quieter into zeros."""

SAMPLES_PER_BLOCK = 1 << 22
"""Read at once, over all channels."""

MOST_SAMPLES = 1 << 29
"""Longest clip, over all channels: 93 min of stereo at 48 kHz, 2 GiB. Compressed silence can promise any length."""

MOST_BYTES = 8 * MOST_SAMPLES
"""Largest file: as many samples in double precision."""

UNKNOWN_LENGTH = 0x7FFF_F000
"""Length of the samples in WAV headers written before it was known, or more: sox so, ffmpeg with 0xFFFFFFFF."""

MOST_CHUNKS = 1000
"""Read of a WAV file in search of its samples."""

HEADER_BYTES = 64
"""What a WAV header's length may be too large by: some programs count the header too."""

SHORTEST_CLIP_S = 0.025
"""One analysis frame of the published models (1024 samples at 44.1 kHz), rounded up."""

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


@dataclass(frozen=True, slots=True)
class Clip:
    """A decoded clip and its identity, `content_hash`."""

    path: Path
    content_hash: str
    waveform: Waveform


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
        raise AudioError(path, f"no such file{hint_for(path)}") from None
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
    if container in ("WAV", "WAVEX"):
        _check_whole_wav(content, path)
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


def _check_whole_wav(content: bytes, path: Path) -> None:
    """Compare the length of the file with that in its header, where libsndfile contents itself with what there is."""
    order: Literal["big", "little"] = "big" if content.startswith(b"RIFX") else "little"
    place = 12  # after "RIFF", its length, and "WAVE"
    for _ in range(MOST_CHUNKS):
        n_bytes = int.from_bytes(content[place + 4 : place + 8], order)
        place += 8
        if content[place - 8 : place - 4] == b"data":
            held = len(content) - place
            if held + HEADER_BYTES < n_bytes < UNKNOWN_LENGTH:
                raise AudioError(path, f"is cut off: {held:,} of {n_bytes:,} bytes of samples are there")
            return
        place += n_bytes + n_bytes % 2


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
    if peak(samples) < SILENCE_PEAK:
        raise AudioError(path, "is silent: no sample reaches one step of 16 bits")


def peak(samples: Float[np.ndarray, " time"]) -> float:
    """Return the largest magnitude of the samples, of which there is at least one."""
    return max(float(samples.max()), -float(samples.min()))
