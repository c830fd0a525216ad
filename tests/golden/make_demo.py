"""Writes demo.json: what the demo data set was when its version was last raised.

Run ``python -m tests.golden.make_demo`` from the repository root after a change that is meant to change captions,
ratings or samples, and raise ``DEMO_VERSION`` with it: users' caches are named after it.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.datasets.demo.dataset import CAPTIONS_PER_SPLIT, DEMO_VERSION, demo_clips, load_demo, rating_table
from bench.datasets.soundscapes import SOUND_CLASSES, Character, Event, Recording, Soundscape, render_pcm

GOLDEN = Path(__file__).with_name("demo.json")
SAMPLE_STEP = 317  # a prime: sample positions fall on every phase of every rhythm
N_CLIPS = 18
N_RATINGS = 42


def single_sound(name: str) -> Soundscape:
    """Return a soundscape of one sound in the middle of its variation."""
    event = Event(name, name, 0, 0.5, 3.0, -18.0, Character(0.5, 0.25, 0.75), seed=7)
    return Soundscape(name, (event,), 1, Recording(-50.0, 0.5, 0.0, seed=11))


def sampled(soundscape: Soundscape) -> list[int]:
    """Return every `SAMPLE_STEP`-th sample."""
    return [int(sample) for sample in render_pcm(soundscape)[::SAMPLE_STEP]]


def observed() -> dict[str, Any]:
    """Return everything that the golden file holds, as this machine makes it."""
    clips = demo_clips("test")[:N_CLIPS]
    return {
        "version": DEMO_VERSION,
        "sha256": {split: load_demo(split=split, with_audio=False).source_sha256 for split in CAPTIONS_PER_SPLIT},
        "clips": [asdict(clip) for clip in clips],
        "ratings": rating_table("test").head(N_RATINGS).astype(object).to_numpy().tolist(),
        "samples": {
            **{name: sampled(single_sound(name)) for name in SOUND_CLASSES},
            **{clip.pair_id: sampled(clip.soundscape) for clip in clips[:6]},
        },
    }


if __name__ == "__main__":
    GOLDEN.write_text(
        json.dumps(observed(), indent=None, separators=(",", ":")).replace('},{"pair_id', '},\n{"pair_id') + "\n"
    )
