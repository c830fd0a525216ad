from __future__ import annotations

import pickle
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from metrics import audio
from metrics.types import Waveform
from tests.metrics.clips import tone, write_bad_clips, write_tone

LENGTHS = st.integers(1, 5000)
WINDOWS = st.integers(1, 700)


@pytest.mark.parametrize(("suffix", "tolerance"), [(".wav", 1e-4), (".flac", 1e-4), (".ogg", 0.2), (".mp3", 0.2)])
def test_every_format_is_decoded_to_mono(tmp_path: Path, suffix: str, tolerance: float) -> None:
    path = write_tone(tmp_path / f"clip{suffix}", 1.0, 16_000, channels=2)
    clip = audio.load(path).waveform
    expected = tone(1.0, 16_000, channels=2).mean(axis=1)
    assert clip.sample_rate_hz == 16_000
    assert clip.samples.dtype == np.float32
    assert clip.samples.shape == expected.shape
    assert np.abs(clip.samples - expected).max() < tolerance


def test_stereo_is_averaged_and_not_concatenated(tmp_path: Path) -> None:
    """msclap's reshape(-1) would make a clip of twice the length (microsoft/CLAP #42)."""
    left, right = tone(0.5, 8000, seed=1)[:, 0], tone(0.5, 8000, seed=2)[:, 0]
    soundfile.write(tmp_path / "stereo.wav", np.stack([left, right], axis=1), 8000, subtype="FLOAT")
    clip = audio.load(tmp_path / "stereo.wav").waveform
    assert clip.duration_s == 0.5
    assert np.allclose(clip.samples, (left + right) / 2, atol=1e-7)


def test_bad_clips_are_refused_with_the_reason(tmp_path: Path) -> None:
    for name, (path, words) in write_bad_clips(tmp_path).items():
        with pytest.raises(audio.AudioError) as caught:
            audio.load(path)
        assert re.search(words, caught.value.reason), (name, caught.value.reason)
        assert str(path) in str(caught.value)
        assert str(path) not in caught.value.reason


