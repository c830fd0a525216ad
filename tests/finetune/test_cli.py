from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import ClapModel, ClapProcessor

from bench.analysis.leakage import find_leakage, read_training
from bench.datasets.catalog import load_dataset
from finetune.training import losses
from finetune.training.losses import TERMS, LossInputs
from metrics.files import human_folder
from metrics.models.hf_model import load_clap
from metrics.models.variants import find_variant
from metrics.registry import expand_names
from tests.commands import Outcome, Run, environment, make_runner
from tests.finetune.small import write_clip, write_ratings
from tests.metrics.models.upstream import embeddings_in

QUICK = ("--epochs", 2, "--lr", "1e-3", "--batch-size", 4, "--device", "cpu", "--validation-share", 0.3)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    return make_runner(monkeypatch, capsys)


@pytest.fixture(scope="module")
def ratings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_ratings(tmp_path_factory.mktemp("rated"))


@pytest.fixture(scope="module")
def trained(model_folder: Path, ratings: Path) -> tuple[Path, str]:
    """A checkpoint among the user's variants, made by the command in a process of its own; and what it printed."""
    command = [sys.executable, "-m", "finetune", "train", *map(str, QUICK)]
    command += ["--base", str(model_folder), "--dataset", str(ratings), "--name", "mine"]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=True)
    return human_folder() / "mine", done.stdout


def refused(outcome: Outcome, *words: str) -> bool:
    """Say whether a command failed with one line that has these words, and with nothing else."""
    lines = outcome.err.strip().splitlines()
    errors = [line for line in lines if line.startswith("error: ")]
    assert outcome.status in (1, 2), outcome
    assert len(errors) == 1, outcome.err
    assert "Traceback" not in outcome.err
    return all(word in errors[0] for word in words)


def test_the_checkpoint_has_everything_that_loads_it(trained: tuple[Path, str]) -> None:
    folder, _ = trained
    model = ClapModel.from_pretrained(folder)
    processor = ClapProcessor.from_pretrained(folder)
    ours = load_clap(folder)
    tokens = processor.tokenizer(["a dog barks"], return_tensors="pt")
    with torch.no_grad():
        theirs = embeddings_in(model.eval().get_text_features(**tokens))
        expected = ours.embed_captions(ours.prepare_captions(["a dog barks"]))
    assert torch.allclose(theirs, expected, atol=1e-6)
    assert processor.feature_extractor.sampling_rate == ours.features.sample_rate_hz
    assert not list(folder.parent.glob(".*"))


def test_the_record_says_how_it_was_made(trained: tuple[Path, str]) -> None:
    record = read_training(trained[0])
    assert record is not None
    assert record["options"]["epochs"] == {"value": 2, "passed": True}
    assert record["options"]["seed"] == {"value": 0, "passed": False}
    assert record["config"]["lr"] == 1e-3
    parts = record["data"][0]["parts"]
    assert parts["train"]["n_pairs"] + parts["validation"]["n_pairs"] == 24
    assert len(parts["train"]["clips"]) == parts["train"]["n_pairs"]
    assert all(len(sha256) == 64 for sha256 in parts["train"]["clips"].values())
    assert parts["train"]["listeners"] == ["train-0", "train-1"]
    assert [epoch["epoch"] for epoch in record["history"]] == [0, 1, 2]
    assert record["packages"]["torch"]
    assert record["base"]["sha256"]


