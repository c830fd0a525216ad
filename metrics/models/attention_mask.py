"""Shifted windows of audio towers that are masked with minus infinity.

HTS-AT, like every Swin transformer, lets a window that wraps around the edge attend to its own side alone: a mask adds
-100 to the other side's logits (Liu et al. 2021). In single precision exp(-100) is a denormal number, with which CPUs
multiply many times slower; minus infinity gives zero, and the same embeddings but for 1e-43.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import wraps
from typing import Any

import torch


def mask_with_infinity(tower: Any) -> None:
    """Have every layer of an audio tower (of laion_clap, msclap or transformers) mask with minus infinity."""
    for layer in tower.modules():
        if isinstance(mask := getattr(layer, "attn_mask", None), torch.Tensor):
            layer.attn_mask = _to_infinity(mask)
        if make_mask := getattr(layer, "get_attn_mask", None):
            layer.get_attn_mask = _infinite(make_mask)


def _infinite(make_mask: Callable[..., torch.Tensor | None]) -> Callable[..., torch.Tensor | None]:
    @wraps(make_mask)
    def make_infinite(*args: Any, **kwargs: Any) -> torch.Tensor | None:
        mask = make_mask(*args, **kwargs)
        return None if mask is None else _to_infinity(mask)

    return make_infinite


def _to_infinity(mask: torch.Tensor) -> torch.Tensor:
    return mask.masked_fill(mask < 0, -math.inf)
