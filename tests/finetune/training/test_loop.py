from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from finetune.config import TrainingConfig
from finetune.data.pairs import PairSet
from finetune.training.loop import Diverged, Training, take_step, train
from finetune.training.setup import assemble
from finetune.training.state import STATE_NAME, EpochRecord, Progress
from metrics.errors import DataError, UnavailableError, UsageError
from tests.finetune.small import load_small

Sets = tuple[PairSet, PairSet]
QUICK = TrainingConfig(lr=1e-3, epochs=2, batch_size=4)


def run(folder: Path, sets: Sets, work: Path, config: TrainingConfig = QUICK, **options: Any) -> Training:
    return train(load_small(folder), *sets, config, work, device="cpu", **options)


def weights(training: Training) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in training.embedder.state_dict().items()}


def same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def timeless(history: tuple[EpochRecord, ...]) -> str:
    return repr([replace(record, seconds=0.0) for record in history])  # repr: NaN equals itself


@pytest.fixture(scope="module")
def unbroken(model_folder: Path, pair_sets: Sets, tmp_path_factory: pytest.TempPathFactory) -> Training:
    return run(model_folder, pair_sets, tmp_path_factory.mktemp("unbroken"))


def test_training_lowers_the_loss_and_keeps_the_best_epoch(model_folder: Path, pair_sets: Sets, tmp_path: Path) -> None:
    config = replace(QUICK, epochs=12, loss="mse", lr=2e-3)
    training = run(model_folder, pair_sets, tmp_path, config)
    losses = [record.train_loss for record in training.history[1:]]
    assert losses[-1] < 0.7 * losses[0]
    assert [record.epoch for record in training.history] == list(range(13))
    assert training.best is not None
    assert training.best.validation_loss == min(record.validation_loss for record in training.history[1:])
    assert training.stopped == "12 epochs done"


def test_training_multiplies_in_fp32_whatever_the_process_allows(
    model_folder: Path, pair_sets: Sets, tmp_path: Path
) -> None:
    seen: list[str] = []
    torch.set_float32_matmul_precision("high")
    try:
        run(
            model_folder,
            pair_sets,
            tmp_path,
            replace(QUICK, max_steps=1),
            observe=lambda _: seen.append(torch.get_float32_matmul_precision()),
        )
        assert torch.get_float32_matmul_precision() == "high"
    finally:
        torch.set_float32_matmul_precision("highest")
    assert set(seen) == {"highest"}


def test_the_best_weights_are_in_the_model(model_folder: Path, pair_sets: Sets, tmp_path: Path) -> None:
    """Whatever the later epochs did: at a rate that destroys the model, the first epoch stays the best."""
    seen: dict[int, dict[str, torch.Tensor]] = {}
    clap = load_small(model_folder)
    config = replace(QUICK, epochs=3, lr=0.3, loss="mse", schedule="constant")

    def keep(record: EpochRecord) -> None:
        seen[record.epoch] = {name: value.clone() for name, value in clap.model.state_dict().items()}

    training = train(clap, *pair_sets, config, tmp_path, device="cpu", observe=keep)
    assert training.best is not None
    assert same(seen[training.best.epoch], dict(clap.model.state_dict()))


def test_the_same_seed_gives_the_same_weights(
    unbroken: Training, model_folder: Path, pair_sets: Sets, tmp_path: Path
) -> None:
    again = run(model_folder, pair_sets, tmp_path)
    assert same(weights(unbroken), weights(again))
    assert timeless(unbroken.history) == timeless(again.history)


def test_another_seed_gives_other_weights(
    unbroken: Training, model_folder: Path, pair_sets: Sets, tmp_path: Path
) -> None:
    other = run(model_folder, pair_sets, tmp_path, replace(QUICK, seed=1))
    assert not same(weights(unbroken), weights(other))


class Cut(Exception):
    """Ends a training from outside."""


@pytest.mark.parametrize("cut_at", [1, 3, 4, 5, 8])
def test_a_training_that_was_cut_off_ends_with_the_weights_of_an_unbroken_one(
    unbroken: Training, model_folder: Path, pair_sets: Sets, tmp_path: Path, cut_at: int
) -> None:
    """Cut after that many steps, four of which make an epoch, between two savings of the state."""
    steps = []

    def cut(stage: str, done: int, total: int) -> None:
        steps.append((stage, done, total))
        if len(steps) == cut_at:
            raise Cut

    with pytest.raises(Cut):
        run(model_folder, pair_sets, tmp_path, save_every_s=0.0, progress=cut)
    resumed = run(model_folder, pair_sets, tmp_path)
    assert same(weights(unbroken), weights(resumed))
    assert timeless(unbroken.history) == timeless(resumed.history)


