"""Every test has a folder of scores of its own."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_scores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "scores"
    monkeypatch.setenv("CLAP_BENCH_SCORES_DIR", str(folder))
    return folder
