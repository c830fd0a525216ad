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

import numpy as np
import soundfile
import soxr
from jaxtyping import Float

from metrics.errors import ClapBenchError
from metrics.heard import ClipState, stamp_of, tell
from metrics.missing import hint_for
from metrics.types import Waveform
from metrics.wav import cut_off

SILENCE_PEAK = 1 / 32767
"""Peak below which a clip counts as silent: LAION's 16-bit quantisation turns anything quieter into zeros."""

SAMPLES_PER_BLOCK = 1 << 22
"""Read at once, over all channels."""

CLIP_MEMORY = 2 << 30
"""Most bytes that one clip may take on its way from the file to the model: 45 min at 48 kHz, in 16-bit stereo.

A compressed file can promise any length, and a header any rate: at 1 Hz, 800 kB are 5 days."""

NO_MEMORY = "needs more memory than is free; free some, or use fewer --workers, and run again"
"""Why a clip failed for which the machine had no memory."""

BYTES_A_FRAME = 12
"""Beside the file itself: blocks of float32, then all of them, which are checked and measured."""

BYTES_A_RESAMPLED_SAMPLE = 12
"""Beside the clip at its own rate: soxr's result, and a copy in 16 bits."""

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


@dataclass(frozen=True, slots=True)
class Identity:
    """What a file is before it is decoded.

    Attributes:
        content_hash: see `content_hash`.
        n_bytes: size of the file.
        n_frames, sample_rate_hz: as its header has it; 0 where libsndfile cannot read it.
    """

    content_hash: str
    n_bytes: int
    n_frames: int = 0
    sample_rate_hz: int = 0

    def memory(self, sample_rate_hz: int | None) -> int:
        """Return how many bytes the clip takes at most until a model that hears this rate has it."""
        decoding = self.n_bytes + BYTES_A_FRAME * self.n_frames
        same = sample_rate_hz in (None, 0, self.sample_rate_hz) or not self.sample_rate_hz
        hearing = 0 if same else _resampling_memory(self.n_frames, self.sample_rate_hz, sample_rate_hz or 0)
        return min(max(decoding, hearing), CLIP_MEMORY)  # beyond that it is refused


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
        AudioError: missing, a directory, a device or a pipe, unreadable, larger than `CLIP_MEMORY`, or empty.
    """
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            raise AudioError(path, "is a directory, expected an audio file")
        if not stat.S_ISREG(found.st_mode):
            raise AudioError(path, "is a device, a pipe or a socket, expected an audio file")
        if found.st_size > CLIP_MEMORY:
            raise AudioError(path, f"holds {found.st_size:,} bytes, expected at most {CLIP_MEMORY:,}; cut it")
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


def examine(path: Path) -> Identity:
    """Return what a clip is whose name says truly what it contains.

    Raises:
        AudioError: it cannot be read, or is named as another format. What else is wrong with it is for `decode`, and
            true of every file with this content.
    """
    content, identity = _read(path)
    n_frames = rate = 0
    try:
        with soundfile.SoundFile(io.BytesIO(content)) as file:
            n_frames, rate = file.frames, file.samplerate
            _check_extension(path, file.format)
    except (soundfile.SoundFileError, RuntimeError, TypeError, ValueError):
        pass
    return Identity(identity, len(content), n_frames, rate)


def identify(path: Path) -> str:
    """Return the `content_hash` of a clip; see `examine`."""
    return examine(path).content_hash


def decode(content: bytes, path: Path) -> Waveform:
    """Decode wav, flac, ogg or mp3 at its own rate and average its channels.

    Args:
        content: what `read_bytes` returned.
        path: for messages, and to compare the extension with the content.

    Raises:
        AudioError: not audio, named as another format, cut off, without samples, in need of more than `CLIP_MEMORY`,
            with NaN or infinite samples, shorter than one analysis frame, or silent.
    """
    samples, rate, container = _decode_mono(content, path)
    _check_extension(path, container)
    _check_samples(samples, rate, path)
    return Waveform(samples, rate)


def load(path: Path) -> Clip:
    """Read and decode a clip; see `read_bytes` and `decode` for what can go wrong."""
    content, identity = _read(path)
    return Clip(path, identity, decode(content, path))


def resample(waveform: Waveform, sample_rate_hz: int, path: Path = Path("clip")) -> Waveform:
    """Resample with soxr at its HQ setting, as librosa (and so laion_clap) does.

    Raises:
        AudioError: it would take more than `CLIP_MEMORY`; ``path`` is for the message.
    """
    if waveform.sample_rate_hz == sample_rate_hz:
        return waveform
    check_length(len(waveform.samples), waveform.sample_rate_hz, sample_rate_hz, path)
    samples = soxr.resample(waveform.samples, waveform.sample_rate_hz, sample_rate_hz, quality="HQ")
    return Waveform(np.asarray(samples, dtype=np.float32), sample_rate_hz)


def _read(path: Path) -> tuple[bytes, str]:
    """Return content and identity of a clip, and tell whoever listens (`metrics.heard`) what was read."""
    stamp = stamp_of(path)
    try:
        content = read_bytes(path)
    except AudioError:
        tell(path, ClipState(None, stamp))
        raise
    identity = content_hash(content)
    tell(path, ClipState(identity, stamp))
    return content, identity


def check_length(
    n_samples: int, from_hz: int, to_hz: int, path: Path, bytes_a_sample: int = BYTES_A_RESAMPLED_SAMPLE
) -> None:
    """Raise `AudioError` if ``n_samples`` would take more than `CLIP_MEMORY` at another rate."""
    needed = _resampling_memory(n_samples, from_hz, to_hz, bytes_a_sample)
    if needed > CLIP_MEMORY:
        raise AudioError(
            path,
            f"has {n_samples:,} samples at {from_hz:,} Hz, which take {_gigabytes(needed)} of memory at {to_hz:,} Hz; "
            f"a clip may take {_gigabytes(CLIP_MEMORY)}: correct the rate in its header, or cut it",
        )


def _resampling_memory(n_samples: int, from_hz: int, to_hz: int, bytes_a_sample: int = BYTES_A_RESAMPLED_SAMPLE) -> int:
    return 4 * n_samples + bytes_a_sample * (n_samples * to_hz // from_hz)


def _gigabytes(n_bytes: int) -> str:
    return f"{n_bytes / 1e9:,.1f} GB"


def _decode_mono(content: bytes, path: Path) -> tuple[Float[np.ndarray, " time"], int, str]:
    try:
        with soundfile.SoundFile(io.BytesIO(content)) as file:
            samples = _read_mono(file, len(content), path)
            promised, rate, container = file.frames, file.samplerate, file.format
    except (soundfile.SoundFileError, RuntimeError, TypeError, ValueError) as error:
        detail = str(error).rpartition(": ")[2].rstrip(".")
        raise AudioError(path, f"is not readable as audio (wav, flac, ogg, mp3): {detail}") from error
    if len(samples) < promised:
        raise AudioError(path, f"is cut off: {len(samples)} of {promised} samples could be decoded")
    if container in ("WAV", "WAVEX") and (cut := cut_off(content)):
        raise AudioError(path, f"is cut off: {cut[0]:,} of {cut[1]:,} bytes of samples are there")
    return samples, rate, container


def _read_mono(file: soundfile.SoundFile, n_bytes: int, path: Path) -> Float[np.ndarray, " time"]:
    """Read to the end, in blocks: a header may promise 160 GB, and memory is taken for what comes."""
    block_size = max(1, SAMPLES_PER_BLOCK // file.channels)
    most = (CLIP_MEMORY - n_bytes) // BYTES_A_FRAME
    blocks, n_frames = [_read_block(file, block_size)], 0
    while len(blocks[-1]) == block_size:
        n_frames += block_size
        if n_frames > most:
            raise AudioError(
                path,
                f"holds more than {most:,} samples a channel, and would take more than {_gigabytes(CLIP_MEMORY)} of "
                "memory; cut it",
            )
        blocks.append(_read_block(file, block_size))
    return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)


def _read_block(file: soundfile.SoundFile, n_frames: int) -> Float[np.ndarray, " time"]:
    block: Float[np.ndarray, "time channels"] = file.read(n_frames, dtype="float32", always_2d=True)
    return block.mean(axis=1) if block.shape[1] > 1 else block[:, 0]


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
