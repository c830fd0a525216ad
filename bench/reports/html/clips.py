"""Clips inside the page, so that the most disputed pairs can be heard wherever the page is sent.

They are mixed to mono, resampled to at most 32 kHz and coded as MP3, which every browser plays; about 8 kB a second.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from bench.files.clips import Contents, content_of
from bench.files.scores import ScoreTable
from bench.reports.html.pairs import rank_pairs
from metrics.audio import AudioError, decode, read_bytes, resample
from metrics.types import Waveform

SAMPLE_RATES_HZ = (32000, 24000, 22050, 16000, 12000, 11025, 8000)
"""Rates that MP3 has, from the highest that is used."""


@dataclass(frozen=True)
class EmbeddedClips:
    """``data:`` URIs by row of the score table, and a sentence for each clip that could not be read."""

    uris: dict[int, str]
    problems: tuple[str, ...] = ()


NO_CLIPS = EmbeddedClips({})


def embed_clips(table: ScoreTable, audio_root: Path, n_clips: int, heard: Contents | None = None) -> EmbeddedClips:
    """Code the ``n_clips`` most disputed clips (see `most_disputed`); one that cannot be read is left out.

    Args:
        table: scores.
        audio_root: folder that the clips' names are relative to.
        n_clips: how many.
        heard: what the run read of each clip; another file under its name is left out. None takes any file.
    """
    names = table.pairs["audio"]
    return embed_files([(row, names.iloc[row]) for row in most_disputed(table, n_clips)], audio_root, heard)


def embed_files(files: Iterable[tuple[int, str]], audio_root: Path, heard: Contents | None = None) -> EmbeddedClips:
    """Code clips, given by row and name; other arguments as in `embed_clips`."""
    uris: dict[int, str] = {}
    problems: list[str] = []
    for row, name in files:
        if heard is not None and not (heard.get(name) and heard[name] == content_of(audio_root / name)):
            problems.append(f"{audio_root / name}: not the clip that the run heard")
            continue
        try:
            uris[row] = data_uri(audio_root / name)
        except AudioError as error:
            problems.append(str(error))
    return EmbeddedClips(uris, tuple(problems))


def most_disputed(table: ScoreTable, n_pairs: int) -> list[int]:
    """Return the rows where ranks by a metric and by listeners are furthest apart, the metrics taking turns.

    Taking turns gives every metric its own worst pairs; otherwise the poorest metric would fill the list alone.
    """
    chosen: dict[int, None] = {}
    queues = _queues(table)
    while queues and len(chosen) < n_pairs:
        for queue in list(queues):
            row = next((row for row in queue if row not in chosen), None)
            if row is None:
                queues.remove(queue)
            elif len(chosen) < n_pairs:
                chosen[row] = None
    return list(chosen)


def data_uri(path: Path) -> str:
    """Return a clip as a ``data:`` URI.

    Raises:
        AudioError: it is missing, broken or silent.
    """
    waveform = decode(read_bytes(path), path)
    below = [rate for rate in SAMPLE_RATES_HZ if rate <= waveform.sample_rate_hz]
    heard = resample(waveform, below[0] if below else SAMPLE_RATES_HZ[-1])
    return "data:audio/mpeg;base64," + base64.b64encode(_mp3(heard)).decode("ascii")


def _queues(table: ScoreTable) -> list[Iterator[int]]:
    """For each metric the rows it scored, the most disputed first, ties in the order of the table."""
    ranks = rank_pairs(table)
    queues = []
    for metric_ranks in ranks.metrics.values():
        distance = np.abs(metric_ranks - ranks.listeners)
        order = np.argsort(-distance, kind="stable")
        queues.append(iter([int(row) for row in order if not np.isnan(distance[row])]))
    return queues


def _mp3(waveform: Waveform) -> bytes:
    stream = io.BytesIO()
    soundfile.write(stream, waveform.samples, waveform.sample_rate_hz, format="MP3", subtype="MPEG_LAYER_III")
    return stream.getvalue()
