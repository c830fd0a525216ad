"""Batches of a forward pass, and what to do when memory runs out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
from jaxtyping import Float

from metrics.errors import ClapBenchError, DataError

Item = TypeVar("Item")

OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")
"""What torch says when an allocation fails, on a GPU and (as a plain RuntimeError) on a CPU."""


class BatchRunner:
    """Runs forward passes over batches, and halves the batch for good whenever memory runs out.

    Attributes:
        size: items in one pass.
    """

    def __init__(self, size: int) -> None:
        self.size = size

    def run(
        self, items: Sequence[Item], forward: Callable[[Sequence[Item]], Float[np.ndarray, "batch dim"]]
    ) -> Float[np.ndarray, "items dim"]:
        """Return what ``forward`` gives for all items, in their order.

        Raises:
            ClapBenchError: memory runs out with a single item.
            DataError: the model gave no vector, or more than one, for an item.
        """
        results: list[Float[np.ndarray, "batch dim"]] = []
        start = 0
        while start < len(items):
            batch = items[start : start + self.size]
            try:
                results.append(_checked(forward(batch), len(batch)))
            except (RuntimeError, MemoryError) as error:
                self._shrink(error)
            else:
                start += len(batch)
        return np.concatenate(results)

    def _shrink(self, error: Exception) -> None:
        if not is_out_of_memory(error):
            raise error
        if self.size == 1:
            raise ClapBenchError(
                "out of memory with a single clip in the batch; free memory, or use --device cpu or --precision bf16"
            ) from error
        self.size //= 2
        import torch

        if torch.cuda.is_available():
            torch.cuda.empty_cache()


def _checked(vectors: object, n_items: int) -> Float[np.ndarray, "batch dim"]:
    """Vectors that are one too few would be given to the wrong clips."""
    shape = np.shape(vectors)  # type: ignore[arg-type]
    if not isinstance(vectors, np.ndarray) or vectors.dtype.kind != "f" or len(shape) != 2 or shape[0] != n_items:
        kind = vectors.dtype if isinstance(vectors, np.ndarray) else type(vectors).__name__
        raise DataError(
            f"the model returned embeddings of shape {shape} ({kind}), expected a numpy array of floats of shape "
            f"({n_items}, dim): report this to the author of the scorer"
        )
    return vectors


def is_out_of_memory(error: Exception) -> bool:
    """Say whether an allocation failed."""
    return isinstance(error, MemoryError) or any(words in str(error).lower() for words in OUT_OF_MEMORY)
