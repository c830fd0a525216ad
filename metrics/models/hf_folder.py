"""The folder of a transformers ClapModel and its processor: which files are in it, and what they say.

Nothing here imports torch or transformers.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from metrics.errors import DataError
from metrics.files import read_json
from metrics.models.hub import find_file

WEIGHTS = ("model.safetensors", "pytorch_model.bin")
MODEL_FILES = (("config.json",), WEIGHTS)
SETTINGS = ("preprocessor_config.json", "processor_config.json")
POSITIVE_SETTINGS = {"sampling_rate", "max_length_s", "hop_length", "fft_window_size"}
PROCESSOR_FILES = (("tokenizer.json", "vocab.json"), SETTINGS)
OPTIONAL_FILES = ("tokenizer_config.json", "special_tokens_map.json", "vocab.json", "merges.txt")
MODEL_BYTES = 614_000_000


def feature_settings(processor_folder: Path) -> dict[str, Any]:
    """Return the settings of the ClapFeatureExtractor saved in a folder by transformers 4 or 5.

    Raises:
        DataError: there are none.
    """
    path = find_file(processor_folder, SETTINGS)
    try:
        settings = read_json(path)
        settings = {"sampling_rate": 48_000, "max_length_s": 10, **settings.get("feature_extractor", settings)}
        for name in sorted(POSITIVE_SETTINGS & settings.keys()):
            if not (isinstance(settings[name], int | float) and settings[name] > 0):
                raise ValueError(f"{name} is {settings[name]!r}")
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise DataError(f"{path} is not a saved feature extractor ({error}); save the model again") from error
    return settings


def settings_digest(model_folder: Path, processor_folder: Path) -> str:
    """Return a short hash of the small files that decide how a model hears and reads, by name and content."""
    files = {model_folder / "config.json", *processor_folder.glob("*.json"), *processor_folder.glob("*.txt")}
    digest = hashlib.sha256()
    for path in sorted(files, key=lambda path: path.name):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:8]
