"""Where the Human-CLAP variants are: published on the hub, shipped with this package, or trained on this machine.

Names are what stands after ``human:``; the published ones are those of the paper's tables. A name is looked up in
this order: published, shipped, local. Training must not take a name that exists (see `is_taken`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from metrics.errors import UnavailableError, did_you_mean
from metrics.files import human_folder
from metrics.models.hf_folder import MODEL_BYTES, MODEL_FILES
from metrics.models.hub import HubFiles

DEFAULT_VARIANT = "wsce+mae"


def _published(name: str, revision: str | None = None, sha256: str | None = None) -> HubFiles:
    return HubFiles(f"sarulab-speech/human-clap-{name}", MODEL_FILES, (), revision, sha256, MODEL_BYTES)


PUBLISHED: Mapping[str, HubFiles] = {
    "wsce+mae": _published(
        "wsce-mae",
        "06788887d254df15db5c0ca9d54da39d46188063",
        "09357f504d52900cb1bc3bf2fe1f3173dd1702781ef0bdedb122a6e47d4c5c61",
    ),
    "wsce+mse": _published("wsce-mse"),
    "wsce": _published("wsce"),
    "mse": _published("mse"),
    "mae": _published("mae"),
    "mse+mae": _published("mse-mae"),
    "wsce+mse+mae": _published("wsce-mse-mae"),
}
"""By variant; commit and hash where they are known. Whether ``mae`` was published could not be confirmed."""

SHIPPED_FOLDER = Path(__file__).parents[1] / "checkpoints"

TINY = "tiny"
"""The shipped model that was trained on no ratings: a metric of its own, and no variant."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A Human-CLAP variant: files on the hub, or a folder with a transformers ClapModel and its processor."""

    name: str
    origin: Literal["published", "shipped", "local"]
    location: HubFiles | Path


def known_variants() -> dict[str, Variant]:
    """Return every variant by name: published, then shipped, then local."""
    known = {name: Variant(name, "published", files) for name, files in PUBLISHED.items()}
    for origin, folder in (("shipped", SHIPPED_FOLDER), ("local", human_folder())):
        for path in sorted(folder.glob("*/config.json")):
            if path.parent != SHIPPED_FOLDER / TINY:
                known.setdefault(path.parent.name, Variant(path.parent.name, origin, path.parent))  # type: ignore[arg-type]
    return known


def find_variant(name: str | None) -> Variant:
    """Return the variant called ``name``; None means the one that the paper recommends, ``wsce+mae``.

    Raises:
        UnavailableError: no such variant; the message lists those that exist.
    """
    known = known_variants()
    wanted = name or DEFAULT_VARIANT
    if wanted not in known:
        raise UnavailableError(
            f"no Human-CLAP variant {wanted!r}{did_you_mean(wanted, known)} (known: {', '.join(known)}); "
            "'finetune train' makes new ones"
        )
    return known[wanted]


def is_taken(name: str) -> bool:
    """Say whether a new variant of this name would never be found, because a published or shipped one has it."""
    return name in known_variants() and known_variants()[name].origin != "local"


def variant_names() -> list[str]:
    """Return what ``human:all`` stands for."""
    return list(known_variants())