def test_the_card_and_the_terminal_show_the_agreement(trained: tuple[Path, str]) -> None:
    folder, printed = trained
    card = (folder / "README.md").read_text()
    for text in (card, printed):
        assert "**validation**" in text
        assert "**test**: 12 pairs" in text
        assert "| this model |" in text
        assert "| difference |" in text
    assert "library_name: transformers" in card
    assert (folder / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_it_is_a_metric_at_once(trained: tuple[Path, str], ratings: Path, tmp_path: Path, run: Run) -> None:
    """The table of ``bench run`` repeats what the training's own evaluation found."""
    assert find_variant("mine").location == trained[0]
    assert "human:mine" in expand_names("human:all")
    out = tmp_path / "run"
    arguments = ("--dataset", ratings, "--split", "test", "--metrics", "human:mine", "--device", "cpu", "--out", out)
    outcome = run("bench", "run", *arguments)
    assert outcome.status == 0, outcome.err
    found = {e["statistic"]: e for e in json.loads((out / "estimates.json").read_text()) if e["stratum"] == "all"}
    record = read_training(trained[0])
    assert record is not None
    own = [e for e in record["evaluations"][1]["estimates"] if e["metric"] == "trained"]
    for estimate in own:
        assert found[estimate["statistic"]]["estimate"] == pytest.approx(estimate["estimate"], abs=1e-6)
        assert found[estimate["statistic"]]["low"] == pytest.approx(estimate["low"], abs=1e-6)


def test_leakage_finds_what_was_trained_on_and_nothing_else(trained: tuple[Path, str], ratings: Path) -> None:
    record = read_training(trained[0])
    assert record is not None
    clean = find_leakage("human:mine", record, load_dataset(str(ratings), split="test"))
    assert all(leak.is_clean for leak in clean)
    dirty = find_leakage("human:mine", record, load_dataset(str(ratings), split="train"))
    assert sum(leak.n_affected for leak in dirty) == 24
    assert [leak.part for leak in dirty] == ["train", "validation"]


@pytest.mark.usefixtures("trained")
def test_list_and_show(run: Run) -> None:
    listed = run("finetune", "list")
    assert "mine" in listed.out
    rows = {row["name"]: row for row in json.loads(run("finetune", "list", "--json").out)}
    assert rows["mine"]["loss"] == "wsce+mae"
    shown = run("finetune", "show", "mine")
    assert "# mine" in shown.out
    assert "epoch   2  train" in shown.out
    assert json.loads(run("finetune", "show", "mine", "--json").out)["name"] == "mine"
    assert refused(run("finetune", "show", "mime"), "no checkpoint 'mime'", "did you mean 'mine'")


@pytest.mark.usefixtures("trained")
def test_a_fine_tuned_model_can_be_a_base(ratings: Path, tmp_path: Path, run: Run) -> None:
    """Its record then holds the data of both trainings."""
    arguments = ("--base", "human:mine", "--dataset", ratings, "--name", "child", "--out", tmp_path, "--max-steps", 1)
    assert run("finetune", "train", *QUICK, *arguments, "--test-split", "none").status == 0
    record = read_training(tmp_path / "child")
    assert record is not None
    assert len(record["data"]) == 2
    assert [evaluation["part"] for evaluation in record["evaluations"]] == ["validation"]


def test_seeds_are_summarised(model_folder: Path, ratings: Path, tmp_path: Path, run: Run) -> None:
    arguments = ("--base", model_folder, "--dataset", ratings, "--out", tmp_path, "--name", "s", "--max-steps", 2)
    outcome = run("finetune", "train", *QUICK, *arguments, "--seeds", 2, "--loss", "mse", "--store", "fp16")
    assert outcome.status == 0, outcome.err
    assert "2 seeds: mean ± standard deviation" in outcome.out
    assert "| test | " in outcome.out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["s-seed0", "s-seed1"]
    weights = [load_file(tmp_path / name / "model.safetensors") for name in ("s-seed0", "s-seed1")]
    assert not torch.equal(weights[0]["audio_projection.linear1.weight"], weights[1]["audio_projection.linear1.weight"])
    assert weights[0]["audio_projection.linear1.weight"].dtype == torch.float16
    assert ClapModel.from_pretrained(tmp_path / "s-seed0").dtype == torch.float32


def change(path: Path, replace: tuple[str, str], folder: Path) -> Path:
    """Return a copy of the ratings beside the clips, with one text replaced by another."""
    text = path.read_text()
    assert replace[0] in text
    copy = path.with_name(f"{folder.name}.csv")
    copy.write_text(text.replace(*replace))
    return copy


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--loss", "wsce+maee"), ("unknown term 'maee'", "did you mean 'mae'")),
        (("--loss", "mse:-1"), ("weight '-1'",)),
        (("--lr", "-1"), ("lr is -1.0, expected a positive number",)),
        (("--base", "laion"), ("'laion' is no transformers ClapModel",)),
        (("--base", "nowhere/at-all"), ("nowhere/at-all",)),
        (("--base", "missing.pt"), ("missing.pt: no such file",)),
        (("--name", "wsce"), ("'wsce' is taken by a published or shipped variant",)),
        (("--name", "a/b"), ("'a/b' is no plain name",)),
        (("--train-split", "tran"), ("no split 'tran'", "did you mean 'train'")),
        (("--dataset", "rellate"), ("unknown data set 'rellate'", "did you mean 'relate'")),
        (("--resume",), ("nothing to resume",)),
        (("--precision", "fp16"), ("--precision fp16 needs a GPU",)),
        (("--lora", "4", "--freeze", "text"), ("leave --freeze out",)),
    ],
)
def test_a_wrong_request_is_refused_in_one_line(
    model_folder: Path, ratings: Path, tmp_path: Path, run: Run, options: tuple[str, ...], words: tuple[str, ...]
) -> None:
    given: list[Any] = ["--base", model_folder, "--dataset", ratings, *QUICK]
    given += [] if "--name" in options else ["--out", tmp_path]
    assert refused(run("finetune", "train", *given, *options), *words)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("replace", "words"),
    [
        (("9.79,train", "nan,train"), ("rating",)),
        (("9.79,train", "97.9,train"), ("rating", "97.9")),
        (("clips/003.wav", "clips/none.wav"), ("the clips of 1 of 24 pairs cannot be heard", "no such file")),
    ],
)
def test_broken_data_are_refused_in_one_line(
    model_folder: Path, ratings: Path, tmp_path: Path, run: Run, replace: tuple[str, str], words: tuple[str, ...]
) -> None:
    first = next(line.split(",")[2] for line in ratings.read_text().splitlines()[1:])
    broken = change(ratings, (replace[0].replace("9.79", first), replace[1]), tmp_path)
    out = tmp_path / "out"
    outcome = run("finetune", "train", *QUICK, "--base", model_folder, "--dataset", broken, "--out", out, "--name", "x")
    assert refused(outcome, *words)
    assert not out.exists() or list(out.iterdir()) == []


