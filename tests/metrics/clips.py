"""Small audio files for tests: tones with noise, written on the spot."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import soundfile

from metrics.audio import CLIP_MEMORY


def tone(duration_s: float, rate: int, channels: int = 1, seed: int = 0) -> np.ndarray:
    """Return (time, channels) float32: a sweep plus noise, different for every seed and channel."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(duration_s * rate)) / rate
    start_hz, end_hz = rng.uniform(80, 0.4 * rate, size=2)
    sweep = np.sin(2 * np.pi * (start_hz + (end_hz - start_hz) * time / (2 * duration_s)) * time)
    noise = rng.normal(size=(len(time), channels))
    gains = rng.uniform(0.1, 0.3, size=channels)
    return (gains * sweep[:, None] + 0.05 * noise).astype(np.float32)


def write_tone(path: Path, duration_s: float = 1.0, rate: int = 16_000, channels: int = 1, seed: int = 0) -> Path:
    """Write a `tone`; the extension gives the format."""
    soundfile.write(path, tone(duration_s, rate, channels, seed), rate)
    return path


def write_bad_clips(folder: Path) -> dict[str, tuple[Path, str]]:
    """Write every kind of bad clip; return name -> (path, words that the reason must contain)."""
    silence, rate = np.zeros(16_000, dtype=np.float32), 16_000
    nan = tone(1.0, rate)
    nan[7] = np.nan
    files = {
        name: folder / f"{name}.wav" for name in ("empty", "header-only", "nan", "infinite", "silence", "1-sample")
    }
    files["empty"].write_bytes(b"")
    soundfile.write(files["header-only"], silence[:0], rate)
    soundfile.write(files["nan"], nan, rate, subtype="FLOAT")
    soundfile.write(files["infinite"], np.where(np.isnan(nan), np.inf, nan), rate, subtype="FLOAT")
    soundfile.write(files["silence"], silence, rate)
    soundfile.write(files["1-sample"], np.array([0.5]), rate)
    (folder / "text.wav").write_text("this is no audio at all, whatever its name says")
    write_tone(folder / "really.wav").rename(folder / "wrong-extension.mp3")
    (folder / "unreadable.wav").symlink_to(folder / "unreadable.wav")
    (folder / "directory.wav").mkdir()
    (folder / "endless.wav").symlink_to("/dev/zero")
    os.mkfifo(folder / "pipe.wav")
    with (folder / "huge.wav").open("wb") as file:
        file.truncate(CLIP_MEMORY + 1)  # takes no room on the disk
    flac = write_tone(folder / "cut.flac").read_bytes()
    (folder / "cut.flac").write_bytes(flac[: len(flac) // 2])
    return {
        "empty": (files["empty"], "empty"),
        "header only": (files["header-only"], "no samples"),
        "NaN": (files["nan"], "1 NaN"),
        "infinite": (files["infinite"], "1 NaN or infinite"),
        "silence": (files["silence"], "silent"),
        "1 sample": (files["1-sample"], "1 samples"),
        "not audio": (folder / "text.wav", "not readable as audio"),
        "wrong extension": (folder / "wrong-extension.mp3", "contains WAV"),
        "missing": (folder / "missing.wav", "no such file"),
        "unreadable": (folder / "unreadable.wav", "cannot be read"),
        "directory": (folder / "directory.wav", "is a directory"),
        "endless": (folder / "endless.wav", "is a device"),
        "pipe": (folder / "pipe.wav", "is a device, a pipe"),
        "huge": (folder / "huge.wav", "at most"),
        "cut off": (folder / "cut.flac", "cut off|not readable"),
    }
