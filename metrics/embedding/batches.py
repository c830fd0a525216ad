"""Batches of a forward pass, and what to do when memory runs out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import numpy as np
from jaxtyping import Float

from metrics.errors import ClapBenchError, DataError, reason_of

Item = TypeVar("Item")

OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory", "_alloc_failed")
"""What torch says when an allocation fails, on a GPU and (as a plain RuntimeError) on a CPU.

The last is the end of CUBLAS_STATUS_ALLOC_FAILED, CUDNN_STATUS_ALLOC_FAILED, CUFFT_ALLOC_FAILED and the like.
"""


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
                start += len(batch)
                continue
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                if self.size == 1:
                    raise ClapBenchError(
                        "out of memory with a single clip in the batch; free memory, or use --device cpu or "
                        "--precision bf16"
                    ) from error
            self._shrink()  # here, where the error and the tensors that its traceback holds are gone
        return np.concatenate(results)

    def _shrink(self) -> None:
        self.size //= 2
        import torch

        if torch.cuda.is_available():
            torch.cuda.empty_cache()


@contextmanager
def out_of_memory_told(remedy: str) -> Iterator[None]:
    """Say of memory that runs out what to do about it.

    Raises:
        ClapBenchError: it has run out.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise ClapBenchError(f"out of memory ({reason_of(error)}); {remedy}") from error


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