TRAIN = """
import sys
from pathlib import Path
from dataclasses import replace
from tests.finetune.small import *
from finetune.training.loop import train
from finetune.config import TrainingConfig
model, clips, work = map(Path, sys.argv[1:])
clap = load_small(model)
sets = halves(pair_set(clap, small_dataset(clips), work / "cache"))
def say(stage, done, total):
    print(stage, done, flush=True)
train(clap, *sets, TrainingConfig(lr=1e-3, epochs=2, batch_size=4), work, device="cpu", save_every_s=0.0, progress=say)
"""


@pytest.mark.slow
@pytest.mark.parametrize("kill_after", [2, 6])
def test_a_killed_process_goes_on_as_if_nothing_had_happened(
    unbroken: Training, model_folder: Path, pair_sets: Sets, tmp_path: Path, kill_after: int
) -> None:
    """SIGKILL, which no code can clean up after, somewhere within or after a step."""
    command = [sys.executable, "-c", TRAIN, str(model_folder), str(tmp_path / "clips"), str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": ".", "OMP_NUM_THREADS": str(torch.get_num_threads())}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        for _ in range(kill_after):
            assert process.stdout.readline()
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    resumed = run(model_folder, pair_sets, tmp_path)
    assert same(weights(unbroken), weights(resumed))


def test_resuming_with_other_settings_is_refused(model_folder: Path, pair_sets: Sets, tmp_path: Path) -> None:
    run(model_folder, pair_sets, tmp_path, replace(QUICK, max_steps=1))
    with pytest.raises(UsageError, match=r"begun with other settings \(lr: 0.001, now 0.01.*--overwrite"):
        run(model_folder, pair_sets, tmp_path, replace(QUICK, max_steps=1, lr=0.01))


def test_a_damaged_state_is_named(model_folder: Path, pair_sets: Sets, tmp_path: Path) -> None:
    run(model_folder, pair_sets, tmp_path, replace(QUICK, max_steps=1))
    path = tmp_path / STATE_NAME
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(DataError, match=r"state\.pt is damaged"):
        run(model_folder, pair_sets, tmp_path, replace(QUICK, max_steps=1))


def test_a_full_disk_stops_training_and_leaves_the_last_state(
    model_folder: Path, pair_sets: Sets, tmp_path: Path, files_no_larger_than: Any
) -> None:
    def fill_disk(_: str, done: int, __: int) -> None:
        if done == 2:
            limits.__enter__()

    limits = files_no_larger_than(100_000)
    try:
        with pytest.raises(UnavailableError, match=r"cannot write .*state\.pt .*go on with --resume"):
            run(model_folder, pair_sets, tmp_path, save_every_s=0.0, progress=fill_disk)
    finally:
        limits.__exit__(None, None, None)
    assert [path.name for path in tmp_path.iterdir()] == [STATE_NAME]
    assert torch.load(tmp_path / STATE_NAME, weights_only=True)["progress"]["step"] == 1


def test_a_loss_that_is_not_a_number_stops_training_with_the_last_good_epoch(
    model_folder: Path, pair_sets: Sets, tmp_path: Path
) -> None:
    """Features of NaN in the last training pair: harmless in the first epoch, which ends before it."""
    training, validation = pair_sets
    poisoned = training.features.windows.copy()
    clap = load_small(model_folder)

    def poison(record: EpochRecord) -> None:
        if record.epoch == 1:
            poisoned[:] = math.nan

    broken = replace(training, features=replace(training.features, windows=poisoned))
    kept: dict[str, torch.Tensor] = {}

    def observe(record: EpochRecord) -> None:
        poison(record)
        if record.epoch == 1:
            kept.update({name: value.clone() for name, value in clap.model.state_dict().items()})

    with pytest.raises(Diverged, match=r"became nan \(wsce nan, mae nan\) at step 5 \(epoch 2, its step 1\)") as caught:
        train(clap, broken, validation, QUICK, tmp_path, device="cpu", observe=observe, save_every_s=0.0)
    outcome = caught.value.training
    assert outcome.best is not None
    assert outcome.best.epoch == 1
    assert same(kept, dict(clap.model.state_dict()))
    assert "stopped early" in outcome.stopped
    state = torch.load(tmp_path / STATE_NAME, weights_only=True)
    assert all(torch.isfinite(value).all() for value in state["parts"]["model"].values())


def test_a_rate_beyond_reason_is_reported_as_divergence(model_folder: Path, pair_sets: Sets, tmp_path: Path) -> None:
    with pytest.raises(Diverged, match=r"at learning rate 1e\+30.*use a lower --lr"):
        run(model_folder, pair_sets, tmp_path, replace(QUICK, lr=1e30))


def test_accumulated_gradients_equal_those_of_a_large_batch(
    model_folder: Path, pair_sets: Sets, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For a regression loss, and without dropout, whose masks differ."""
    gradients = []
    for batch_size, accumulate in ((8, 1), (4, 2)):
        clap = load_small(model_folder)
        config = replace(QUICK, loss="mse", batch_size=batch_size, accumulate=accumulate)
        for part in clap.model.modules():
            if isinstance(part, torch.nn.Dropout):
                part.p = 0.0
        tools = assemble(clap, len(pair_sets[0]), config, tmp_path, "cpu")
        monkeypatch.setattr(tools.optimizer, "step", lambda: None)
        monkeypatch.setattr(tools.optimizer, "zero_grad", lambda: None)
        take_step(tools, pair_sets[0], tools.plan.steps_of(1)[0], Progress())
        gradients.append({name: p.grad for name, p in tools.embedder.named_parameters() if p.grad is not None})
    largest = max(float(gradient.abs().max()) for gradient in gradients[0].values())
    for name, gradient in gradients[0].items():
        assert torch.allclose(gradient, gradients[1][name], rtol=1e-4, atol=1e-6 * largest), name


def test_training_stops_early_when_nothing_improves(model_folder: Path, pair_sets: Sets, tmp_path: Path) -> None:
    config = replace(QUICK, lr=1e-12, epochs=9, patience=2, loss="mse", select="srcc")
    training = run(model_folder, pair_sets, tmp_path, config)
    assert training.stopped == "no better epoch in 2"
    assert training.best is not None
    assert len(training.history) - 1 == training.best.epoch + 2


def test_the_best_epoch_can_be_chosen_by_srcc(model_folder: Path, pair_sets: Sets, tmp_path: Path) -> None:
    config = replace(QUICK, epochs=4, select="srcc", loss="mse", regress_on="cosine")
    training = run(model_folder, pair_sets, tmp_path, config)
    assert training.best is not None
    found = [record.statistics["srcc"] for record in training.history[1:]]
    assert training.best.statistics["srcc"] == max(found)
    assert len(set(found)) > 1


def test_the_temperature_is_trained_by_contrastive_terms_only(
    model_folder: Path, pair_sets: Sets, tmp_path: Path
) -> None:
    for loss, moves in (("wsce", True), ("mse", False)):
        training = run(model_folder, pair_sets, tmp_path / loss, replace(QUICK, loss=loss, max_steps=3))
        assert (training.history[-1].temperature != training.history[0].temperature) == moves


@pytest.mark.parametrize(
    "settings",
    [
        {"precision": "bf16"},
        {"lora_rank": 2},
        {"freeze": "encoders"},
        {"gradient_checkpointing": True},
        {"max_grad_norm": 0.5, "schedule": "cosine", "warmup_steps": 2},
        {"loss": "ccc+rank+listnet", "regress_on": "cosine"},
    ],
)
def test_every_setting_trains(model_folder: Path, pair_sets: Sets, tmp_path: Path, settings: dict[str, Any]) -> None:
    if "lora_rank" in settings:
        pytest.importorskip("peft")
    training = run(model_folder, pair_sets, tmp_path, replace(QUICK, max_steps=3, **settings))
    assert training.stopped == "3 steps done"
    assert all(math.isfinite(record.validation_loss) for record in training.history)
    assert all(value.dtype == torch.float32 for name, value in weights(training).items() if name.endswith("weight"))


def test_half_precision_needs_a_gpu(model_folder: Path, pair_sets: Sets, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--precision fp16 needs a GPU"):
        run(model_folder, pair_sets, tmp_path, replace(QUICK, precision="fp16"))


def test_an_adapter_training_can_be_resumed(model_folder: Path, pair_sets: Sets, tmp_path: Path) -> None:
    pytest.importorskip("peft")
    config = replace(QUICK, lora_rank=2)

    def cut(_: str, done: int, __: int) -> None:
        if done == 3:
            raise Cut

    with pytest.raises(Cut):
        run(model_folder, pair_sets, tmp_path / "cut", config, save_every_s=0.0, progress=cut)
    resumed = run(model_folder, pair_sets, tmp_path / "cut", config)
    assert same(weights(resumed), weights(run(model_folder, pair_sets, tmp_path / "whole", config)))
