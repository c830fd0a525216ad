"""Embeddings of all processes, so that a contrastive loss sees the global batch: every other pair is a negative."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, distributed
from torch.distributed.nn.functional import all_gather


def of_all_processes(rows: Float[Tensor, "pairs ..."]) -> Float[Tensor, "all_pairs ..."]:
    """Return the rows of all processes, in their order; all must give equally many.

    Gradients flow back to the process that a row came from, summed over the losses of all processes. Where these
    average gradients over processes, as DistributedDataParallel does, every parameter gets the gradient of one process
    with the whole batch, including those that no row passes through, such as the temperature.
    """
    if not distributed.is_initialized() or distributed.get_world_size() == 1:
        return rows
    return torch.cat(all_gather(rows.contiguous()))  # type: ignore[no-untyped-call]
