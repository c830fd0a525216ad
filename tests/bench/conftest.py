"""A small rated data set on disk, and scores for it."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

COLUMNS = ("pair_id", "audio_path", "text", "rating", "listener_id", "source", "system")
SYSTEMS = ("recorded", "alpha", "beta")


@pytest.fixture(autouse=True)
def _own_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs go to ``results/`` of the working directory: give every test its own."""
    monkeypatch.chdir(tmp_path)


def write_ratings(path: Path) -> Path:
    """Write 20 captions, each with a natural and two synthesized clips, each rated by two listeners from 0 to 10."""
    rng = np.random.default_rng(0)
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        for caption in range(20):
            for system in SYSTEMS:
                quality = rng.integers(0, 9)
                source = "natural" if system == "recorded" else "synthesized"
                for listener in range(2):
                    writer.writerow(
                        [
                            f"{system}/{caption}",
                            f"audio/{system}/{caption}.wav",
                            f"caption number {caption}, " + "very " * (caption % 5) + "short",
                            quality + rng.integers(0, 3),
                            f"L{listener}",
                            source,
                            "" if source == "natural" else system,
                        ]
                    )
    return path


@pytest.fixture
def ratings_csv(tmp_path: Path) -> Path:
    return write_ratings(tmp_path / "ratings.csv")


PAIR_IDS = [f"{system}/{caption}" for caption in range(20) for system in SYSTEMS]


@pytest.fixture
def pair_ids() -> list[str]:
    return PAIR_IDS


def write_scores(path: Path, scores: dict[str, object]) -> Path:
    """Write a score file ``pair_id,score``."""
    lines = ["pair_id,score", *(f"{pair_id},{score}" for pair_id, score in scores.items())]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def write_planted(path: Path) -> Path:
    """Write a random score for each pair."""
    return write_scores(path, dict(zip(PAIR_IDS, np.random.default_rng(1).random(len(PAIR_IDS)), strict=True)))


@pytest.fixture
def planted_csv(tmp_path: Path) -> Path:
    return write_planted(tmp_path / "planted.csv")
