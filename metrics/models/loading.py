"""Loading weights safely and completely.

``.pt`` and ``.pth`` files are pickles: they are opened with ``weights_only=True`` and a short allow-list, so that a
file that would run code is refused before it can. Every key of a checkpoint and of its model must be accounted for:
``strict=False``, as msclap loads, hides a tower that stays random. Files are only ever read.
"""

from __future__ import annotations

import importlib
import pickle
import re
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from metrics.errors import DataError, reason_of
from metrics.models.partial_import import quietly

FORGIVEN_SUFFIXES = ("position_ids", "token_type_ids")
"""Buffers holding 0, 1, 2, … and 0, 0, 0, …: whether they are saved depends on the version of transformers."""

LISTED_KEYS = 5

NUMPY_SCALARS = (
    np.dtype,
    np.dtypes.BoolDType,
    np.dtypes.Float32DType,
    np.dtypes.Float64DType,
    np.dtypes.Int32DType,
    np.dtypes.Int64DType,
)
"""What the training state in LAION's files needs beyond tensors: epochs and losses were saved as numpy scalars."""


def load_pickle(path: Path) -> Mapping[str, Any]:
    """Return the content of a ``.pt`` or ``.pth`` file without running any code from it.

    Raises:
        DataError: not a checkpoint, damaged, or refused because it contains more than tensors and numpy scalars.
    """
    try:
        with quietly(), torch.serialization.safe_globals([*_numpy_scalar(), *NUMPY_SCALARS]):
            content = torch.load(str(path), map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except pickle.UnpicklingError as error:
        found = re.search(r"GLOBAL (\S+)", str(error))
        detail = f"it names {found[1]}" if found else reason_of(error)
        raise DataError(
            f"{path} is refused: it is not a file of weights alone, and loading it could run code ({detail}); "
            "get the checkpoint from its authors, or convert it to safetensors where that is safe"
        ) from error
    except Exception as error:  # a damaged file makes torch's unpickler raise almost anything
        raise DataError(
            f"{path} cannot be read as a checkpoint ({reason_of(error)}); delete it and fetch it again"
        ) from error
    if not isinstance(content, dict):
        raise DataError(f"{path} holds a {type(content).__name__}, expected a dict of weights; give another file")
    return content


def load_laion_weights(path: Path) -> dict[str, torch.Tensor]:
    """Return the weights of a checkpoint of laion_clap, without the ``module.`` of DistributedDataParallel.

    Raises:
        DataError: as of `load_pickle`, or it holds no weights.
    """
    content = load_pickle(path)
    weights = content.get("state_dict", content)
    if not isinstance(weights, Mapping) or not all(isinstance(value, torch.Tensor) for value in weights.values()):
        raise DataError(f"{path} has no 'state_dict' of tensors; give a checkpoint of laion_clap")
    return {str(key).removeprefix("module."): value for key, value in weights.items()}


def load_strictly(model: torch.nn.Module, weights: Mapping[str, torch.Tensor], source: str) -> None:
    """Copy weights into a model after checking that both have the same keys and shapes.

    Raises:
        DataError: keys missing from, or unknown to, the model, or shapes that differ; position ids are forgiven.
    """
    expected = model.state_dict()
    check_keys(missing=expected.keys() - weights.keys(), unexpected=weights.keys() - expected.keys(), source=source)
    shared = {key: weights[key] for key in expected.keys() & weights.keys()}
    wrong = sorted(key for key, value in shared.items() if value.shape != expected[key].shape)
    if wrong:
        found = ", ".join(f"{key} {tuple(shared[key].shape)}" for key in wrong[:LISTED_KEYS])
        raise DataError(
            f"{source} does not fit the architecture: {len(wrong)} shapes differ, e.g. {found}; give another checkpoint"
        )
    model.load_state_dict(shared, strict=False)


def without_causal_masks(weights: Mapping[str, torch.Tensor], source: str) -> dict[str, torch.Tensor]:
    """Return weights without the causal masks of GPT-2, which transformers saved until 4.31.

    Raises:
        DataError: what has the name of a mask is not the causal mask.
    """
    kept: dict[str, torch.Tensor] = {}
    for key, value in weights.items():
        if key.endswith(".attn.bias") and value.ndim == 4:
            is_mask = torch.equal(value.bool(), torch.ones_like(value).tril().bool())
        elif key.endswith(".attn.masked_bias"):
            is_mask = value.numel() == 1 and float(value) <= -1e4
        else:
            kept[key] = value
            continue
        if not is_mask:
            raise DataError(
                f"{source}: {key} is not the causal mask of GPT-2; the file belongs to another model: fetch it again"
            )
    return kept


def check_keys(missing: Iterable[str], unexpected: Iterable[str], source: str) -> None:
    """Raise `DataError` unless all keys are accounted for; position ids may be on one side."""
    for keys, problem in ((missing, "lacks"), (unexpected, "has unknown")):
        unaccounted = sorted(key for key in keys if not key.endswith(FORGIVEN_SUFFIXES))
        if unaccounted:
            listed = ", ".join(unaccounted[:LISTED_KEYS]) + (", …" if len(unaccounted) > LISTED_KEYS else "")
            raise DataError(
                f"{source} {problem} {len(unaccounted)} weights of the architecture ({listed}); "
                "it belongs to another model, or is damaged: fetch it again, or give another one"
            )


def _numpy_scalar() -> list[tuple[Any, str]]:
    """Return the constructor of numpy's scalars under the names that numpy 1 and numpy 2 give it in their files."""
    packages = {"1": "numpy.core", "2": "numpy._core"}
    here = packages["1" if np.lib.NumpyVersion(np.__version__) < "2.0.0" else "2"]
    scalar = importlib.import_module(f"{here}.multiarray").scalar
    return [(scalar, f"{package}.multiarray.scalar") for package in packages.values()]
