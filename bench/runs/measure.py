"""Loudness and duration of every clip of a run, measured once: what two of the sentinels know."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from bench.datasets.types import RatedDataset
from bench.files.sentinels import ClipFacts
from metrics import audio
from metrics.baselines import rms_dbfs
from metrics.embedding.prefetch import prefetch
from metrics.types import ProgressCallback, ScorerOptions

Measured = tuple[float, float, str]
"""Loudness in dBFS, duration in seconds, and why they are NaN."""


def measure_clips(dataset: RatedDataset, options: ScorerOptions, progress: ProgressCallback) -> ClipFacts:
    """Measure each clip, as the baselines of the same names do; one that cannot be heard has a reason instead.

    Args:
        dataset: whose clips.
        options: number of threads that decode.
        progress: told ``("sentinels", clips done, clips in all)``.
    """
    audio_of = [rated.pair.audio_path for rated in dataset.pairs]
    paths = list(dict.fromkeys(audio_of))
    measured: dict[Path, Measured] = {}
    for done, (path, found) in enumerate(zip(paths, prefetch(_measure, paths, options.workers), strict=True), start=1):
        measured[path] = found
        progress("sentinels", done, len(paths))
    rows = [measured[path] for path in audio_of]
    return ClipFacts(
        np.array([row[0] for row in rows]), np.array([row[1] for row in rows]), tuple(row[2] for row in rows)
    )


def _measure(path: Path) -> Measured:
    if not path.is_file():  # scores from elsewhere need no clips, and thousands of reasons need no reading
        return math.nan, math.nan, "no such file"
    try:
        clip = audio.load(path).waveform
        return rms_dbfs(clip), float(clip.duration_s), ""
    except audio.AudioError as error:
        return math.nan, math.nan, error.reason
    except MemoryError:
        return math.nan, math.nan, audio.NO_MEMORY
