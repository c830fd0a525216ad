"""The metrics ``human``, ``laion-hf``, ``tiny`` and ``hf``: CLAPScore by a transformers ClapModel.

``human:NAME`` is a Human-CLAP variant (`metrics.models.variants`), heard as its authors do: 48 kHz, windows of 10 s,
``repeatpad``, the processor of laion/clap-htsat-fused. ``laion-hf:NAME`` is LAION CLAP in transformers' format.
``hf:ID_OR_DIR`` is any other ClapModel. Nothing here imports torch before a model is needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metrics import clap_score
from metrics.clap_score import ClapScorer
from metrics.encoder import DualEncoder, LazyEncoder, share
from metrics.errors import DataError, UnavailableError, UsageError, did_you_mean
from metrics.files import read_json
from metrics.models import hub
from metrics.models.hub import HubFiles
from metrics.models.variants import SHIPPED_FOLDER, TINY, find_variant
from metrics.types import Availability, ScorerOptions, ScorerSpec

WEIGHTS = ("model.safetensors", "pytorch_model.bin")
MODEL_FILES = (("config.json",), WEIGHTS)
SETTINGS = ("preprocessor_config.json", "processor_config.json")
POSITIVE_SETTINGS = {"sampling_rate", "max_length_s", "hop_length", "fft_window_size"}
PROCESSOR_FILES = (("tokenizer.json", "vocab.json"), SETTINGS)
OPTIONAL_FILES = ("tokenizer_config.json", "special_tokens_map.json", "vocab.json", "merges.txt")
MODEL_BYTES = 614_000_000

PROCESSOR = HubFiles(
    "laion/clap-htsat-fused", PROCESSOR_FILES, OPTIONAL_FILES, revision="365dea6ef167def6676140ed93bbc43f84dabb28"
)

LAION_REVISIONS = {
    "clap-htsat-unfused": "8fa0f1c6d0433df6e97c127f64b2a1d6c0dcda8a",
    "clap-htsat-fused": "365dea6ef167def6676140ed93bbc43f84dabb28",
    "larger_clap_general": "ada0c23a36c4e8582805bb38fec3905903f18b41",
    "larger_clap_music": "a0b4534a14f58e20944452dff00a22a06ce629d1",
    "larger_clap_music_and_speech": None,
}
DEFAULT_LAION = "clap-htsat-unfused"

HUMAN_REVISIONS = {"sarulab-speech/human-clap-wsce-mae": "06788887d254df15db5c0ca9d54da39d46188063"}
HUMAN_SHA256 = {
    "sarulab-speech/human-clap-wsce-mae": "09357f504d52900cb1bc3bf2fe1f3173dd1702781ef0bdedb122a6e47d4c5c61"
}


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


def feature_settings(processor_folder: Path) -> dict[str, Any]:
    """Return the settings of the ClapFeatureExtractor saved in a folder by transformers 4 or 5.

    Raises:
        DataError: there are none.
    """
    path = hub.find_file(processor_folder, SETTINGS)
    try:
        settings = read_json(path)
        settings = {"sampling_rate": 48_000, "max_length_s": 10, **settings.get("feature_extractor", settings)}
        for name in sorted(POSITIVE_SETTINGS & settings.keys()):
            if not (isinstance(settings[name], int | float) and settings[name] > 0):
                raise ValueError(f"{name} is {settings[name]!r}")
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise DataError(f"{path} is not a saved feature extractor ({error}); save the model again") from error
    return settings


def human_source(argument: str | None) -> ClapSource:
    """Return where the Human-CLAP variant called ``argument`` is."""
    variant = find_variant(argument)
    if isinstance(variant.location, Path):
        return _folder_source(variant.location)
    repo = variant.location
    model = HubFiles(
        repo, MODEL_FILES, (), HUMAN_REVISIONS.get(repo), sha256=HUMAN_SHA256.get(repo), n_bytes=MODEL_BYTES
    )
    return ClapSource(model, PROCESSOR)


def laion_source(argument: str | None) -> ClapSource:
    """Return where LAION's model called ``argument`` is."""
    name = argument or DEFAULT_LAION
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


def human_status(argument: str | None) -> Availability:
    return human_source(argument).status()


def laion_status(argument: str | None) -> Availability:
    return laion_source(argument).status()


def tiny_status(argument: str | None) -> Availability:
    return tiny_source(argument).status()


def any_status(argument: str | None) -> Availability:
    return any_source(argument).status() if argument else Availability(True, "give a model: hf:HUB_ID or hf:FOLDER")


def make_human(argument: str | None, options: ScorerOptions) -> ClapScorer:
    """Build ``human`` or ``human:NAME``."""
    return _make("human", argument, human_source(argument), options)


def make_laion_hf(argument: str | None, options: ScorerOptions) -> ClapScorer:
    """Build ``laion-hf`` or ``laion-hf:NAME``."""
    return _make("laion-hf", argument, laion_source(argument), options)


def make_tiny(argument: str | None, options: ScorerOptions) -> ClapScorer:
    """Build ``tiny``."""
    return _make("tiny", argument, tiny_source(argument), options)


def make_hf(argument: str | None, options: ScorerOptions) -> ClapScorer:
    """Build ``hf:HUB_ID`` or ``hf:FOLDER``."""
    return _make("hf", argument, any_source(argument), options)


def _make(family: str, argument: str | None, source: ClapSource, options: ScorerOptions) -> ClapScorer:
    model_folder, processor_folder = source.fetch()
    spec = _spec(f"{family}:{argument}" if argument else family, source, model_folder, processor_folder, options)

    def build() -> DualEncoder:
        from metrics.models.hf_model import HfEncoder, load_clap

        return HfEncoder(spec, share(load_clap, model_folder, processor_folder, device=options.device), options)

    return ClapScorer(LazyEncoder(spec, build), options, model_folder)


def _spec(name: str, source: ClapSource, model: Path, processor: Path, options: ScorerOptions) -> ScorerSpec:
    settings = feature_settings(processor)
    sha256 = hub.sha256_of(hub.find_file(model, WEIGHTS))
    published = source.model.sha256 if isinstance(source.model, HubFiles) else None
    small_files = {model / "config.json", *processor.glob("*.json"), *processor.glob("*.txt")}
    return ScorerSpec(
        name=name,
        checkpoint=_identity(source.model, model),
        checkpoint_sha256=sha256,
        text_encoder=f"roberta:{_identity(source.processor, processor)}",
        sample_rate_hz=settings["sampling_rate"],
        window=f"{options.window}:{settings['max_length_s']:g}s",
        precision=options.precision,
        packages=clap_score.packages("transformers"),
        options=(
            ("config", clap_score.digest_of(small_files)),
            *clap_score.published_option(sha256, published),
            *clap_score.run_options(options),
        ),
    )


def _identity(source: HubFiles | Path, folder: Path) -> str:
    return f"{source.repo}@{folder.name[:8]}" if isinstance(source, HubFiles) else folder.name


def _folder_source(folder: Path) -> ClapSource:
    has_processor = any((folder / name).is_file() for name in SETTINGS)
    return ClapSource(folder, folder if has_processor else PROCESSOR)


def _hub_source(repo: str, revision: str | None) -> ClapSource:
    model = HubFiles(repo, MODEL_FILES, (), revision, n_bytes=MODEL_BYTES)
    return ClapSource(model, HubFiles(repo, PROCESSOR_FILES, OPTIONAL_FILES, revision))
