"""Single precision that is single: no TF32 or bfloat16 inside products of fp32 matrices, whatever the process allowed.

There are many ways to allow them: ``TORCH_ALLOW_TF32_CUBLAS_OVERRIDE=1`` (set in NVIDIA's containers),
``torch.set_float32_matmul_precision``, ``torch.backends.cudnn.allow_tf32`` (on by default), and since torch 2.9
``fp32_precision`` for everything, for a backend, or for one of its operations. Torch keeps the old flags beside the new
settings, and reading a flag that the settings contradict raises a RuntimeError, inside cuBLAS calls too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import torch

Setting = tuple[str, str]
"""Backend and operation, as torch calls them. ``"none"`` follows the backend, and a backend follows `EVERYTHING`."""

EVERYTHING: Setting = ("generic", "all")
BACKENDS: tuple[Setting, ...] = (("cuda", "all"), ("mkldnn", "all"))
MATMUL: tuple[Setting, ...] = (("cuda", "matmul"), ("mkldnn", "matmul"))
OTHERS: tuple[Setting, ...] = (("cuda", "conv"), ("cuda", "rnn"), ("mkldnn", "conv"), ("mkldnn", "rnn"))

MATMUL_VALUES = (("ieee", "ieee"), ("tf32", "tf32"), ("tf32", "bf16"))
"""Of `MATMUL`, as "highest", "high" and "medium" of the old flag set them."""


@contextmanager
def exact_products() -> Iterator[None]:
    """Multiply fp32 matrices and convolve in fp32; afterwards every flag and setting is what it was."""
    restore = _use_settings() if hasattr(torch.backends, "fp32_precision") else _use_flags()
    try:
        yield
    finally:
        restore()


def products_of_process() -> dict[str, str]:
    """Return how a GPU would multiply and convolve outside of `exact_products`: ``{"matmul": "tf32", "conv": …}``."""
    if hasattr(torch.backends, "fp32_precision"):
        tf32 = {operation: _get(("cuda", operation)) == "tf32" for operation in ("matmul", "conv")}
    else:
        tf32 = {"matmul": torch.backends.cuda.matmul.allow_tf32, "conv": torch.backends.cudnn.allow_tf32}
    return {operation: "tf32" if allowed else "fp32" for operation, allowed in tf32.items()}


def _use_flags() -> Callable[[], None]:
    """Clear the flags, which is all that torch before 2.9 has; return what brings them back."""
    matmul, convolution = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32

    def restore() -> None:
        torch.set_float32_matmul_precision(matmul)
        torch.backends.cudnn.allow_tf32 = convolution

    torch.set_float32_matmul_precision("highest")
    torch.backends.cudnn.allow_tf32 = False
    return restore


def _use_settings() -> Callable[[], None]:
    """Make the settings exact, and the flag of matrix products with them; return what brings them back.

    cuDNN's operations begin with a value that follows their backend where that says anything, and is TF32 otherwise.
    Once set they cannot be given it back: what follows is left alone.
    """
    backends = {setting: _own_value(setting, EVERYTHING, _get(EVERYTHING)) for setting in BACKENDS}
    own = {
        setting: _own_value(setting, (setting[0], "all"), backends[setting[0], "all"]) for setting in MATMUL + OTHERS
    }
    explicit = {setting: value for setting, value in own.items() if value != "none" or setting in MATMUL}
    flag = _matmul_flag()

    def restore() -> None:
        torch.set_float32_matmul_precision(flag)
        for setting, value in (backends | explicit).items():
            _set(setting, value)

    torch.set_float32_matmul_precision("highest")
    for setting in backends | explicit:
        _set(setting, "ieee")
    return restore


def _own_value(setting: Setting, followed: Setting, value_of_followed: str) -> str:
    """Return what a setting is by itself, which torch does not say: "none" if it changes with the one it follows."""
    found = []
    for value in ("ieee", "tf32"):
        _set(followed, value)
        found.append(_get(setting))
    _set(followed, value_of_followed)
    return found[0] if found[0] == found[1] else "none"


def _matmul_flag() -> str:
    """Return the old flag, giving `MATMUL` one value after another until none contradicts it."""
    for values in MATMUL_VALUES:
        for setting, value in zip(MATMUL, values, strict=True):
            _set(setting, value)
        with suppress(RuntimeError):
            return torch.get_float32_matmul_precision()
    raise RuntimeError(f"the precision of matrix products cannot be read from torch {torch.__version__}")


def _get(setting: Setting) -> str:
    return str(torch._C._get_fp32_precision_getter(*setting))


def _set(setting: Setting, value: str) -> None:
    """Set what `torch.backends` sets; its own setter of mkldnn sets everything."""
    torch._C._set_fp32_precision_setter(*setting, value)
