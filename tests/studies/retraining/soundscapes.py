"""Soundscapes with captions to pretrain ``tiny`` on: drawn from a seed, and wrong as often as captions on the web are.

They come from the generator of the demo data, from streams of their own, and none has a caption of the demo data:
what the demo tests on was never seen.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from bench.datasets.demo.dataset import DEMO_VERSION, demo_clips
from bench.datasets.soundscapes import SYSTEMS, RandomStream, Soundscape, corrupt, draw_soundscape, render
from finetune.data.features import ClipSource
from metrics.audio import Clip

CORRUPTING_SYSTEMS = ("synth-b", "synth-c")


@dataclass(frozen=True, slots=True, kw_only=True)
class PretrainingData:
    """What is pretrained on.

    Attributes:
        n_clips: soundscapes for training.
        n_validation: soundscapes for validation, from other streams.
        corrupted_share: of the soundscapes whose clip is not what the caption says.
        seed: of the soundscapes.
    """

    n_clips: int = 8000
    n_validation: int = 512
    corrupted_share: float = 0.6
    seed: int = 0


def draw_soundscapes(data: PretrainingData) -> tuple[list[Soundscape], list[Soundscape]]:
    """Return the soundscapes for training and for validation."""
    tested = {clip.soundscape.caption for clip in demo_clips(None)}
    stream = (scape for scape in _endless(data) if scape.caption not in tested)
    drawn = [next(stream) for _ in range(data.n_clips + data.n_validation)]
    return drawn[: data.n_clips], drawn[data.n_clips :]


def clip_source(soundscape: Soundscape) -> ClipSource:
    """Return a clip that is rendered when it is needed."""
    recipe = json.dumps([DEMO_VERSION, asdict(soundscape)], sort_keys=True)
    identity = hashlib.sha256(recipe.encode()).hexdigest()
    return ClipSource(identity, partial(_render, identity, soundscape))


def _render(identity: str, soundscape: Soundscape) -> Clip:
    return Clip(Path(f"{identity}.wav"), identity, render(soundscape))


def _endless(data: PretrainingData) -> Iterator[Soundscape]:
    number = 0
    while True:
        stream = RandomStream(data.seed, "pretraining", number)
        soundscape = draw_soundscape(stream)
        if stream.chance(data.corrupted_share):
            soundscape = corrupt(soundscape, SYSTEMS[stream.choose(CORRUPTING_SYSTEMS)], stream)
        yield soundscape
        number += 1
