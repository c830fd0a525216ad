from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from transformers import ClapFeatureExtractor

from metrics.audio import Clip
from metrics.models.hf_features import ClapFeatures
from metrics.types import Waveform
from metrics.windows import Listening, fill
from tests.metrics.clips import tone
from tests.metrics.models.tiny_clap import FUSED_48K, SMALL_16K

SETTINGS = {
    "fused": FUSED_48K,
    "unfused": {"truncation": "rand_trunc", "padding": "repeatpad"},
    "16 kHz": SMALL_16K,
    "16 kHz, padded": {**SMALL_16K, "padding": "pad"},
    "16 kHz, repeated": {**SMALL_16K, "padding": "repeat"},
}


def samples(duration_s: float, rate: int, seed: int) -> np.ndarray:
    return tone(duration_s, rate, seed=seed)[:, 0]


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS.keys())
@pytest.mark.parametrize("share", [0.03, 0.3, 0.77, 1.0])
def test_features_equal_upstream_s(settings: dict[str, object], share: float) -> None:
    extractor = ClapFeatureExtractor(**settings)
    features = ClapFeatures.from_extractor(extractor)
    clip = samples(share * extractor.max_length_s, extractor.sampling_rate, seed=3)
    filled = fill(clip, features.n_window, features.filling)
    ours, is_longer = features(torch.from_numpy(filled)[None])
    theirs = extractor(clip, sampling_rate=extractor.sampling_rate, return_tensors="pt")["input_features"]
    assert ours.shape == theirs.shape
    assert (ours - theirs).abs().max() <= 1e-5  # decibels
    assert not is_longer.any()


def test_features_of_band_limited_audio_equal_upstream_s() -> None:
    """16 kHz recordings leave the upper bands near the floor, where single precision is off by 0.3 dB."""
    extractor = ClapFeatureExtractor(**FUSED_48K)
    features = ClapFeatures.from_extractor(extractor)
    listening = Listening(48_000, features.n_window, "repeatpad", "cover")
    [window] = listening.windows(Clip(Path("clip.wav"), "hash", Waveform(samples(10.0, 16_000, seed=4), 16_000)))
    theirs = extractor(window, sampling_rate=48_000, return_tensors="pt")["input_features"]
    assert (features(torch.from_numpy(window)[None])[0] - theirs).abs().max() <= 2e-5
    naive = torch.stft(
        torch.from_numpy(window)[None],
        1024,
        480,
        window=torch.hann_window(1024),
        return_complex=True,
        pad_mode="reflect",
    )
    mel = (naive.abs().square().transpose(1, 2) @ torch.from_numpy(extractor.mel_filters).float()).clamp(min=1e-10)
    assert (10 * mel.log10() - theirs[:, 0]).abs().max() > 0.01


def test_features_do_not_depend_on_the_batch() -> None:
    features = ClapFeatures.from_extractor(ClapFeatureExtractor(**SMALL_16K))
    windows = torch.from_numpy(np.stack([samples(4.0, 16_000, seed=i) for i in range(5)]))
    together, _ = features(windows)
    alone = torch.cat([features(window[None])[0] for window in windows])
    assert torch.equal(together, alone)


def test_trap_one_upstream_marks_a_random_clip_as_longer() -> None:
    """Trap 1 of transformers: with no clip longer than the window, one at random is marked."""
    extractor = ClapFeatureExtractor(**FUSED_48K)
    clips = [samples(1.0, 48_000, seed=i) for i in range(3)]
    marks = extractor(clips, sampling_rate=48_000)["is_longer"]
    assert np.sum(marks) == 1
    features = ClapFeatures.from_extractor(extractor)
    windows = torch.from_numpy(np.stack([fill(clip, features.n_window, "repeatpad") for clip in clips]))
    assert not features(windows)[1].any()


def test_trap_two_upstream_s_padding_true_disables_repeatpad() -> None:
    """Trap 2: ``ClapProcessor(padding=True)`` reaches transformers 4's audio extractor: short clips get zeros."""
    extractor = ClapFeatureExtractor(**FUSED_48K)
    clip = samples(2.0, 48_000, seed=1)
    naive = extractor(clip, sampling_rate=48_000, padding=True, return_tensors="pt")["input_features"]
    proper = extractor(clip, sampling_rate=48_000, return_tensors="pt")["input_features"]
    features = ClapFeatures.from_extractor(extractor)
    ours, _ = features(torch.from_numpy(fill(clip, features.n_window, features.filling))[None])
    assert ((naive - proper).abs().max() > 10) == (int(transformers.__version__.split(".")[0]) < 5)
    assert (ours - proper).abs().max() <= 1e-5
    with pytest.raises(NotImplementedError):
        extractor(samples(11.0, 48_000, seed=1), sampling_rate=48_000, truncation=True)


@pytest.mark.parametrize("truncation", ["rand_trunc", "fusion"])
def test_trap_three_upstream_crops_long_clips_from_the_global_random_state(truncation: str) -> None:
    extractor = ClapFeatureExtractor(truncation=truncation)
    features = ClapFeatures.from_extractor(extractor)
    clip = Clip(Path("clip.wav"), "hash", Waveform(samples(14.0, 48_000, seed=2), 48_000))
    naive, ours = [], []
    for seed in (0, 1):
        np.random.seed(seed)  # noqa: NPY002
        naive.append(extractor(clip.waveform.samples, sampling_rate=48_000)["input_features"][0])
        ours.append(np.stack(Listening(48_000, features.n_window, "repeatpad", "cover").windows(clip)))
    assert np.abs(np.asarray(naive[0]) - np.asarray(naive[1])).max() > 1
    assert np.array_equal(ours[0], ours[1])


def test_fused_crops_are_upstream_s_and_depend_on_the_clip_alone() -> None:
    """Each crop is one that upstream could have drawn: front, middle and back third, and the shrunk whole."""
    extractor = ClapFeatureExtractor(**FUSED_48K)
    features = ClapFeatures.from_extractor(extractor)
    clip = samples(14.0, 48_000, seed=2)
    fused = features.fuse(clip, "key")
    np.random.seed(5)  # noqa: NPY002
    assert torch.equal(fused, features.fuse(clip, "key"))
    assert not torch.equal(fused, features.fuse(clip, "another key"))
    theirs = extractor(clip, sampling_rate=48_000, return_tensors="pt")["input_features"][0]
    assert (fused[0] - theirs[0]).abs().max() <= 1e-4
    whole = features.log_mel(torch.from_numpy(clip)[None])[0]
    thirds = np.array_split(np.arange(len(whole) - 1001 + 1), 3)
    for crop, third in zip(fused[1:], thirds, strict=True):
        assert any(torch.equal(crop, whole[start : start + 1001]) for start in third)


def test_a_clip_hardly_longer_than_the_window_is_not_cropped() -> None:
    extractor = ClapFeatureExtractor(**FUSED_48K)
    features = ClapFeatures.from_extractor(extractor)
    clip = samples(10.0, 48_000, seed=2)
    clip = np.concatenate([clip, clip[:100]])
    theirs = extractor(clip, sampling_rate=48_000, return_tensors="pt")["input_features"][0]
    assert (features.fuse(clip, "key") - theirs).abs().max() <= 1e-5
