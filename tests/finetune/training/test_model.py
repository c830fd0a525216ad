from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from finetune.config import TrainingConfig
from finetune.data.pairs import PairSet
from finetune.training.losses import LossInputs, parse_loss
from finetune.training.model import PairEmbedder, parameter_groups
from metrics.models.hf_model import LoadedClap
from metrics.registry import make_scorer
from metrics.types import ScorerOptions
from tests.finetune.small import load_small, pair_set, small_dataset, weights_of, write_clip

Sets = tuple[PairSet, PairSet]


def embedder(folder: Path, **settings: Any) -> tuple[PairEmbedder, LoadedClap]:
    clap = load_small(folder)
    return PairEmbedder(clap, TrainingConfig(**settings)), clap


def gradients(model: PairEmbedder, pairs: PairSet, loss: str = "wsce+mae") -> dict[str, torch.Tensor]:
    """Return every parameter's gradient on the first six pairs, with dropout at a fixed seed."""
    torch.manual_seed(0)
    batch = pairs.batch(np.arange(6))
    audio, text, scale = model(batch)
    parse_loss(loss)(LossInputs(audio, text, batch.ratings, scale)).backward()
    return {name: p.grad for name, p in model.named_parameters() if p.grad is not None}


def test_embeddings_are_those_that_scoring_uses(tmp_path: Path, model_folder: Path) -> None:
    """In evaluation mode the cosine is the scorer's, for clips of one and of several windows."""
    rated = small_dataset(tmp_path / "clips", 5)
    write_clip(tmp_path / "clips" / "001.wav", 700.0, seconds=5.0)
    clap = load_small(model_folder)
    model = PairEmbedder(clap, TrainingConfig())
    pairs = pair_set(clap, rated, tmp_path / "cache")
    audio, text, scale = model.eval()(pairs.batch(np.arange(5)))
    scorer = make_scorer(f"hf:{model_folder}", ScorerOptions(device="cpu"))
    expected = scorer.score([one.pair for one in rated.pairs]).cosines  # type: ignore[union-attr]
    assert np.allclose((audio * text).sum(dim=-1).detach().numpy(), expected, atol=1e-6)
    assert scale.item() == pytest.approx(math.exp(clap.model.logit_scale_a.item()), rel=1e-4)


def test_everything_is_trained_but_what_no_clip_reaches(model_folder: Path, pair_sets: Sets) -> None:
    model, _ = embedder(model_folder)
    found = gradients(model.train(), pair_sets[0])
    without = {name for name, p in model.named_parameters() if name not in found or not found[name].abs().sum() > 0}
    # The pooler's and attention keys' biases shift all scores alike; a softmax does not see them.
    assert {name for name in without if not name.endswith("key.bias")} <= {
        "model.logit_scale_t",
        "model.text_model.embeddings.token_type_embeddings.weight",
    }


@pytest.mark.parametrize(
    ("freeze", "still"),
    [("text", ["text_model"]), ("audio", ["audio_model"]), ("encoders", ["text_model", "audio_model"]), ("none", [])],
)
def test_frozen_towers_get_no_gradient_and_no_dropout(
    model_folder: Path, pair_sets: Sets, freeze: str, still: list[str]
) -> None:
    model, clap = embedder(model_folder, freeze=freeze)
    found = gradients(model.train(), pair_sets[0])
    for tower in ("text_model", "audio_model"):
        assert any(name.startswith(f"model.{tower}") for name in found) == (tower not in still)
        assert getattr(clap.model, tower).training == (tower not in still)
    assert "model.text_projection.linear1.weight" in found
    assert "model.audio_projection.linear1.weight" in found
    assert "model.logit_scale_a" in found


@pytest.mark.parametrize("policy", ["frozen", "update"])
def test_batch_statistics_move_only_if_asked_to(model_folder: Path, pair_sets: Sets, policy: str) -> None:
    model, clap = embedder(model_folder, batch_norm=policy)
    norm = clap.model.audio_model.audio_encoder.batch_norm
    before = norm.running_mean.clone()
    found = gradients(model.train(), pair_sets[0])
    assert torch.equal(before, norm.running_mean) == (policy == "frozen")
    assert "model.audio_model.audio_encoder.batch_norm.weight" in found


def test_gradient_checkpointing_changes_memory_and_not_gradients(model_folder: Path, pair_sets: Sets) -> None:
    plain = gradients(embedder(model_folder)[0].train(), pair_sets[0])
    model, _ = embedder(model_folder, gradient_checkpointing=True)
    recomputed = gradients(model.train(), pair_sets[0])
    assert plain.keys() == recomputed.keys()
    for name, gradient in plain.items():
        assert torch.allclose(gradient, recomputed[name], rtol=1e-5, atol=1e-8), name


def test_gradient_checkpointing_recomputes_every_block(model_folder: Path, pair_sets: Sets) -> None:
    model, clap = embedder(model_folder, gradient_checkpointing=True)
    calls = []
    blocks = [
        b for b in clap.model.modules() if type(b).__name__ in ("ClapAudioSelfAttention", "ClapTextSelfAttention")
    ]
    for block in blocks:
        block.register_forward_hook(lambda *_: calls.append(1))
    gradients(model.train(), pair_sets[0])
    assert len(calls) == 2 * len(blocks) > 0


def test_adapters_start_as_the_base_model_and_are_merged_at_the_end(model_folder: Path, pair_sets: Sets) -> None:
    pytest.importorskip("peft")
    base, _ = embedder(model_folder)
    batch = pair_sets[1].batch(np.arange(4))
    torch.manual_seed(0)
    model, clap = embedder(model_folder, lora_rank=4)
    assert torch.allclose(base.eval()(batch)[0], model.eval()(batch)[0], atol=1e-6)
    trained = {name for name, p in model.named_parameters() if p.requires_grad}
    assert all("lora_" in name or "projection" in name or "logit_scale_a" in name for name in trained)
    assert any("text_model" in name and "lora_" in name for name in trained)
    assert any("audio_model" in name and "lora_" in name for name in trained)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.1)
    adapted = model(batch)
    finished = model.finished_model()
    assert finished.state_dict().keys() == base.model.state_dict().keys()
    plain = PairEmbedder(LoadedClap(finished, clap.tokenizer, clap.features, clap.max_tokens), TrainingConfig())
    merged = plain.eval()(batch)
    assert not torch.allclose(adapted[0], base(batch)[0], atol=1e-3)
    for expected, found in zip(adapted[:2], merged[:2], strict=True):
        assert torch.allclose(expected, found, atol=1e-5)


def test_a_finished_model_has_one_temperature(model_folder: Path) -> None:
    model, clap = embedder(model_folder)
    with torch.no_grad():
        model.log_logit_scale.fill_(3.0)
    finished = model.finished_model()
    assert finished.logit_scale_t.item() == finished.logit_scale_a.item() == 3.0
    assert not finished.training
    assert model.temperature == pytest.approx(np.exp(-3))
    assert weights_of(clap)["logit_scale_t"].item() == 3.0


def test_only_matrices_are_decayed(model_folder: Path) -> None:
    model, _ = embedder(model_folder, freeze="text")
    decayed, plain = parameter_groups(model, 0.1)
    assert (decayed["weight_decay"], plain["weight_decay"]) == (0.1, 0.0)
    assert all(p.ndim >= 2 for p in decayed["params"])
    assert all(p.ndim < 2 for p in plain["params"])
    trained = [p for p in model.parameters() if p.requires_grad]
    assert len(decayed["params"]) + len(plain["params"]) == len(trained)
