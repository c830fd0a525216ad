"""A checkpoint with the numpy scalars of LAION's files, as the running numpy pickles them.

numpy 1 calls their constructor ``numpy.core.multiarray.scalar``, numpy 2 ``numpy._core.multiarray.scalar``, and a file
of one must be read under the other. ``python -m tests.metrics.numpy_scalars`` writes
``tests/metrics/files/numpy-MAJOR.pt``; both are in the repository, written under numpy 1.26.4 and 2.2.6.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

FOLDER = Path(__file__).parent / "files"


def write(folder: Path = FOLDER) -> Path:
    """Write what laion_clap's training saves, with one weight."""
    path = folder / f"numpy-{np.__version__.partition('.')[0]}.pt"
    group = {"lr": np.float64(1e-4), "betas": (0.99, 0.9), "weight_decay": np.float32(0.0)}
    content = {
        "epoch": np.int64(45),
        "name": "clap",
        "state_dict": {"module.logit_scale_a": torch.tensor(2.5)},
        "optimizer": {"state": {}, "param_groups": [group]},
        "top_k": {"map": np.float64(0.25), "improved": np.bool_(True)},
    }
    torch.save(content, path)
    return path


if __name__ == "__main__":
    print(write())
