"""The real architecture, 154 million parameters with random weights: three steps of everything, on a CPU."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import ClapModel

from finetune.checkpoints.base import find_base
from finetune.config import TrainingConfig
from finetune.data.pairs import PairSet
from finetune.training.loop import train
from metrics.models.hf_model import load_clap
from tests.commands import Run, make_runner
from tests.finetune.small import halves, pair_set, small_dataset, write_ratings

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("hub")]

HUB_ID = "sarulab-speech/human-clap-wsce-mae"
SHORT = {"base": HUB_ID, "batch_size": 2, "max_steps": 3, "lr": 1e-4}


@pytest.fixture(scope="module")
def hub(local_hub: Callable[..., Path]) -> Path:
    return local_hub("human", "processor")


@pytest.fixture(scope="module", autouse=True)
def all_cores() -> Iterator[None]:
    torch.set_num_threads(os.cpu_count() or 1)
    yield
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def sets(hub: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[PairSet, PairSet]:
    assert (hub / "hub").is_dir()
    folder = tmp_path_factory.mktemp("full")
    base = find_base(HUB_ID)
    return halves(pair_set(load_clap(base.model, base.processor), small_dataset(folder / "clips", 9), folder / "cache"))


@pytest.mark.parametrize(
    ("loss", "settings", "moved"),
    [
        ("wsce+mse", {"precision": "bf16"}, {"text_model", "audio_model", "text_projection", "logit_scale_a"}),
        ("wsce", {"lora_rank": 8}, {"text_projection", "audio_projection", "logit_scale_a"}),
        ("mse", {"freeze": "text"}, {"audio_model", "text_projection", "audio_projection"}),
        ("mae", {"freeze": "audio"}, {"text_model", "text_projection", "audio_projection"}),
        (
            "sce+ccc+rank+listnet",
            {"freeze": "encoders", "gradient_checkpointing": True},
            {"text_projection", "audio_projection", "logit_scale_a"},
        ),
    ],
)
def test_three_steps(
    sets: tuple[PairSet, PairSet], tmp_path: Path, loss: str, settings: dict[str, Any], moved: set[str]
) -> None:
    base = find_base(HUB_ID)
    clap = load_clap(base.model, base.processor)
    before = {name: value.clone() for name, value in clap.model.state_dict().items()}
    config = TrainingConfig(loss=loss, **SHORT, **settings)
    training = train(clap, *sets, config, tmp_path, device="cpu")
    assert training.stopped == "3 steps done"
    assert all(math.isfinite(record.validation_loss) for record in training.history)
    after = training.embedder.finished_model().state_dict()
    changed = {name.split(".")[0] for name, value in after.items() if not torch.equal(value, before[name])}
    frozen = {"text": {"text_model"}, "audio": {"audio_model"}, "encoders": {"text_model", "audio_model"}}
    assert moved <= changed
    assert changed.isdisjoint(frozen.get(config.freeze, set()))
    assert after.keys() == before.keys()


def test_the_command_makes_a_metric_of_a_hub_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run: Run = make_runner(monkeypatch, capsys)
    ratings = write_ratings(tmp_path / "data", 12)
    options = ("--batch-size", 2, "--max-steps", 3, "--device", "cpu", "--validation-share", 0.3)
    arguments = ("--base", HUB_ID, "--dataset", ratings, "--name", "full", "--out", tmp_path)
    outcome = run("finetune", "train", *arguments, *options)
    assert outcome.status == 0, outcome.err
    folder = tmp_path / "full"
    saved = load_file(folder / "model.safetensors")
    model = ClapModel.from_pretrained(folder)
    assert all(torch.equal(value, saved[name]) for name, value in model.state_dict().items() if name in saved)
    assert model.config.audio_config.enable_fusion
    outcome = run(
        "bench",
        "run",
        "--dataset",
        ratings,
        "--split",
        "test",
        "--metrics",
        f"hf:{folder}",
        "--device",
        "cpu",
        "--resamples",
        99,
        "--out",
        tmp_path / "run",
    )
    assert outcome.status == 0, outcome.err
    [srcc] = [
        e["estimate"]
        for e in json.loads((tmp_path / "run" / "estimates.json").read_text())
        if e["stratum"] == "all" and e["statistic"] == "srcc"
    ]
    record = json.loads((folder / "training.json").read_text())
    [own] = [
        e["estimate"]
        for e in record["evaluations"][1]["estimates"]
        if e["statistic"] == "srcc" and e["metric"] == "trained"
    ]
    assert srcc == pytest.approx(own, abs=1e-6)
    assert "base_model: sarulab-speech/human-clap-wsce-mae" in (folder / "README.md").read_text()
