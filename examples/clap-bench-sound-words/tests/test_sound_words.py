"""What the scorer measures and promises, and that it keeps to clap-bench's contract."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from clap_bench_sound_words import make, measured, promised

from metrics.errors import UsageError
from metrics.types import AudioTextPair, ScorerOptions, Waveform

RATE = 16_000
TIME = np.arange(2 * RATE) / RATE
HISS = 0.1 * np.random.default_rng(0).normal(size=len(TIME)).astype(np.float32)
HUM = (0.3 * np.sin(2 * np.pi * 100 * TIME)).astype(np.float32)
KNOCKS = HISS * (TIME % 0.5 < 0.02)


def test_brightness_and_steadiness_are_those_of_the_sounds() -> None:
    hiss, hum, knocks = (measured(Waveform(samples, RATE)) for samples in (HISS, HUM, KNOCKS))
    assert hiss[0] == pytest.approx(1.0, abs=0.01), "noise up to 8 kHz has its centroid at 4 kHz: two octaves above 1"
    assert hum[0] == -1
    assert hiss[1] == hum[1] == 1
    assert knocks[1] < -0.9


def test_words_promise_what_they_should() -> None:
    assert promised("Thunder rumbles").tolist() == [-1, 0]
    assert promised("A dog barks, then it rains").tolist() == pytest.approx([1, -1 / 3])
    assert promised("Somebody speaks").tolist() == [0, 0]


def test_scores(tmp_path: Path) -> None:
    for name, samples in (("hiss", HISS), ("hum", HUM), ("knocks", KNOCKS)):
        soundfile.write(tmp_path / f"{name}.wav", samples, RATE)
    pairs = [
        AudioTextPair(f"{clip}/{caption}", tmp_path / f"{clip}.wav", caption)
        for clip, caption in (("hiss", "rain"), ("knocks", "rain"), ("hum", "a motor"), ("hum", "a man"), ("no", "x"))
    ]
    outcome = make(None, ScorerOptions()).score(pairs)
    assert outcome.scores[[0, 2, 3]].tolist() == pytest.approx([1.0, 1.0, 0.5], abs=0.01)
    assert outcome.scores[1] < outcome.scores[0]
    assert np.isnan(outcome.scores[4])
    assert [failure.pair_id for failure in outcome.failures] == ["no/x"]


def test_it_takes_no_argument() -> None:
    with pytest.raises(UsageError, match="takes no argument"):
        make("loud", ScorerOptions())
