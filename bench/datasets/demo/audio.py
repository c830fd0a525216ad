"""Writing rendered soundscapes to disk: each file once, whole or not at all.

A clip is written under a temporary name beside its own and then renamed, which is atomic: a render that is cut off
leaves whole clips only, the next one goes on, and two at once do no harm (they write the same samples).
"""

from __future__ import annotations

import io
import time
from collections.abc import Sequence
from pathlib import Path

import soundfile

from bench.datasets.soundscapes import CLIP_S, SAMPLE_RATE_HZ, Soundscape, render_pcm
from metrics.errors import UnavailableError
from metrics.files import TEMPORARY_SUFFIX, replacing
from metrics.types import ProgressCallback, no_progress

CLIP_BYTES = 44 + 2 * round(CLIP_S * SAMPLE_RATE_HZ)  # a WAV header and 16-bit mono samples
STALE_AFTER_S = 3_600.0


def write_clips(
    root: Path, clips: Sequence[tuple[Path, Soundscape]], progress: ProgressCallback = no_progress
) -> list[Path]:
    """Render the clips that are not yet there, as 16-bit mono WAV files, and return their paths.

    Args:
        root: the folder that holds all clips; made if need be.
        clips: where each soundscape's clip belongs, under ``root``.
        progress: told how far the work has come.

    Raises:
        UnavailableError: the folder cannot be written to, or the disk is full.
    """
    missing = [(path, soundscape) for path, soundscape in clips if not _is_whole(path)]
    try:
        if missing:
            _remove_stale_parts(root)
        for done, (path, soundscape) in enumerate(missing):
            progress("rendering soundscapes", done, len(missing))
            with replacing(path, durable=False) as part:
                part.write_bytes(_wav_bytes(soundscape))
    except OSError as error:
        raise UnavailableError(
            f"cannot write the demo's audio to {root}: {error.strerror or error}; it needs "
            f"{len(missing) * CLIP_BYTES / 1e6:.0f} MB: free some space or choose another folder with --data-root"
        ) from error
    if missing:
        progress("rendering soundscapes", len(missing), len(missing))
    return [path for path, _ in missing]


def _is_whole(path: Path) -> bool:
    try:
        return path.stat().st_size == CLIP_BYTES
    except OSError:
        return False


def _wav_bytes(soundscape: Soundscape) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, render_pcm(soundscape), SAMPLE_RATE_HZ, subtype="PCM_16", format="WAV")
    return buffer.getvalue()


def _remove_stale_parts(root: Path) -> None:
    """Remove what renders that were killed have left; a render that still runs has younger ones."""
    for part in root.rglob(f".*{TEMPORARY_SUFFIX}"):
        try:
            if time.time() - part.stat().st_mtime > STALE_AFTER_S:
                part.unlink()
        except FileNotFoundError:  # its writer has just renamed it
            continue
