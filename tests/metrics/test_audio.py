from __future__ import annotations

import pickle
import re
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from metrics import audio
from metrics.types import Waveform
from tests.metrics.clips import tone, write_bad_clips, write_tone


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
    monkeypatch.setattr(audio, "CLIP_MEMORY", 40_000_000)
    with pytest.raises(audio.AudioError, match=r"more than 3,[0-9,]+ samples a channel.*0\.0 GB of memory; cut it"):
        audio.load(path)


def test_a_name_that_no_file_can_have_is_refused() -> None:
    with pytest.raises(audio.AudioError, match="null byte"):
        audio.load(Path("a\0b.wav"))


@pytest.mark.parametrize("announced", [0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFF000])
def test_a_wav_written_as_a_stream_knows_no_length(tmp_path: Path, announced: int) -> None:
    """It announces 4 GB, or 2: as much is heard as there is."""
    path = write_tone(tmp_path / "stream.wav", 1.0, 16_000)
    path.write_bytes(with_data_length(path.read_bytes(), announced))
    assert audio.load(path).waveform.duration_s == 1.0


@pytest.mark.parametrize("endian", ["LITTLE", "BIG"])
def test_a_wav_that_is_shorter_than_it_says_is_cut_off(tmp_path: Path, endian: str) -> None:
    """libsndfile decodes what there is, and a score would be that of another clip."""
    path = tmp_path / "clip.wav"
    soundfile.write(path, tone(1.0, 16_000), 16_000, endian=endian)
    whole = path.read_bytes()
    assert audio.load(path).waveform.duration_s == 1.0
    path.write_bytes(whole[:20_000])
    with pytest.raises(audio.AudioError, match="cut off: 19,956 of 32,000 bytes"):
        audio.load(path)


def test_a_wav_whose_length_counts_its_header_is_whole(tmp_path: Path) -> None:
    whole = write_tone(tmp_path / "whole.wav", 1.0, 16_000).read_bytes()
    (tmp_path / "counted.wav").write_bytes(with_data_length(whole, 32_044))
    assert audio.load(tmp_path / "counted.wav").waveform.duration_s == 1.0


def with_data_length(content: bytes, n_bytes: int) -> bytes:
    place = content.index(b"data") + 4
    return content[:place] + struct.pack("<I", n_bytes) + content[place + 4 :]


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


def test_importing_the_audio_path_loads_no_torch() -> None:
    code = "import sys, metrics.baselines, metrics.windows; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
