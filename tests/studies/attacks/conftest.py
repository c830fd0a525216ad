"""A few rated clips on disk, and the ``bench`` command in this process."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.metrics.clips import write_tone

N_CLIPS = 12


@pytest.fixture(autouse=True)
def _own_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write_clips(seconds: float = 0.3, names: range = range(N_CLIPS)) -> None:
    """Write ``0.wav``, … into the working directory; their ``duration`` is ``seconds``."""
    for name in names:
        write_tone(Path(f"{name}.wav"), seconds, seed=name)


@pytest.fixture
def rated(tmp_path: Path) -> Path:
    """Return a CSV with 12 clips, each rated by two listeners from 0 to 10."""
    write_clips()
    path = tmp_path / "rated.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["pair_id", "audio_path", "text", "rating", "listener_id"])
        for k in range(N_CLIPS):
            writer.writerows([f"p{k}", f"{k}.wav", f"a sound, {k}", (3 * k + 2 * j) % 11, f"L{j}"] for j in range(2))
    return path


@pytest.fixture
def unrated(tmp_path: Path) -> Path:
    """Return a CSV with the same clips for ``bench score``, in three shards of four."""
    write_clips()
    path = tmp_path / "pairs.csv"
    lines = [f'{k}.wav,"a sound, {k}",{"ab"[k % 2]}' for k in range(N_CLIPS)]
    path.write_text("\n".join(["audio_path,text,system", *lines]) + "\n", encoding="utf-8")
    return path
