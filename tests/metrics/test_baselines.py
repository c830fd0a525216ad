from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from metrics.errors import UsageError
from metrics.registry import make_scorer
from metrics.types import AudioTextPair, PairScores, ScorerOptions
from tests.metrics.clips import write_bad_clips, write_tone

BASELINES = ("random", "caption-length", "duration", "loudness")


def make_pairs(folder: Path, n: int = 6) -> list[AudioTextPair]:
    paths = [write_tone(folder / f"{i}.wav", 0.3 + 0.1 * (i // 2), seed=i // 2) for i in range(n)]
    return [AudioTextPair(f"pair-{i}", path, "a dog " * (i + 1)) for i, path in enumerate(paths)]


def score(name: str, pairs: list[AudioTextPair], **options: int) -> PairScores:
    scores = make_scorer(name, ScorerOptions(**options)).score(pairs)
    assert isinstance(scores, PairScores)
    return scores


@pytest.mark.parametrize("name", BASELINES)
def test_scores_do_not_depend_on_order_or_company(name: str, tmp_path: Path) -> None:
    pairs = make_pairs(tmp_path)
    together = score(name, pairs).scores
    assert np.isfinite(together).all()
    assert np.array_equal(together[::-1], score(name, pairs[::-1]).scores)
    assert np.array_equal(together, np.concatenate([score(name, [pair]).scores for pair in pairs]))


def test_random_needs_no_audio_and_changes_with_the_seed() -> None:
    pairs = [AudioTextPair(str(i), Path("nowhere.wav"), "rain") for i in range(2000)]
    scores = score("random", pairs).scores
    assert ((scores >= 0) & (scores < 1)).all()
    assert abs(scores.mean() - 0.5) < 3 / np.sqrt(12 * 2000)
    assert len(np.unique(scores)) == 2000
    assert not np.array_equal(scores, score("random", pairs, seed=1).scores)
    assert make_scorer("random", ScorerOptions(seed=1)).spec.signature() == "random|seed:1"


def test_caption_length_counts_words() -> None:
    captions = ["rain", "a dog  barks", "", " wind\tand rain\n"]
    pairs = [AudioTextPair(str(i), Path("x.wav"), caption) for i, caption in enumerate(captions)]
    assert score("caption-length", pairs).scores.tolist() == [1, 3, 0, 3]


def test_loudness_and_duration_of_a_known_signal(tmp_path: Path) -> None:
    square = np.where(np.arange(8000) % 100 < 50, 0.5, -0.5)
    soundfile.write(tmp_path / "square.wav", square, 16_000, subtype="FLOAT")
    pairs = [AudioTextPair("0", tmp_path / "square.wav", "hum")]
    assert score("loudness", pairs).scores[0] == pytest.approx(20 * np.log10(0.5), abs=1e-6)
    assert score("duration", pairs).scores[0] == 0.5


@pytest.mark.parametrize("name", ["duration", "loudness"])
def test_bad_clips_fail_alone(name: str, tmp_path: Path) -> None:
    good = make_pairs(tmp_path, 2)
    bad = [AudioTextPair(kind, path, "x") for kind, (path, _) in write_bad_clips(tmp_path).items()]
    outcome = score(name, [good[0], *bad, good[1]])
    assert np.isfinite(outcome.scores[[0, -1]]).all()
    assert np.isnan(outcome.scores[1:-1]).all()
    assert [failure.pair_id for failure in outcome.failures] == [pair.pair_id for pair in bad]
    assert all(str(pair.audio_path) in failure.reason for pair, failure in zip(bad, outcome.failures, strict=True))


def test_a_clip_is_decoded_once_and_progress_is_told(tmp_path: Path) -> None:
    path = write_tone(tmp_path / "clip.wav")
    pairs = [AudioTextPair(str(i), path, f"caption {i}") for i in range(3)]
    told: list[tuple[str, int, int]] = []
    options = ScorerOptions(progress=lambda stage, done, total: told.append((stage, done, total)))
    make_scorer("duration", options).score(pairs)
    assert told == [("duration", 1, 1)]


@pytest.mark.parametrize("name", BASELINES)
def test_an_argument_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="takes no argument"):
        make_scorer(f"{name}:x", ScorerOptions())
