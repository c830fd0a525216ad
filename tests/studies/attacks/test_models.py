"""Models and machines that would give wrong numbers, or cost hours: told from good ones, and refused in words."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from bench.files.manifest import describe_environment
from finetune.checkpoints.base import find_base
from finetune.checkpoints.work import checkpoint_folder, metric_of
from finetune.commands.train import repository_of
from finetune.config import TrainingConfig
from finetune.training.loop import less_memory, train
from metrics.doctor import examine, example_pairs
from metrics.embedding.batches import out_of_memory_told
from metrics.errors import ClapBenchError, UsageError
from metrics.files import human_folder
from metrics.registry import expand_names, make_scorer
from metrics.types import ScorerOptions
from tests.commands import make_runner
from tests.metrics.clips import write_tone
from tests.metrics.models.tiny_clap import SMALL_16K, save_tiny_clap

CAPTIONS = ("a dog barks", "rain falls on a roof", "a car passes by", "birds chirp", "a man speaks and laughs")


def collapse(folder: Path, tower: str) -> Path:
    """Have a tower give one direction to everything: its projection keeps its bias alone."""
    path = folder / "model.safetensors"
    weights = load_file(path)
    for name, value in weights.items():
        if name.startswith(f"{tower}_projection.linear2"):
            weights[name] = torch.ones_like(value) if name.endswith("bias") else 1e-4 * value
    save_file(weights, path, metadata={"format": "pt"})
    return folder


def write_ratings(folder: Path) -> Path:
    rows = ["audio_path,text,rating"]
    for k in range(15):
        rows.append(f"{write_tone(folder / f'{k}.wav', seed=k)},{CAPTIONS[k % 5]},{k % 7}")
    (folder / "ratings.csv").write_text("\n".join(rows) + "\n")
    return folder / "ratings.csv"


@pytest.mark.parametrize(("tower", "kind"), [("text", "captions"), ("audio", "clips")])
def test_a_collapsed_model_is_named_in_its_report(
    tower: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = make_runner(monkeypatch, capsys)
    folder = collapse(save_tiny_clap(tmp_path / "model", SMALL_16K), tower)
    arguments = ("--dataset", write_ratings(tmp_path), "--metrics", f"hf:{folder},tiny", "--resamples", 99)
    done = run("bench", "run", *arguments, "--out", tmp_path / "run", "--device", "cpu", "--no-store")
    assert done.status == 0, done.err
    again = run("bench", "report", tmp_path / "run", "--recompute")
    for text in (done.out, again.out, (tmp_path / "run" / "report.md").read_text()):
        warnings = [line for line in text.splitlines() if "collapsed" in line]
        start = f"hf:{folder}: warning: half of the cosines between different {kind} exceed "
        assert sum(line.startswith(start) for line in warnings) == 1


def test_doctor_warns_of_a_collapsed_model_and_of_no_other(tmp_path: Path) -> None:
    pairs, options = example_pairs(tmp_path), ScorerOptions(device="cpu")
    folder = collapse(save_tiny_clap(tmp_path / "model", SMALL_16K), "text")
    first = next(examine(f"hf:{folder}", pairs, options))
    assert any("between different captions exceed 1.0000" in warning for warning in first.warnings)
    assert next(examine("tiny", pairs, options)).warnings == ()


@pytest.mark.parametrize("name", ["laion-hf:larger_clap_music", "hf:laion/larger_clap_music"])
def test_a_published_model_that_has_collapsed_is_refused(name: str) -> None:
    for use in (lambda: make_scorer(name, ScorerOptions()), lambda: find_base(name)):
        with pytest.raises(UsageError, match=r"refused.*same direction.*; use laion:music_audioset"):
            use()


def test_half_precision_names_the_device_itself() -> None:
    signature = make_scorer("tiny", ScorerOptions(device="auto", precision="bf16")).spec.signature()
    assert "device:auto" not in signature
    kind = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    assert f"|device:{kind}|" in signature


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
@pytest.mark.parametrize("device", ["cuda", "mps"])
def test_training_on_a_device_that_is_not_here_is_refused_before_anything_is_loaded(
    device: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if device == "mps" and torch.backends.mps.is_available():
        pytest.skip("there is an Apple GPU")
    options = ("--base", tmp_path / "absent", "--dataset", "absent.csv")
    run = make_runner(monkeypatch, capsys)
    done = run("finetune", "train", *options, "--device", device, "--out", tmp_path / "out", "--name", "x")
    assert done.status == 2
    assert f"error: device '{device}' is not on this machine; use auto or one of: cpu" in done.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["a,b", "all", "a ", ","])
def test_a_name_that_could_never_be_scored_with_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=r"which 'bench run --metrics' understands as|no plain name"):
        checkpoint_folder(name, None)


def test_a_folder_that_could_never_be_scored_with_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="without a comma"):
        checkpoint_folder("a", tmp_path / "first,second")
    assert checkpoint_folder("all", tmp_path) == tmp_path / "all"


def test_the_advice_names_a_metric_that_exists(tmp_path: Path) -> None:
    assert metric_of(human_folder() / "mine") == "human:mine"
    assert metric_of(human_folder() / "wsce") == f"hf:{human_folder() / 'wsce'}"  # human:wsce is the published one
    folder = save_tiny_clap(tmp_path / "model", SMALL_16K)
    assert metric_of(folder) == f"hf:{folder}"
    [name] = expand_names(metric_of(folder))
    assert make_scorer(name, ScorerOptions(device="cpu")).spec.name == f"hf:{folder}"


def test_each_seed_has_a_repository_of_its_own() -> None:
    records = [{"config": {"seed": seed}} for seed in (3, 4)]
    assert [repository_of("org/name", record, 2) for record in records] == ["org/name-seed3", "org/name-seed4"]
    assert repository_of("org/name", records[0], 1) == "org/name"


ROOT = Path(__file__).parents[3]

CONVERT = """
import sys, time
from pathlib import Path
from finetune.checkpoints import convert as module
from metrics.models.hf_model import load_clap
from transformers import ClapFeatureExtractor

