"""What data sets share."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from bench.analysis.overlap import Overlap, clip_hashes, find_overlaps
from bench.datasets.adapters.custom import load_custom
from tests.commands import Bench


def write_set(folder: Path, rows: dict[str, tuple[str, bytes | None]]) -> Path:
    """Clips with their captions and contents."""
    folder.mkdir()
    lines = ["audio_path,text,rating"]
    for name, (caption, content) in rows.items():
        lines.append(f"{name},{caption},5")
        if content is not None:
            (folder / name).write_bytes(content)
    (folder / "ratings.csv").write_text("\n".join(lines) + "\n")
    return folder / "ratings.csv"


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    first = {"a.wav": ("A dog  barks", b"dog"), "b.wav": ("rain", b"rain"), "c.wav": ("wind", b"wind")}
    second = {"x.wav": ("a DOG barks", b"other dog"), "y.wav": ("thunder", b"rain"), "z.wav": ("sea", None)}
    return write_set(tmp_path / "first", first), write_set(tmp_path / "second", second)


def overlaps(*paths: Path) -> tuple[Overlap, ...]:
    datasets = [load_custom(path) for path in paths]
    return find_overlaps(datasets, [clip_hashes(dataset) for dataset in datasets])


def test_captions_and_clips(two: tuple[Path, Path]) -> None:
    [found] = overlaps(*two)
    assert found.captions == ("a dog barks",)
    assert found.n_clips == 1
    assert (found.n_affected_first, found.n_affected_second) == (2, 2)


def test_without_clips_only_captions_are_compared(tmp_path: Path) -> None:
    paths = [write_set(tmp_path / name, {"a.wav": ("rain", None)}) for name in ("first", "second")]
    [found] = overlaps(*paths)
    assert (found.n_clips, found.n_affected_first) == (None, 1)


def test_every_two_are_compared(tmp_path: Path) -> None:
    paths = [write_set(tmp_path / name, {"a.wav": (name, name.encode())}) for name in "abc"]
    found = overlaps(*paths)
    assert len(found) == 3
    assert not any(one.captions or one.n_clips for one in found)


def test_the_command(two: tuple[Path, Path], bench: Bench) -> None:
    shown = bench("datasets", "overlap", *two)
    assert shown.status == 0, shown.err
    assert "in common" in shown.out
    content = json.loads(bench("datasets", "overlap", *two, "--json").out)
    assert content["overlaps"][0]["captions"] == ["a dog barks"]


def test_with_what_a_scorer_was_trained_on(two: tuple[Path, Path], tmp_path: Path, bench: Bench) -> None:
    checkpoint = tmp_path / "mine"
    checkpoint.mkdir()
    clips = {"elsewhere/1.wav": hashlib.sha256(b"rain").hexdigest(), "a.wav": hashlib.sha256(b"a namesake").hexdigest()}
    training = {"data": [{"name": "elsewhere", "parts": {"train": {"captions": ["Wind"], "clips": clips}}}]}
    (checkpoint / "training.json").write_text(json.dumps(training))
    shown = bench("datasets", "overlap", two[0], "--trained", checkpoint)
    assert "mine, train on elsewhere" in shown.out
    assert "captions 1 of 3, clips 1 of 3" in shown.out


def test_wrong_requests(two: tuple[Path, Path], tmp_path: Path, bench: Bench) -> None:
    alone = bench("datasets", "overlap", two[0])
    assert (alone.status, "name another data set" in alone.err) == (2, True)
    untrained = bench("datasets", "overlap", two[0], "--trained", tmp_path)
    assert (untrained.status, "has no training.json" in untrained.err) == (2, True)