def test_silence_that_goes_on_for_ever_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compressed silence takes a thousandth of the memory that it decodes to."""
    path = tmp_path / "long.flac"
    soundfile.write(path, np.zeros((1 << 22, 2), dtype=np.int16), 48_000)
    assert path.stat().st_size < 1 << 17
    monkeypatch.setattr(audio, "MOST_SAMPLES", 1 << 22)
    with pytest.raises(audio.AudioError, match="more than 4,194,304 samples"):
        audio.load(path)


def test_a_name_that_no_file_can_have_is_refused() -> None:
    with pytest.raises(audio.AudioError, match="null byte"):
        audio.load(Path("a\0b.wav"))


def test_an_audio_error_survives_pickling() -> None:
    error = pickle.loads(pickle.dumps(audio.AudioError(Path("a.wav"), "is empty")))
    assert (error.path, error.reason) == (Path("a.wav"), "is empty")


def test_a_file_without_extension_is_decoded_by_content(tmp_path: Path) -> None:
    path = write_tone(tmp_path / "clip.flac").rename(tmp_path / "clip")
    assert audio.load(path).waveform.duration_s == 1.0


def test_stereo_that_cancels_out_is_silent(tmp_path: Path) -> None:
    left = tone(0.5, 8000)[:, 0]
    soundfile.write(tmp_path / "opposite.wav", np.stack([left, -left], axis=1), 8000, subtype="FLOAT")
    with pytest.raises(audio.AudioError, match="silent"):
        audio.load(tmp_path / "opposite.wav")


@pytest.mark.parametrize("rate", [8000, 16_000, 22_050, 44_100, 48_000])
def test_resampling_keeps_duration_and_a_tone_in_the_pass_band(rate: int) -> None:
    time = np.arange(rate) / rate
    sine = Waveform(np.sin(2 * np.pi * 440 * time).astype(np.float32), rate)
    resampled = audio.resample(sine, 48_000)
    expected = np.sin(2 * np.pi * 440 * np.arange(48_000) / 48_000)
    middle = slice(4800, -4800)
    assert len(resampled.samples) == 48_000
    assert np.abs(resampled.samples[middle] - expected[middle]).max() < 1e-3


def test_quantisation_rounds_towards_zero_to_16_bits() -> None:
    quantised = audio.quantise_int16(np.array([-1.5, -1, -0.6 / 32767, 0.6 / 32767, 1.6 / 32767, 1, 1.5], np.float32))
    assert (quantised * 32767).round(3).tolist() == [-32767, -32767, 0, 0, 1, 32767, 32767]


@given(n_samples=LENGTHS, n_window=WINDOWS, uncovered=st.integers(0, 200))
def test_cover_leaves_at_most_the_allowed_part_unheard(n_samples: int, n_window: int, uncovered: int) -> None:
    starts = audio.window_starts(n_samples, n_window, uncovered, "cover", "key")
    heard = np.zeros(n_samples, dtype=bool)
    for start in starts:
        assert 0 <= start <= max(n_samples - n_window, 0)
        heard[start : start + n_window] = True
    assert np.count_nonzero(~heard) <= uncovered
    expected = max(1, -(-(n_samples - uncovered) // n_window)) if n_samples > n_window else 1
    assert len(starts) == expected


@given(n_samples=LENGTHS, n_window=WINDOWS)
def test_cover_is_symmetric_in_time(n_samples: int, n_window: int) -> None:
    starts = audio.window_starts(n_samples, n_window, 10, "cover", "key")
    slack = max(n_samples - n_window, 0)
    mirrored = [slack - start for start in reversed(starts)]
    assert all(abs(a - b) <= 1 for a, b in zip(starts, mirrored, strict=True))


@given(n_samples=LENGTHS, n_window=WINDOWS, key=st.text(max_size=5))
def test_a_random_crop_lies_inside_and_depends_on_the_key_alone(n_samples: int, n_window: int, key: str) -> None:
    np.random.seed(0)  # noqa: NPY002  (the global generator must not matter)
    first = audio.window_starts(n_samples, n_window, 0, "as-published", key)
    np.random.seed(1)  # noqa: NPY002
    assert first == audio.window_starts(n_samples, n_window, 0, "as-published", key)
    assert 0 <= first[0] <= max(n_samples - n_window, 0)


def test_random_crops_are_uniform_over_keys() -> None:
    starts = [audio.window_starts(110, 10, 0, "as-published", str(i))[0] for i in range(4000)]
    assert min(starts) == 0
    assert max(starts) == 100
    assert abs(np.mean(starts) - 50) < 3 * (100 / np.sqrt(12 * 4000))


def test_published_lengths_give_the_windows_one_expects() -> None:
    rate, ten = 48_000, 480_000
    assert audio.window_starts(ten, ten, rate // 2, "cover", "") == [0]
    assert audio.window_starts(round(10.24 * rate), ten, rate // 2, "cover", "") == [round(0.12 * rate)]
    assert audio.window_starts(30 * rate, ten, rate // 2, "cover", "") == [0, ten, 2 * ten]
    assert audio.window_starts(25 * rate, ten, rate // 2, "cover", "") == [0, round(7.5 * rate), 15 * rate]
    assert audio.window_starts(25 * rate, ten, rate // 2, "head", "") == [0]
    assert audio.window_starts(25 * rate, ten, rate // 2, "center", "") == [round(7.5 * rate)]


def test_short_clips_are_filled_as_upstream() -> None:
    clip = np.array([1, 2, 3], dtype=np.float32)
    assert audio.fill(clip, 8, "repeatpad").tolist() == [1, 2, 3, 1, 2, 3, 0, 0]
    assert audio.fill(clip, 8, "repeat").tolist() == [1, 2, 3, 1, 2, 3, 1, 2]
    assert audio.fill(clip, 8, "pad").tolist() == [1, 2, 3, 0, 0, 0, 0, 0]
    assert audio.fill(clip, 3, "repeatpad") is clip


def test_a_silent_part_is_no_basis_for_a_score() -> None:
    samples = np.zeros(3000, dtype=np.float32)
    samples[-500:] = 0.5
    clip = Waveform(samples, 1000)
    head = audio.cut_windows(clip, 1000, "head", "repeatpad", "key")
    with pytest.raises(audio.AudioError, match="silent throughout the part"):
        audio.check_audible(head, Path("clip.wav"))
    audio.check_audible(audio.cut_windows(clip, 1000, "cover", "repeatpad", "key"), Path("clip.wav"))


def test_windows_of_a_long_clip_are_views() -> None:
    clip = Waveform(tone(3.0, 1000)[:, 0], 1000)
    windows = audio.cut_windows(clip, 1000, "cover", "repeatpad", "key")
    assert len(windows) == 3
    assert all(np.shares_memory(window, clip.samples) for window in windows)


def test_importing_the_audio_path_loads_no_torch() -> None:
    code = "import sys, metrics.audio, metrics.baselines; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
