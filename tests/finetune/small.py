"""A ClapModel small enough to train in seconds, and clips, captions and ratings for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import soundfile

from bench.datasets.types import RatedDataset, RatingScale
from tests.finetune.rated import make_pair
from tests.metrics.models.tiny_clap import SMALL_16K, save_tiny_clap

if TYPE_CHECKING:  # whoever only collects tests does not wait for torch
    import torch

    from finetune.data.pairs import PairSet
    from metrics.models.hf_model import LoadedClap

RATE_HZ = 16_000
SCALE = RatingScale(0.0, 10.0)


def small_model(folder: Path, fused: bool = False) -> Path:
    """Save a random model of half a million parameters that hears two seconds at 16 kHz."""
    settings = {**SMALL_16K, "max_length_s": 2}
    return save_tiny_clap(folder, {**settings, "truncation": "fusion"} if fused else settings)


def write_clip(path: Path, pitch_hz: float, seconds: float = 1.0, seed: int = 0) -> Path:
    """Write a tone in noise."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    samples = 0.3 * np.sin(2 * np.pi * pitch_hz * t) + 0.05 * rng.normal(size=len(t))
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples.astype(np.float32), RATE_HZ, subtype="PCM_16")
    return path


def small_dataset(folder: Path, n_pairs: int = 24, split: str | None = None) -> RatedDataset:
    """Write clips of low and high tones; captions say which, and ratings whether they say it truly."""
    rng = np.random.default_rng(1)
    pairs = []
    for k in range(n_pairs):
        high, says_high = bool(rng.integers(2)), bool(rng.integers(2))
        pitch = (2000.0 if high else 300.0) * rng.uniform(0.8, 1.2)
        path = write_clip(folder / f"{k:03d}.wav", pitch, 1.0, seed=k)
        caption = f"a dog barks and birds chirp {k}" if says_high else f"a car engine idles {k}"
        rating = float(np.clip((8.0 if high == says_high else 2.0) + rng.normal(), 0, 10))
        pairs.append(make_pair(f"{k:03d}", caption, rating, path, split=split))
    return RatedDataset("small", SCALE, tuple(pairs), (), "0" * 64, folder, split)


def pair_set(clap: LoadedClap, dataset: RatedDataset, cache: Path) -> PairSet:
    """Return the data set as the model takes it."""
    from finetune.data.features import extract_features, file_source
    from finetune.data.pairs import PairSet

    features = extract_features(clap, [file_source(rated.pair.audio_path) for rated in dataset.pairs], cache)
    return PairSet(
        features,
        np.arange(len(dataset.pairs)),
        tuple(clap.prepare_captions([rated.pair.caption for rated in dataset.pairs])),
        dataset.scale.rescale(np.array([rated.mean_rating for rated in dataset.pairs])),
    )


def halves(pairs: PairSet) -> tuple[PairSet, PairSet]:
    """Cut a set into two thirds for training and one third for validation."""
    n = 2 * len(pairs) // 3
    return _part(pairs, slice(0, n)), _part(pairs, slice(n, None))


def _part(pairs: PairSet, part: slice) -> PairSet:
    return replace(pairs, clips=pairs.clips[part], captions=pairs.captions[part], ratings=pairs.ratings[part])


def weights_of(clap: LoadedClap) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in clap.model.state_dict().items()}


def load_small(folder: Path) -> LoadedClap:
    from metrics.models.hf_model import load_clap

    return load_clap(folder)


def write_ratings(folder: Path, n_pairs: int = 36, n_listeners: int = 2) -> Path:
    """Write clips and a CSV file of single ratings, two thirds of the pairs for training and the others for testing."""
    lines = ["audio_path,text,rating,listener_id,split"]
    for k, rated in enumerate(small_dataset(folder / "clips", n_pairs).pairs):
        split = "train" if k < 2 * n_pairs // 3 else "test"
        for listener in range(n_listeners):
            rating = min(10.0, max(0.0, rated.mean_rating + listener - 0.5))
            lines.append(f"clips/{k:03d}.wav,{rated.pair.caption},{rating:.2f},{split}-{listener},{split}")
    path = folder / "ratings.csv"
    path.write_text("\n".join(lines) + "\n")
    return path
