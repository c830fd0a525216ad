from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest

from finetune.data.features import extract_features, file_source
from metrics import audio
from metrics.errors import DataError, UnavailableError
from metrics.models.hf_model import HfEncoder
from metrics.types import ScorerOptions, ScorerSpec
from tests.finetune.small import load_small, small_model, write_clip

Limit = Callable[[int], AbstractContextManager[None]]


def clips(folder: Path, n: int = 3) -> list[Path]:
    return [write_clip(folder / f"{k}.wav", 300.0 * (k + 1), seed=k) for k in range(n)]


def test_training_hears_what_scoring_hears(model_folder: Path, tmp_path: Path) -> None:
    paths = [*clips(tmp_path), write_clip(tmp_path / "long.wav", 500.0, seconds=5.0)]
    clap = load_small(model_folder)
    features = extract_features(clap, [file_source(path) for path in paths], tmp_path / "cache")
    encoder = HfEncoder(ScorerSpec("x"), clap, ScorerOptions(device="cpu"))
    for k, path in enumerate(paths):
        expected = encoder.features(np.stack(encoder.prepare_clip(audio.load(path)))).numpy()
        assert np.array_equal(features.windows[features.first[k] : features.first[k + 1]], expected)
    assert list(np.diff(features.first)) == [1, 1, 1, 3]
    assert features.identities[0] == audio.content_hash(paths[0].read_bytes())


def test_clips_are_decoded_once(model_folder: Path, tmp_path: Path) -> None:
    sources = [file_source(path) for path in clips(tmp_path)]
    heard: list[int] = []

    def extract() -> np.ndarray:
        heard.clear()
        clap = load_small(model_folder)
        return extract_features(
            clap, sources, tmp_path / "cache", progress=lambda _, done, __: heard.append(done)
        ).windows

    first = extract()
    assert heard == [1, 2, 3]
    second = extract()
    assert heard == []
    assert isinstance(second, np.memmap)
    assert np.array_equal(first, second)


def test_workers_change_nothing(model_folder: Path, tmp_path: Path) -> None:
    sources = [file_source(path) for path in clips(tmp_path, 6)]
    clap = load_small(model_folder)
    alone = extract_features(clap, sources, tmp_path / "a").windows
    assert np.array_equal(alone, extract_features(clap, sources, tmp_path / "b", workers=2).windows)


def test_another_clip_or_another_feature_setting_is_another_cache(model_folder: Path, tmp_path: Path) -> None:
    paths = clips(tmp_path)
    cache = tmp_path / "cache"
    clap = load_small(model_folder)
    extract_features(clap, [file_source(path) for path in paths], cache)
    write_clip(paths[0], 1234.0)
    changed = extract_features(clap, [file_source(path) for path in paths], cache)
    expected = extract_features(clap, [file_source(path) for path in paths], tmp_path / "fresh")
    assert np.array_equal(changed.windows, expected.windows)
    other = load_small(small_model(tmp_path / "fused", fused=True))  # another mel filter bank
    extract_features(other, [file_source(path) for path in paths], cache)
    assert len([folder for folder in cache.iterdir() if folder.is_dir()]) == 3


def test_a_clip_that_cannot_be_heard_is_named_with_its_reason(model_folder: Path, tmp_path: Path) -> None:
    paths = [*clips(tmp_path, 2), tmp_path / "missing.wav", tmp_path / "noise.wav"]
    paths[3].write_bytes(b"this is no audio")
    features = extract_features(load_small(model_folder), [file_source(path) for path in paths], tmp_path / "cache")
    assert set(features.failures) == {2, 3}
    assert "no such file" in features.failures[2]
    assert "not readable as audio" in features.failures[3]
    assert list(np.diff(features.first)) == [1, 1, 0, 0]


def test_nothing_to_hear_is_an_error(model_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none of 1 clips can be heard; see the first: .*no such file"):
        extract_features(load_small(model_folder), [file_source(tmp_path / "missing.wav")], tmp_path / "cache")


def test_a_full_disk_leaves_nothing_behind(model_folder: Path, tmp_path: Path, files_no_larger_than: Limit) -> None:
    sources = [file_source(path) for path in clips(tmp_path)]
    cache = tmp_path / "cache"
    with files_no_larger_than(50_000), pytest.raises(UnavailableError, match=r"free some space .*MB are needed"):
        extract_features(load_small(model_folder), sources, cache)
    assert [path for path in cache.iterdir() if path.suffix != ".lock"] == []
    assert len(extract_features(load_small(model_folder), sources, cache).windows) == 3


BUILD = """
import sys, time
from pathlib import Path
from finetune.data.features import extract_features, file_source
from metrics.models.hf_model import load_clap
folder = Path(sys.argv[1])
sources = [file_source(path) for path in sorted((folder / "clips").glob("*.wav"))]
def slowly(stage, done, total):
    print(done, flush=True)
    time.sleep(0.2)
extract_features(load_clap(Path(sys.argv[2])), sources, folder / "cache", progress=slowly)
"""


@pytest.mark.slow
def test_a_kill_while_decoding_leaves_nothing_that_would_be_read(model_folder: Path, tmp_path: Path) -> None:
    paths = clips(tmp_path / "clips", 8)
    command = [sys.executable, "-c", BUILD, str(tmp_path), str(model_folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": "."}) as process:
        assert process.stdout is not None
        while process.stdout.readline().strip() != b"4":
            assert process.poll() is None
        process.send_signal(signal.SIGKILL)
    cache = tmp_path / "cache"
    assert any(path.name.endswith(".part") for path in cache.iterdir())
    began = time.monotonic()
    features = extract_features(load_small(model_folder), [file_source(path) for path in paths], cache)
    assert time.monotonic() - began < 60
    assert len(features.windows) == 8
    assert not any(path.name.endswith(".part") for path in cache.iterdir())
