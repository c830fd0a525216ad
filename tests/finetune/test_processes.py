"""Two processes that train together, and TensorBoard."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from safetensors.torch import load_file

from bench.leakage import read_training
from tests.commands import Run, environment, make_runner
from tests.finetune.small import write_ratings


@pytest.mark.slow
def test_two_processes_share_every_step(model_folder: Path, tmp_path: Path) -> None:
    """Two halves of a batch of eight, with a loss that is a mean over pairs: training goes as in one process.

    The encoders are frozen, so that no dropout makes a difference; 16 training pairs fill the steps evenly.
    """
    ratings = write_ratings(tmp_path / "data", 36)
    common = ["train", "--base", str(model_folder), "--dataset", str(ratings), "--loss", "mse", "--lr", "1e-3"]
    common += ["--regress-on", "cosine", "--freeze", "encoders", "--validation-share", "0.3334", "--epochs", "2"]
    common += ["--max-steps", "4", "--device", "cpu", "--out", str(tmp_path), "--test-split", "none"]
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", "-m", "finetune"]
    alone = [sys.executable, "-m", "finetune", *common, "--name", "alone", "--batch-size", "8"]
    together = [*launch, *common, "--name", "together", "--batch-size", "4"]
    for command in (alone, together):
        subprocess.run(command, check=True, capture_output=True, env=environment(), timeout=300)
    one, two = (load_file(tmp_path / name / "model.safetensors") for name in ("alone", "together"))
    start = load_file(model_folder / "model.safetensors")
    moved = max((one[name] - start[name]).abs().max() for name in one)
    apart = max((one[name] - two[name]).abs().max() for name in one)
    assert moved > 1e-3
    assert apart < 1e-6
    record = read_training(tmp_path / "together")
    assert record is not None
    assert record["history"][-1]["step"] == 4
    alone_record = read_training(tmp_path / "alone")
    assert alone_record is not None
    for name in ("train_loss", "validation_loss"):
        losses = [[epoch[name] for epoch in each["history"][1:]] for each in (record, alone_record)]
        assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    assert not list(tmp_path.glob(".*"))


@pytest.mark.skipif(find_spec("tensorboard") is not None, reason="tensorboard is installed")
def test_tensorboard_is_asked_for_in_one_line(
    model_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run: Run = make_runner(monkeypatch, capsys)
    outcome = run("finetune", "train", "--base", model_folder, "--out", tmp_path, "--tensorboard", tmp_path / "board")
    assert outcome.status == 1
    assert "pip install tensorboard" in outcome.err
    assert list(tmp_path.iterdir()) == []
