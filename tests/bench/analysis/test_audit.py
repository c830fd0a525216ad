"""What an audit finds in ratings and clips."""

from __future__ import annotations

import json
import statistics
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bench.analysis.audit import ClipProblem, GroupSummary, audit
from bench.datasets.adapters.custom import load_custom
from bench.datasets.adapters.relate import load_relate
from bench.datasets.types import RatedDataset
from tests.bench.datasets.adapters.synthetic_relate import write_relate

HEADER = "pair_id,audio_path,text,rating,listener_id,source,system\n"


def dataset(folder: Path, *rows: str) -> RatedDataset:
    (folder / "r.csv").write_text(HEADER + "".join(f"{row}\n" for row in rows))
    return load_custom(folder / "r.csv")


def clip(folder: Path, name: str, seconds: float = 1.0, rate: int = 16_000, channels: int = 1) -> None:
    soundfile.write(folder / name, np.zeros((round(seconds * rate), channels)), rate)


def test_ratings(tmp_path: Path) -> None:
    found = audit(
        dataset(
            tmp_path,
            "p,a.wav,A dog,2,x,natural,",
            "p,a.wav,A dog,5,y,natural,",
            "q,b.wav,A dog,8,x,synthesized,tango",
            "r,c.wav,A cat,9,z,synthesized,tango",
        )
    )
    assert (found.n_pairs, found.n_ratings, found.n_listeners, found.n_captions) == (3, 4, 3, 2)
    assert found.ratings_per_pair == {1: 2, 2: 1}
    assert found.pairs_per_caption == {1: 1, 2: 1}
    assert found.single_rating_share == pytest.approx(2 / 3)
    groups = {group.stratum: group for group in found.groups}
    assert groups["source=natural"] == GroupSummary("source=natural", "source", "natural", 1, 2, 3.5, None)
    assert groups["system=tango"].mean == 8.5
    assert groups["system=tango"].sd == pytest.approx(statistics.stdev([8, 9]))
    assert groups["all"].mean == pytest.approx((3.5 + 8 + 9) / 3)
    assert found.duplicates == ()
    assert found.reliability is not None
    msb, msw, n0 = (2 * 2.5**2 + 2**2 + 3**2) / 2, 2 * 1.5**2, (4 - 6 / 4) / 2
    assert found.reliability["ICC(1)"] == pytest.approx((msb - msw) / (msb + (n0 - 1) * msw))
    json.dumps(asdict(found), allow_nan=False)


def test_means_without_listeners(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("audio_path,text,rating\na.wav,A,1\n")
    found = audit(load_custom(tmp_path / "r.csv"))
    assert (found.n_listeners, found.single_rating_share) == (0, None)


def test_duplicates(tmp_path: Path) -> None:
    rows = ["p,a.wav,A,1,x,,", "q,a.wav,A,2,x,,", "r,a.wav,B,8,x,,", "s,b.wav,A,3,x,,"]
    assert audit(dataset(tmp_path, *rows)).duplicates == (("p", "q"),)


def test_clips(tmp_path: Path) -> None:
    clip(tmp_path, "good.wav", 2.0)
    clip(tmp_path, "stereo.wav", 3.0, channels=2)
    clip(tmp_path, "short.wav", 0.05)
    clip(tmp_path, "fast.wav", 1.0, rate=44_100)
    (tmp_path / "text.wav").write_text("no audio")
    (tmp_path / "empty.wav").write_bytes(b"")
    (tmp_path / "folder.wav").mkdir()
    names = ["good", "stereo", "short", "fast", "text", "empty", "folder", "absent"]
    steps: list[tuple[str, int, int]] = []
    rows = [f"{name},{name}.wav,A {name},1,x,," for name in names]
    found = audit(dataset(tmp_path, *rows, "again,good.wav,B,1,x,,"), progress=lambda *step: steps.append(step)).audio
    assert found.n_clips == 8
    assert [problem.pair_id for problem in found.missing] == ["absent", "folder"]
    assert [problem.pair_id for problem in found.unreadable] == ["empty", "text"]
    assert all("no readable audio" in problem.found for problem in found.unreadable)
    assert found.too_short == (ClipProblem("short", str(tmp_path / "short.wav"), "lasts 0.0500 s"),)
    assert found.wrong_rate == (ClipProblem("fast", str(tmp_path / "fast.wav"), "is at 44100 Hz"),)
    assert found.expected_rate_hz == 16_000
    assert found.rates_hz == {16_000: 3, 44_100: 1}
    assert found.channels == {1: 3, 2: 1}
    assert found.durations_s == pytest.approx((0.05, 1.5, 3.0))
    assert steps[-1] == ("clips", 8, 8)


def test_the_rate_that_the_data_set_names(tmp_path: Path) -> None:
    clip(tmp_path, "a.wav", rate=44_100)
    found = audit(dataset(tmp_path, "p,a.wav,A,1,x,,"), expected_rate_hz=16_000).audio
    assert [problem.found for problem in found.wrong_rate] == ["is at 44100 Hz"]


def test_no_clips_at_all(tmp_path: Path) -> None:
    found = audit(load_relate(write_relate(tmp_path)))
    assert len(found.audio.missing) == found.audio.n_clips == found.n_pairs == 10
    assert (found.audio.expected_rate_hz, found.audio.durations_s) == (None, None)
    assert found.notes