small, checkpoint, log = map(Path, sys.argv[1:])

def slow(path):
    with log.open("a") as file:
        file.write("converted\\n")
    time.sleep(2.0)
    clap = load_clap(small)
    return clap.model, ClapFeatureExtractor.from_pretrained(small)

module.convert = slow  # a full-size model takes minutes and gigabytes: here the lock is looked at
module.hub.fetch = lambda _: small
print(module.converted(checkpoint)[0])
"""


@pytest.mark.slow
def test_two_processes_convert_a_checkpoint_once(tmp_path: Path) -> None:
    small, checkpoint = save_tiny_clap(tmp_path / "model", SMALL_16K), tmp_path / "630k.pt"
    checkpoint.write_bytes(b"a checkpoint of laion_clap")
    command = [sys.executable, "-W", "ignore", "-c", CONVERT, str(small), str(checkpoint), str(tmp_path / "log")]
    environment = os.environ | {"CLAP_BENCH_CACHE_DIR": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT)}
    both = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    answers = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], answers
    assert answers[0][0] == answers[1][0]
    assert (Path(answers[0][0].strip()) / "config.json").is_file()
    assert (tmp_path / "log").read_text() == "converted\n"


def test_memory_that_runs_out_in_training_is_told_with_what_to_do() -> None:
    config = TrainingConfig(batch_size=8)
    assert less_memory(config).startswith("use --batch-size 4 --accumulate 2 (")
    for option in ("--gradient-checkpointing", "--precision bf16", "--lora 8"):
        assert option in less_memory(config)
    small = replace(config, batch_size=1, gradient_checkpointing=True, precision="bf16", freeze="encoders")
    assert less_memory(small) == "use a device with more memory"
    assert train.__wrapped__ is not None  # type: ignore[attr-defined]
    with (
        pytest.raises(ClapBenchError, match=r"out of memory \(.*2\.00 GiB.*\); use less"),
        out_of_memory_told("use less"),
    ):
        raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
    with pytest.raises(RuntimeError, match="index"), out_of_memory_told("use less"):
        raise RuntimeError("index out of range")


def test_the_record_of_a_run_says_what_models_ran_on() -> None:
    code = (
        "import json, sys; from bench.files.manifest import describe_environment; found = describe_environment('auto');"
        "assert 'torch' not in sys.modules; print(json.dumps(found))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    nothing_ran = json.loads(done.stdout)
    keys = {"used_device", "gpu", "driver", "cuda", "cudnn", "tf32", "batch_size"}
    assert {key: nothing_ran[key] for key in keys} == dict.fromkeys(keys)
    assert nothing_ran["device"] == "auto"
    found = describe_environment("cpu")
    assert (found["used_device"], found["batch_size"], found["gpu"]) == ("cpu", 4, None)
    assert describe_environment("cpu", 7)["batch_size"] == 7
