"""Around a forward pass: device, precision, batch size and padding."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from jaxtyping import Float, Int

from metrics.encoder import Input, TokenisedCaption
from metrics.errors import UsageError
from metrics.models.fp32 import exact_products
from metrics.types import Precision

Vectors = Float[np.ndarray, "batch dim"]

WINDOWS_PER_BATCH = {"cpu": 4, "mps": 16, "cuda": 64}
"""Windows in one forward pass: on a CPU larger batches leave the caches (docs/performance.md)."""


def present_devices() -> list[str]:
    """Return the kinds of device on this machine, the fastest first."""
    here = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    return [kind for kind, present in here.items() if present]


def choose_device(name: str) -> torch.device:
    """Return the device called ``name``; ``auto`` takes cuda, then mps, then cpu.

    ``cuda`` is the GPU that is current in this thread, by its number: in other threads another one may be.

    Raises:
        UsageError: no such device on this machine.
    """
    present = present_devices()
    name = present[0] if name == "auto" else name
    if name == "cuda" and name in present:
        return torch.device("cuda", torch.cuda.current_device())
    if name.partition(":")[0] not in present:
        raise UsageError(f"device {name!r} is not on this machine; use auto or one of: {', '.join(present)}")
    return torch.device(name)


@contextmanager
def inference(device: torch.device, precision: Precision) -> Iterator[None]:
    """Run forward passes without gradients, in ``precision``, deterministic, and fp32 without TF32 inside.

    Raises:
        UsageError: fp16 on a CPU, which has no fast half-precision arithmetic.
    """
    if precision == "fp16" and device.type == "cpu":
        raise UsageError("--precision fp16 needs a GPU; on a CPU use fp32 or bf16")
    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[precision]
    with (
        torch.inference_mode(),
        exact_products(),
        _deterministic_convolutions(),
        torch.autocast(device.type, dtype=dtype, enabled=precision != "fp32"),
    ):
        yield


@contextmanager
def _deterministic_convolutions() -> Iterator[None]:
    """Do what `torch.backends.cudnn.flags` does without its touching TF32, which is for `metrics.models.fp32`."""
    cudnn = torch.backends.cudnn
    before = cudnn.enabled, cudnn.benchmark, cudnn.deterministic
    cudnn.enabled, cudnn.benchmark, cudnn.deterministic = True, False, True
    try:
        yield
    finally:
        cudnn.enabled, cudnn.benchmark, cudnn.deterministic = before


def pad(
    captions: Sequence[TokenisedCaption], pad_id: int, device: torch.device
) -> tuple[Int[torch.Tensor, "captions tokens"], Int[torch.Tensor, "captions tokens"]]:
    """Return token ids and attention mask, padded at the right to the longest of these captions."""
    longest = max(len(caption.token_ids) for caption in captions)
    ids = torch.full((len(captions), longest), pad_id, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for row, caption in enumerate(captions):
        ids[row, : len(caption.token_ids)] = torch.tensor(caption.token_ids)
        mask[row, : len(caption.token_ids)] = 1
    return ids.to(device), mask.to(device)


def feature_device(device: torch.device) -> torch.device:
    """Return where features are extracted: on the device itself, unless it lacks double precision."""
    return torch.device("cpu") if device.type == "mps" else device


def to_numpy(tensor: torch.Tensor) -> Input:
    """Return float32 in main memory."""
    array: Input = tensor.float().cpu().numpy()
    return array


def by_shape(inputs: Sequence[Input], embed: Callable[[Input], Vectors]) -> Float[np.ndarray, "inputs dim"]:
    """Embed inputs of several shapes, one pass for each shape, and return the results in the order of the inputs."""
    groups: dict[tuple[int, ...], list[int]] = {}
    for index, item in enumerate(inputs):
        groups.setdefault(item.shape, []).append(index)
    embedded = [(indices, embed(np.stack([inputs[i] for i in indices]))) for indices in groups.values()]
    results = np.empty((len(inputs), embedded[0][1].shape[1]), dtype=np.float32)
    for indices, vectors in embedded:
        results[indices] = vectors
    return results
