"""The models in the package: their size, their record, and what they show on pairs that they were not trained on."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from bench.analysis.leakage import find_leakage, read_training
from bench.datasets.demo.dataset import demo_clips, load_demo
from finetune.checkpoints.card import BASE, TRAINED
from finetune.checkpoints.evaluation import evaluate_models
from metrics.models.variants import SHIPPED_FOLDER, TINY, find_variant
from metrics.registry import availability, expand_names
from metrics.types import ScorerOptions
from tests.studies.retraining.soundscapes import PretrainingData, draw_soundscapes

TUNED = SHIPPED_FOLDER / "tiny-wsce+mae"
UNTUNED = SHIPPED_FOLDER / TINY


def test_they_are_metrics_without_a_network() -> None:
    assert availability("tiny").available
    assert availability("human:tiny-wsce+mae").available
    assert find_variant("tiny-wsce+mae").origin == "shipped"
    assert "human:tiny" not in expand_names("human:all")


def test_they_are_small() -> None:
    assert sum(path.stat().st_size for path in SHIPPED_FOLDER.rglob("*") if path.is_file()) < 2_000_000


@pytest.mark.parametrize("folder", [TUNED, UNTUNED], ids=lambda folder: folder.name)
def test_their_records_name_no_machine(folder: Path) -> None:
    text = (folder / "training.json").read_text()
    assert not re.search(r'"/[a-z]', text)
    assert json.loads(text)["config"]["dataset"] == "demo"


def test_what_they_are_tested_on_was_not_trained_on() -> None:
    tested = load_demo(split="test", with_audio=False)
    for folder in (TUNED, UNTUNED):
        record = read_training(folder)
        assert record is not None
        assert all(leak.is_clean for leak in find_leakage(folder.name, record, tested))
    tuned = read_training(TUNED)
    assert tuned is not None
    assert len(tuned["data"]) == 2, "its base's data are missing"


@pytest.mark.slow
def test_pretraining_sees_no_caption_of_the_demo() -> None:
    training, validation = draw_soundscapes(PretrainingData())
    of_demo = {clip.soundscape.caption for clip in demo_clips(None)}
    assert of_demo.isdisjoint(scape.caption for scape in training + validation)
    assert len({scape.caption for scape in training}) > 5000


@pytest.mark.slow
def test_fine_tuning_on_ratings_pays_on_unseen_captions_clips_and_listeners(tmp_path: Path) -> None:
    tested = load_demo(tmp_path, split="test")
    assert len(tested.pairs) >= 400
    assert len({rated.caption_id for rated in tested.pairs}) >= 100
    models = {TRAINED: (TUNED, TUNED), BASE: (UNTUNED, UNTUNED)}
    options = ScorerOptions(device="cpu", batch_size=32, workers=1)
    [evaluation] = evaluate_models(models, {"test": tested.pairs}, tested.scale, options)
    gains = {difference.statistic: difference for difference in evaluation.differences}
    assert evaluation.n_failed == 0
    assert gains["srcc"].delta >= 0.05
    assert gains["srcc"].low > 0
    assert gains["srcc"].resample_unit == "caption"
    assert gains["mse"].delta < 0