def test_unreadable_clips_can_be_left_out(model_folder: Path, ratings: Path, tmp_path: Path, run: Run) -> None:
    broken = change(ratings, ("clips/003.wav", "clips/none.wav"), tmp_path)
    arguments = ("--base", model_folder, "--dataset", broken, "--out", tmp_path, "--name", "x", "--max-steps", 1)
    assert run("finetune", "train", *QUICK, *arguments, "--skip-unreadable").status == 0
    record = read_training(tmp_path / "x")
    assert record is not None
    assert len(record["data"][0]["skipped"]) == 1
    assert sum(part["n_pairs"] for part in record["data"][0]["parts"].values()) == 23


def test_equal_ratings_are_refused(model_folder: Path, tmp_path: Path, run: Run) -> None:
    write_clip(tmp_path / "a.wav", 300.0)
    rows = [f"a.wav,caption {k},5,L" for k in range(6)]
    path = tmp_path / "equal.csv"
    path.write_text("\n".join(["audio_path,text,rating,listener_id", *rows]))
    outcome = run("finetune", "train", "--base", model_folder, "--dataset", path, "--out", tmp_path, *QUICK)
    assert refused(outcome, "all 6 mean ratings are 5")


def test_an_existing_checkpoint_is_kept_unless_told_otherwise(
    trained: tuple[Path, str], model_folder: Path, ratings: Path, run: Run
) -> None:
    before = (trained[0] / "model.safetensors").read_bytes()
    outcome = run("finetune", "train", *QUICK, "--base", model_folder, "--dataset", ratings, "--name", "mine")
    assert refused(outcome, "exists", "--overwrite")
    assert (trained[0] / "model.safetensors").read_bytes() == before


