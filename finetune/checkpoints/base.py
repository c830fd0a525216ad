"""Where training starts: a ClapModel by hub id, folder or metric name, or one of laion_clap's ``.pt`` files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from metrics.errors import UnavailableError, UsageError
from metrics.models import hf_clap, hub
from metrics.models.hf_clap import FAMILIES, ClapSource
from metrics.models.hf_folder import WEIGHTS
from metrics.models.variants import PUBLISHED
from metrics.registry import known_families


@dataclass(frozen=True, slots=True)
class Base:
    """A model to start from.

    Attributes:
        name: as the user wrote it.
        model: folder with ``config.json`` and weights.
        processor: folder with the feature settings and the tokenizer.
        sha256: of the weights file.
    """

    name: str
    model: Path
    processor: Path
    sha256: str


def find_base(name: str) -> Base:
    """Return the model called ``name``, downloading it or converting it if need be.

    Raises:
        UsageError: the name is a metric that is no ClapModel.
        UnavailableError: the model is not here and cannot be fetched.
        DataError: a ``.pt`` file is not one of laion_clap.
    """
    if name.endswith(".pt"):
        from finetune.checkpoints.convert import converted

        return _base(name, *converted(Path(name).expanduser()))
    source = _source(name)
    state = source.status()
    if not state.available and not state.downloadable:
        raise UnavailableError(f"base {name!r} is not here: {state.reason}; {state.remedy}")
    return _base(name, *source.fetch())


def _source(name: str) -> ClapSource:
    published = {files.repo: variant for variant, files in PUBLISHED.items()}
    if name in published:  # they have no processor of their own
        return hf_clap.human_source(published[name])
    family, _, argument = name.partition(":")
    if Path(name).expanduser().is_dir() or (family not in FAMILIES and family not in known_families()):
        return hf_clap.any_source(name)
    if family not in FAMILIES:
        raise UsageError(
            f"base {name!r} is no transformers ClapModel, which is what is trained here; give one of "
            f"{', '.join(FAMILIES)}, a hub id, a folder, or a laion_clap .pt file"
        )
    return FAMILIES[family].source(argument or None)


def _base(name: str, model: Path, processor: Path) -> Base:
    return Base(name, model, processor, hub.sha256_of(hub.find_file(model, WEIGHTS)))
