"""What models ran on, for the record of a run. Torch is asked only if a model has loaded it already."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

HARDWARE: dict[str, Any] = dict.fromkeys(("used_device", "gpu", "driver", "cuda", "cudnn", "tf32", "batch_size"))
"""What is recorded; None where no model ran in this process, or where there is no such thing."""


def describe_hardware(device: str, batch_size: int | None = None) -> dict[str, Any]:
    """Return what a model on ``device`` runs on.

    ``used_device`` is what ``auto`` stands for; ``tf32`` what the process allows GPUs outside of this package, which
    allows none in fp32 (`metrics.models.fp32`); ``batch_size`` the windows in one forward pass as it begins, if memory
    lasts.
    """
    if "torch" not in sys.modules:
        return dict(HARDWARE)
    import torch

    from metrics.errors import UsageError
    from metrics.models.forward import WINDOWS_PER_BATCH, choose_device
    from metrics.models.fp32 import products_of_process

    try:
        used = choose_device(device)
    except UsageError:  # torch was loaded by something else, and no model ran
        return dict(HARDWARE)
    found = {**HARDWARE, "used_device": str(used), "batch_size": batch_size or WINDOWS_PER_BATCH[used.type]}
    if used.type != "cuda":
        return found
    major, minor = torch.cuda.get_device_capability(used)
    return found | {
        "gpu": f"{torch.cuda.get_device_name(used)} (compute capability {major}.{minor})",
        "driver": driver_version(),
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),  # type: ignore[no-untyped-call]
        "tf32": products_of_process(),
    }


def driver_version() -> str | None:
    """Return the version of NVIDIA's driver, as nvidia-smi tells it."""
    command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    return told.strip().partition("\n")[0] or None
