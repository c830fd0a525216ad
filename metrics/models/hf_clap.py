"""The metrics ``human``, ``laion-hf``, ``tiny`` and ``hf``: CLAPScore by a transformers ClapModel.

``human:NAME`` is a Human-CLAP variant (`metrics.models.variants`), heard as its authors do: 48 kHz, windows of 10 s,
``repeatpad``, the processor of laion/clap-htsat-fused. ``laion-hf:NAME`` is LAION CLAP in transformers' format.
``hf:ID_OR_DIR`` is any other ClapModel. Nothing here imports torch before a model is needed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from metrics.clap_score import ClapScorer, clap_spec
from metrics.encoder import LazyEncoder
from metrics.errors import UnavailableError, UsageError, did_you_mean
from metrics.models import hub
from metrics.models.hf_folder import (
    MODEL_BYTES,
    MODEL_FILES,
    OPTIONAL_FILES,
    PROCESSOR_FILES,
    SETTINGS,
    WEIGHTS,
    feature_settings,
    settings_digest,
)
from metrics.models.hub import HubFiles
from metrics.models.variants import SHIPPED_FOLDER, TINY, find_variant
from metrics.types import Availability, ScorerOptions

PROCESSOR = HubFiles(
    "laion/clap-htsat-fused", PROCESSOR_FILES, OPTIONAL_FILES, revision="365dea6ef167def6676140ed93bbc43f84dabb28"
)

LAION_REVISIONS = {
    "clap-htsat-unfused": "8fa0f1c6d0433df6e97c127f64b2a1d6c0dcda8a",
    "clap-htsat-fused": "365dea6ef167def6676140ed93bbc43f84dabb28",
    "larger_clap_general": "ada0c23a36c4e8582805bb38fec3905903f18b41",
    "larger_clap_music_and_speech": None,
}
COLLAPSED = {
    "laion/larger_clap_music": (
        "the published file gives every caption the same direction (cosines of .9993 between captions, where others "
        "have .2 to .3; see https://github.com/embeddings-benchmark/mteb/issues/5069), so that its scores say nothing",
        "laion:music_audioset, LAION's own file of that model",
    )
}
"""Published models whose scores mean nothing, why, and what to use instead."""

DEFAULT_LAION = "clap-htsat-unfused"


@dataclass(frozen=True, slots=True)
class ClapSource:
    """Where a ClapModel and its processor come from: hub files or folders."""

    model: HubFiles | Path
    processor: HubFiles | Path

    def status(self) -> Availability:
        """Say whether both are on this machine."""
        return hub.status(*(part for part in (self.model, self.processor) if isinstance(part, HubFiles)))

    def fetch(self) -> tuple[Path, Path]:
        """Return the folders of model and processor, downloading what is missing; see `metrics.models.hub.fetch`."""
        model, processor = (
            part if isinstance(part, Path) else hub.fetch(part) for part in (self.model, self.processor)
        )
        return model, processor


def human_source(argument: str | None) -> ClapSource:
    """Return where the Human-CLAP variant called ``argument`` is."""
    location = find_variant(argument).location
    return _folder_source(location) if isinstance(location, Path) else ClapSource(location, PROCESSOR)


def laion_source(argument: str | None) -> ClapSource:
    """Return where LAION's model called ``argument`` is."""
    name = argument or DEFAULT_LAION
    _refuse_collapsed(f"laion/{name}")
    if name not in LAION_REVISIONS:
        known = ", ".join(LAION_REVISIONS)
        raise UsageError(f"unknown model 'laion-hf:{name}'{did_you_mean(name, LAION_REVISIONS)} (known: {known})")
    return _hub_source(f"laion/{name}", LAION_REVISIONS[name])


def tiny_source(argument: str | None) -> ClapSource:
    """Return where the model shipped with this package is, trained from scratch on the demo's sounds."""
    if argument is not None:
        raise UsageError(
            f"metric 'tiny' takes no argument, got {argument!r}; leave it out, or name a variant: human:tiny-…"
        )
    return _folder_source(SHIPPED_FOLDER / TINY)


def any_source(argument: str | None) -> ClapSource:
    """Return where the model with this hub id, or in this folder, is."""
    if argument is None:
        raise UsageError("metric 'hf' needs a model; write hf:HUB_ID or hf:FOLDER")
    folder = Path(argument).expanduser()
    if folder.is_dir():
        return _folder_source(folder)
    if argument.count("/") != 1 or argument.startswith((".", "/", "~")):
        raise UnavailableError(f"'hf:{argument}': no such folder, and not a hub id; give ORGANISATION/NAME or a folder")
    return _hub_source(argument, None)


@dataclass(frozen=True, slots=True)
class ClapFamily:
    """A metric of the registry that is a transformers ClapModel.

    Attributes:
        name: what stands before the colon in ``--metrics``.
        source: where the model is that stands behind it.
        needs_argument: what to write, where the name alone is no model.
    """

    name: str
    source: Callable[[str | None], ClapSource]
    needs_argument: str | None = None

    def status(self, argument: str | None) -> Availability:
        """Say whether the model is on this machine."""
        if argument is None and self.needs_argument is not None:
            return Availability(True, self.needs_argument)
        return self.source(argument).status()

    def make(self, argument: str | None, options: ScorerOptions) -> ClapScorer:
        """Build ``NAME`` or ``NAME:ARGUMENT``."""
        name = f"{self.name}:{argument}" if argument else self.name
        return _make(name, self.source(argument), options)


HUMAN = ClapFamily("human", human_source)
LAION_HF = ClapFamily("laion-hf", laion_source)
HF = ClapFamily("hf", any_source, needs_argument="give a model: hf:HUB_ID or hf:FOLDER")
TINY_CLAP = ClapFamily("tiny", tiny_source)

FAMILIES = {family.name: family for family in (HUMAN, LAION_HF, HF, TINY_CLAP)}
"""The metrics that are a transformers ClapModel, by name; `metrics.registry` says what each is for."""


def _make(name: str, source: ClapSource, options: ScorerOptions) -> ClapScorer:
    model, processor = source.fetch()
    settings = feature_settings(processor)
    spec = clap_spec(
        options,
        name=name,
        checkpoint=_identity(source.model, model),
        sha256=hub.sha256_of(hub.find_file(model, WEIGHTS)),
        published_sha256=hub.published_sha256(source.model),
        text_encoder=f"roberta:{_identity(source.processor, processor)}",
        sample_rate_hz=settings["sampling_rate"],
        window_s=settings["max_length_s"],
        packages=("transformers",),
        settings=(("config", settings_digest(model, processor)),),
    )
    return ClapScorer(LazyEncoder(spec, "metrics.models.hf_model:build", model, processor, options), options, model)


def _identity(source: HubFiles | Path, folder: Path) -> str:
    return f"{source.repo}@{folder.name[:8]}" if isinstance(source, HubFiles) else folder.name


def _folder_source(folder: Path) -> ClapSource:
    has_processor = any((folder / name).is_file() for name in SETTINGS)
    return ClapSource(folder, folder if has_processor else PROCESSOR)


def _refuse_collapsed(repo: str) -> None:
    if repo in COLLAPSED:
        reason, other = COLLAPSED[repo]
        raise UsageError(f"{repo} is refused: {reason}; use {other}")


def _hub_source(repo: str, revision: str | None) -> ClapSource:
    _refuse_collapsed(repo)
    model = HubFiles(repo, MODEL_FILES, (), revision, n_bytes=MODEL_BYTES)
    return ClapSource(model, HubFiles(repo, PROCESSOR_FILES, OPTIONAL_FILES, revision))
