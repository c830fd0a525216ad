"""Two processes that train together, and TensorBoard."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file

from bench.analysis.leakage import read_training
from tests.commands import Run, environment, make_runner
from tests.finetune.small import write_ratings


@pytest.mark.slow
def test_two_processes_train_as_one_with_their_pairs_together(model_folder: Path, tmp_path: Path) -> None:
    """Twenty steps of a whole model with terms that compare all pairs of a batch: four and four are eight.

    Without dropout, which is drawn anew in every process. Biases of attention keys are left out: softmax does not
    depend on them, so that their gradient is rounding alone, which Adam makes as large as any other.
    """
    base = without_dropout(model_folder, tmp_path / "base")
    ratings = write_ratings(tmp_path / "data", 400)
    out = tmp_path / "out"
    common = [
        "train",
        "--base",
        str(base),
        "--dataset",
        str(ratings),
        "--loss",
        "wsce+mae+ccc",
        "--lr",
        "1e-3",
        "--epochs",
        "4",
    ]
    common += [
        "--max-steps",
        "20",
        "--validation-share",
        "0.3334",
        "--device",
        "cpu",
        "--out",
        str(out),
        "--test-split",
        "none",
    ]
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", "-m", "finetune"]
    alone = [sys.executable, "-m", "finetune", *common, "--name", "alone", "--batch-size", "8"]
    together = [*launch, *common, "--name", "together", "--batch-size", "4"]
    for command in (alone, together):
        subprocess.run(command, check=True, capture_output=True, env=environment(), timeout=600)
    one, two = (load_file(out / name / "model.safetensors") for name in ("alone", "together"))
    start = load_file(base / "model.safetensors")
    assert max((one[name] - start[name]).abs().max() for name in one) > 1e-3
    assert max((one[name] - two[name]).abs().max() for name in one if not name.endswith("key.bias")) < 1e-4
    histories = [history_of(out / name) for name in ("alone", "together")]
    assert [epochs[-1]["step"] for epochs in histories] == [20, 20]
    for name in ("train_loss", "validation_loss", "temperature"):
        values = [[epoch[name] for epoch in epochs[1:]] for epochs in histories]
        assert values[1] == pytest.approx(values[0], rel=1e-4)
    assert not list(out.glob(".*"))


def without_dropout(model: Path, folder: Path) -> Path:
    """Return a copy of a saved model that draws nothing at random when it is trained."""
    shutil.copytree(model, folder)
    config = json.loads((folder / "config.json").read_text())
    for part in ("audio_config", "text_config"):
        named = [name for name in config[part] if "dropout" in name or "drop_path" in name or "dropout_prob" in name]
        assert named
        config[part] |= dict.fromkeys(named, 0.0)
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def history_of(checkpoint: Path) -> list[dict[str, Any]]:
    record = read_training(checkpoint)
    assert record is not None
    return list(record["history"])


@pytest.mark.skipif(find_spec("tensorboard") is not None, reason="tensorboard is installed")
def test_tensorboard_is_asked_for_in_one_line(
    model_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run: Run = make_runner(monkeypatch, capsys)
    outcome = run("finetune", "train", "--base", model_folder, "--out", tmp_path, "--tensorboard", tmp_path / "board")
    assert outcome.status == 1
    assert "pip install tensorboard" in outcome.err
    assert list(tmp_path.iterdir()) == []
