"""Audio of the demo data set: what is on disk is what was rendered, once, and whole whatever happens."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bench.datasets.demo.audio import CLIP_BYTES
from bench.datasets.demo.dataset import DEMO_VERSION, demo_clips, load_demo, render_demo
from bench.datasets.soundscapes import render
from metrics.errors import UnavailableError

REPOSITORY = Path(__file__).parents[4]
RENDER_VALIDATION = """
import sys, pathlib
from bench.datasets.demo.dataset import render_demo
render_demo(pathlib.Path(sys.argv[1]), split="validation")
"""


@pytest.fixture(scope="module")
def validation_audio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return render_demo(tmp_path_factory.mktemp("demo"), split="validation")


def run_python(code: str, *arguments: str) -> subprocess.Popen[str]:
    """Start a fresh interpreter in the repository."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_files_hold_what_render_gives(validation_audio: Path) -> None:
    for clip in demo_clips("validation")[::20]:
        samples, rate = soundfile.read(validation_audio / f"{clip.pair_id}.wav", dtype="float32")
        expected = render(clip.soundscape)
        assert rate == expected.sample_rate_hz == 16_000
        np.testing.assert_array_equal(samples, expected.samples)


def test_clips_are_16_bit_mono_and_all_there(validation_audio: Path) -> None:
    dataset = load_demo(validation_audio.parent, split="validation")
    assert {path for path in validation_audio.rglob("*") if path.is_file()} == {
        p.pair.audio_path for p in dataset.pairs
    }
    info = soundfile.info(dataset.pairs[0].pair.audio_path)
    assert (info.channels, info.subtype, info.frames) == (1, "PCM_16", 64_000)


def test_what_is_there_is_not_rendered_again_and_what_is_damaged_is(validation_audio: Path) -> None:
    paths = sorted(validation_audio.rglob("*.wav"))
    before = {path: path.stat().st_mtime_ns for path in paths}
    whole = paths[0].read_bytes()
    paths[0].write_bytes(whole[:1_000])
    paths[1].unlink()
    render_demo(validation_audio.parent, split="validation")
    after = {path: path.stat().st_mtime_ns for path in paths}
    assert [path for path in paths if before[path] != after[path]] == paths[:2]
    assert paths[0].read_bytes() == whole


def test_without_audio_the_disk_is_left_alone(tmp_path: Path) -> None:
    load_demo(tmp_path / "demo", with_audio=False)
    assert list(tmp_path.iterdir()) == []


def test_audio_goes_to_the_users_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAP_BENCH_CACHE_DIR", str(tmp_path))
    root = load_demo(split="test", seed=4, with_audio=False).audio_root
    assert root == tmp_path / "demo" / f"{DEMO_VERSION}-4"


@pytest.mark.slow
def test_a_render_that_is_killed_leaves_whole_clips_and_the_next_goes_on(tmp_path: Path) -> None:
    process = run_python(RENDER_VALIDATION, str(tmp_path))
    while len(list(tmp_path.rglob("*.wav"))) < 20 and process.poll() is None:
        time.sleep(0.005)
    process.kill()
    process.communicate()
    rendered = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.wav")}
    assert 20 <= len(rendered) < 180
    assert all(path.stat().st_size == CLIP_BYTES for path in rendered)
    render_demo(tmp_path, split="validation")
    assert len(list(tmp_path.rglob("*.wav"))) == 180
    assert all(path.stat().st_mtime_ns == then for path, then in rendered.items())


@pytest.mark.slow
def test_renders_at_the_same_time_do_no_harm(tmp_path: Path) -> None:
    processes = [run_python(RENDER_VALIDATION, str(tmp_path)) for _ in range(2)]
    for process in processes:
        process.communicate(timeout=120)
    assert [process.returncode for process in processes] == [0, 0]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 180
    assert {path.stat().st_size for path in files} == {CLIP_BYTES}


def test_old_parts_are_removed_and_young_ones_kept(validation_audio: Path) -> None:
    folder = validation_audio / "natural" / "validation"
    old, young = folder / ".0001.wav.a.tmp", folder / ".0002.wav.b.tmp"
    for part in (old, young):
        part.write_bytes(b"half")
    os.utime(old, (0, 0))
    (folder / "0000.wav").unlink()
    render_demo(validation_audio.parent, split="validation")
    assert not old.exists()
    assert young.exists()
    young.unlink()


def test_a_disk_without_room_is_a_clear_error_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    pytest.importorskip("resource", reason="a file size limit stands in for a full disk")
    code = """
import resource, sys, pathlib
from bench.datasets.demo.dataset import render_demo
from metrics.errors import UnavailableError
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
try: render_demo(pathlib.Path(sys.argv[1]), split="validation")
except UnavailableError as error: print(error)
"""
    message = run_python(code, str(tmp_path)).communicate(timeout=60)[0]
    assert "cannot write the demo's audio to" in message
    assert "23 MB" in message
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(UnavailableError, match=r"cannot write .* --data-root"):
        load_demo(tmp_path / "file")


def test_progress_is_told(validation_audio: Path) -> None:
    told: list[tuple[str, int, int]] = []
    for name in ("0003.wav", "0004.wav"):
        (validation_audio / "natural" / "validation" / name).unlink()
    load_demo(validation_audio.parent, split="validation", progress=lambda *state: told.append(state))
    assert told == [("rendering soundscapes", done, 2) for done in (0, 1, 2)]