def test_pushing_without_a_hub_keeps_the_checkpoint(trained: tuple[Path, str], run: Run) -> None:
    assert refused(run("finetune", "push", "mine", "somebody/mine"), "cannot push", "complete on this machine")
    assert (trained[0] / "model.safetensors").is_file()


def test_a_loss_that_diverges_keeps_the_last_good_epoch(
    model_folder: Path, ratings: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A term of the user's own, not a number from its 12th call on: after 2 + 5 + 2 of epochs 0 and 1, at step 8."""
    monkeypatch.setattr(losses, "TERMS", dict(TERMS))
    calls = []

    @losses.register("fragile")
    def fragile(inputs: LossInputs) -> torch.Tensor:
        calls.append(1)
        return inputs.cosines.mean() * (float("nan") if len(calls) >= 12 else 1.0)

    arguments = ("--base", model_folder, "--dataset", ratings, "--out", tmp_path, "--name", "x")
    outcome = run("finetune", "train", *QUICK, *arguments, "--loss", "mse+fragile", "--epochs", 3)
    assert refused(outcome, "the loss became nan", "fragile nan", "at step 8", "epoch 2", "the model of epoch 1 is in")
    record = read_training(tmp_path / "x")
    assert record is not None
    assert record["best_epoch"] == 1
    assert "stopped early" in record["stopped"]
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_a_loss_that_diverges_at_once_leaves_nothing(
    model_folder: Path, ratings: Path, tmp_path: Path, run: Run
) -> None:
    arguments = ("--base", model_folder, "--dataset", ratings, "--out", tmp_path, "--name", "x", "--lr", "1e30")
    assert refused(run("finetune", "train", *QUICK, *arguments), "at step 2", "nothing is written")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_killed_at_random_and_resumed_it_ends_with_the_weights_of_an_unbroken_training(
    trained: tuple[Path, str], model_folder: Path, ratings: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "finetune", "train", *map(str, QUICK), "--base", str(model_folder)]
    command += ["--dataset", str(ratings), "--out", str(tmp_path), "--name", "mine", "--save-every", "0"]
    state = tmp_path / ".mine.training" / "state.pt"
    with subprocess.Popen(command, env=environment(), stderr=subprocess.DEVNULL) as process:
        while not state.is_file():
            assert process.poll() is None
            time.sleep(0.01)
        time.sleep(random.uniform(0, 2))
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert not (tmp_path / "mine").exists()
    subprocess.run([*command, "--resume"], env=environment(), check=True, capture_output=True)
    unbroken, resumed = (load_file(folder / "model.safetensors") for folder in (trained[0], tmp_path / "mine"))
    assert all(torch.equal(unbroken[name], resumed[name]) for name in unbroken)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_help_loads_no_model_code() -> None:
    code = (
        "import sys, finetune.cli; sys.exit(any(name in sys.modules for name in ('torch', 'transformers', 'pandas')))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=environment())


def test_scores_do_not_depend_on_the_storage_much(trained: tuple[Path, str], tmp_path: Path) -> None:
    """Half-precision storage moves cosines by less than a thousandth."""
    from finetune.checkpoints.folder import save_model

    clap = load_clap(trained[0])
    save_model(clap.model, trained[0], tmp_path, "fp16")
    halved = load_clap(tmp_path)
    captions = clap.prepare_captions(["a dog barks", "birds chirp"])
    with torch.no_grad():
        difference = clap.embed_captions(captions) - halved.embed_captions(captions)
    assert np.abs(difference.numpy()).max() < 1e-3
