"""The recipe of ``tiny`` in small: it ends with a checkpoint that scores, whose record says what it was made of."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from finetune.data.rated import DataOptions
from finetune.pipeline import TrainingRequest
from metrics.registry import make_scorer
from metrics.types import AudioTextPair, ScorerOptions
from tests.metrics.clips import write_tone
from tests.studies.retraining.pretrain import ORIGIN, pretraining_config, run_pretraining
from tests.studies.retraining.soundscapes import PretrainingData


@pytest.mark.slow
def test_a_small_pretraining_ends_with_a_scorer(tmp_path: Path) -> None:
    data = PretrainingData(n_clips=64, n_validation=64)
    config = pretraining_config(data, epochs=1, batch_size=32)
    folder = tmp_path / "small"
    run_pretraining(TrainingRequest(config, folder, DataOptions(None, tmp_path / "cache"), device="cpu"), data)
    record = json.loads((folder / "training.json").read_text())
    assert record["config"]["base"] == ORIGIN
    assert record["data"][0]["parts"]["train"]["n_pairs"] == 64
    pair = AudioTextPair("one", write_tone(tmp_path / "tone.wav"), "a tone")
    assert 0 <= make_scorer(f"hf:{folder}", ScorerOptions(device="cpu")).score([pair]).scores[0] <= 1
