"""The checkpoint folder: what ``ClapModel.from_pretrained`` and ``bench run --metrics human:NAME`` load.

    config.json, model.safetensors            the model, adapters merged
    preprocessor_config.json, tokenizer files the processor
    training.json                             how it was made: settings, data, history, versions
    README.md, curves.png                     the model card

A folder is written under another name and renamed when it is complete: it is never there in part.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from transformers import ClapFeatureExtractor

from bench.analysis.leakage import TRAINING_NAME, read_training
from finetune.config import Storage
from metrics.errors import DataError, UnavailableError, UsageError, reason_of
from metrics.files import replacing_folder, write_text
from metrics.models.hf_folder import feature_settings
from metrics.models.tokenizers import load_tokenizer

CARD_NAME = "README.md"
WEIGHTS_NAME = "model.safetensors"
CONFIG_NAME = "config.json"


@contextmanager
def new_folder(folder: Path, overwrite: bool = False) -> Iterator[Path]:
    """Yield a folder that takes the place of ``folder`` when the block ends without an error.

    Raises:
        UsageError: ``folder`` exists and may not be overwritten.
        UnavailableError: something in it cannot be written.
    """
    refuse_existing(folder, overwrite)
    try:
        with replacing_folder(folder, overwrite=overwrite) as part:
            yield part
    except (OSError, SafetensorError) as error:
        raise UnavailableError(
            f"cannot write {folder} ({error}); free some space or choose another folder with --out"
        ) from error


def refuse_existing(folder: Path, overwrite: bool) -> None:
    """Raise `UsageError` if ``folder`` exists and may not be overwritten, or is no checkpoint."""
    if not folder.exists():
        return
    if not overwrite:
        raise UsageError(f"{folder} exists; choose another --name, or replace it with --overwrite")
    if not (folder / CONFIG_NAME).is_file():
        raise UsageError(f"{folder} exists and is no checkpoint; choose another --name")


def save_model(model: Any, processor_folder: Path, folder: Path, storage: Storage = "fp32") -> None:
    """Save a ClapModel with its processor.

    Args:
        model: as `finetune.training.model.PairEmbedder.finished_model` gave it.
        processor_folder: with the feature settings and the tokenizer that it was trained with.
        folder: exists.
        storage: of floating-point weights on disk; ``config.json`` says float32 always, which is how they are loaded.
    """
    model.save_pretrained(folder, safe_serialization=True)
    if storage == "fp16":
        _store_halved(folder / WEIGHTS_NAME)
    ClapFeatureExtractor.from_dict(feature_settings(processor_folder)).save_pretrained(folder)
    load_tokenizer(processor_folder).save_pretrained(folder)


def save_record(record: dict[str, Any], folder: Path) -> None:
    """Write ``training.json``."""
    write_text(folder / TRAINING_NAME, json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def read_record(folder: Path) -> dict[str, Any]:
    """Read ``training.json``.

    Raises:
        DataError: there is none, or it is damaged.
    """
    record = read_training(folder)
    if record is None:
        raise DataError(f"{folder} has no {TRAINING_NAME}: it was not made by 'finetune'; give a folder that was")
    return record


def push_to_hub(folder: Path, repository: str) -> str:
    """Upload a checkpoint folder to the Hugging Face hub, to a private repository if it is new, and return its address.

    Raises:
        UnavailableError: the hub does not answer, or refuses.
    """
    from huggingface_hub import HfApi

    try:
        api = HfApi()
        api.create_repo(repository, private=True, exist_ok=True)
        return str(api.upload_folder(repo_id=repository, folder_path=folder))
    except Exception as error:
        raise UnavailableError(
            f"cannot push {folder} to {repository!r} ({reason_of(error)}); the checkpoint is complete on this machine: "
            f"log in with 'hf auth login' and run 'finetune push {folder.name} {repository}'"
        ) from error


def _store_halved(path: Path) -> None:
    weights = load_file(path)
    halved = {name: value.half() if value.is_floating_point() else value for name, value in weights.items()}
    save_file(halved, path, metadata={"format": "pt"})
