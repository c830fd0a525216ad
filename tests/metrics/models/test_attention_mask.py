"""Minus infinity in place of -100 changes no embedding, and leaves no denormal number behind."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from transformers import ClapAudioConfig, ClapAudioModel

from metrics.models.attention_mask import mask_with_infinity
from tests.metrics.models.tiny_clap import enliven

DENORMAL = torch.finfo(torch.float32).tiny


def tower_and_input() -> tuple[Any, dict[str, torch.Tensor]]:
    """Return a small HTS-AT, one layer of each stage shifted, and a batch for it."""
    torch.manual_seed(0)
    config = ClapAudioConfig(patch_embeds_hidden_size=16, depths=[2, 2, 2, 2], num_attention_heads=[1, 2, 4, 8])
    config.hidden_size = 128
    tower = ClapAudioModel(config).eval()
    enliven(tower)
    return tower, {"input_features": torch.randn(2, 1, 1001, 64), "is_longer": torch.zeros(2, 1, dtype=torch.bool)}


def attention_of(tower: Any, inputs: dict[str, torch.Tensor]) -> tuple[torch.Tensor, list[torch.Tensor]]:
    with torch.inference_mode():
        output = tower(**inputs, output_attentions=True)
    return output.pooler_output, list(output.attentions)


def is_denormal(values: torch.Tensor) -> torch.Tensor:
    return (values > 0) & (values < DENORMAL)


def test_embeddings_stay_and_denormals_go() -> None:
    tower, inputs = tower_and_input()
    faster = copy.deepcopy(tower)
    mask_with_infinity(faster)
    theirs, their_attention = attention_of(tower, inputs)
    ours, our_attention = attention_of(faster, inputs)
    assert torch.allclose(ours, theirs, rtol=0, atol=1e-6 * theirs.abs().max().item())
    assert any(is_denormal(weights).any() for weights in their_attention), "nothing to gain"
    assert not any(is_denormal(weights).any() for weights in our_attention)


def test_gradients_stay_too() -> None:
    tower, inputs = tower_and_input()
    faster = copy.deepcopy(tower)
    mask_with_infinity(faster)
    for model in (tower, faster):
        model(**inputs).pooler_output.square().sum().backward()
    for name, weight in tower.named_parameters():
        if weight.grad is not None:
            ours = faster.get_parameter(name).grad
            assert torch.allclose(ours, weight.grad, rtol=1e-4, atol=1e-5 * weight.grad.abs().max().item()), name


@pytest.mark.parametrize("fill", [-100.0, 0.0])
def test_registered_masks_of_the_other_packages(fill: float) -> None:
    layer = torch.nn.Module()
    layer.register_buffer("attn_mask", torch.tensor([[0.0, fill], [fill, 0.0]]))
    mask_with_infinity(torch.nn.Sequential(layer))
    expected = torch.full((2, 2), -torch.inf if fill else 0.0).fill_diagonal_(0)
    assert torch.equal(layer.attn_mask, expected)
