"""The metric ``laion``: CLAPScore by the laion-clap package, the baseline of most papers.

``laion`` is ``laion:630k-audioset-best``; other published checkpoints, or a path to a ``.pt`` file, go after the
colon. Clips are heard as laion_clap hears files: 48 kHz, 16-bit samples, windows of 10 s, ``repeatpad``. Nothing here
imports torch before a model is needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from metrics.clap_score import ClapScorer, clap_spec
from metrics.encoder import LazyEncoder
from metrics.errors import UnavailableError, UsageError, did_you_mean
from metrics.models import hub
from metrics.models.hub import HubFiles
from metrics.types import Availability, ScorerOptions
from metrics.windows import Listening

SAMPLE_RATE_HZ = 48_000
WINDOW_S = 10

REPO = "lukewys/laion_clap"
REVISION = "b3708341862f581175dba5c356a4ebf74a9b6651"


def _published(file_name: str, n_bytes: int | None = None, sha256: str | None = None) -> HubFiles:
    return HubFiles(REPO, ((file_name,),), (), REVISION, sha256, n_bytes)


CHECKPOINTS: Mapping[str, HubFiles] = {
    "630k-audioset-best": _published(
        "630k-audioset-best.pt", 1_863_587_645, "8053c9775516af2f4902e1e8281e356cc1bf7a85e8b761908170767b77c3f037"
    ),
    "630k-best": _published("630k-best.pt"),
    "630k-fusion-best": _published("630k-fusion-best.pt"),
    "630k-audioset-fusion-best": _published("630k-audioset-fusion-best.pt"),
    "music_audioset": _published(
        "music_audioset_epoch_15_esc_90.14.pt",
        2_352_471_003,
        "fae3e9c087f2909c28a09dc31c8dfcdacbc42ba44c70e972b58c1bd1caf6dedd",
    ),
    "music_speech": _published("music_speech_epoch_15_esc_89.25.pt"),
    "music_speech_audioset": _published("music_speech_audioset_epoch_15_esc_89.98.pt"),
}
"""Published checkpoints, by the name after the colon; sizes and hashes where they are known."""

DEFAULT_CHECKPOINT = "630k-audioset-best"

ROBERTA = HubFiles(
    "roberta-base",
    (("tokenizer.json", "vocab.json"), ("config.json",)),
    ("merges.txt", "vocab.json", "tokenizer_config.json"),
    revision="e2da8e2f811d1448a5b465c236feacd80ffbac7b",
)
"""Tokenizer and architecture of the text tower; its weights are part of the checkpoint."""


def checkpoint_source(argument: str | None) -> HubFiles | Path:
    """Return where the checkpoint called ``argument`` is: on the hub, or a file.

    Raises:
        UsageError: neither a published name nor a path.
        UnavailableError: a path where no file is.
    """
    name = argument or DEFAULT_CHECKPOINT
    for short_name, files in CHECKPOINTS.items():
        if name.removesuffix(".pt") in (short_name, files.required[-1][0].removesuffix(".pt")):
            return files
    path = Path(name).expanduser()
    if path.is_file():
        return path
    if path.suffix or "/" in name:
        raise UnavailableError(
            f"'laion:{name}': no such checkpoint file; give the path of a .pt file, or one of {', '.join(CHECKPOINTS)}"
        )
    known = ", ".join(CHECKPOINTS)
    raise UsageError(f"unknown checkpoint 'laion:{name}'{did_you_mean(name, CHECKPOINTS)} (known: {known}, or a path)")


def needed_files(argument: str | None) -> tuple[HubFiles, ...]:
    """Return what must be in the Hugging Face cache for ``laion:argument``."""
    source = checkpoint_source(argument)
    return (source, ROBERTA) if isinstance(source, HubFiles) else (ROBERTA,)


def laion_status(argument: str | None) -> Availability:
    return hub.status(*needed_files(argument))


def listening(options: ScorerOptions) -> Listening:
    """Return how laion_clap hears files."""
    n_window = SAMPLE_RATE_HZ * WINDOW_S
    return Listening(SAMPLE_RATE_HZ, n_window, "repeatpad", options.window, options.seed, int16=True)


def make_laion(argument: str | None, options: ScorerOptions) -> ClapScorer:
    """Build ``laion`` or ``laion:CHECKPOINT``."""
    source = checkpoint_source(argument)
    checkpoint = hub.fetch_file(source)
    text_folder = hub.fetch(ROBERTA)
    spec = clap_spec(
        options,
        name=f"laion:{argument}" if argument else "laion",
        checkpoint=checkpoint.name,
        sha256=hub.sha256_of(checkpoint),
        published_sha256=hub.published_sha256(source),
        text_encoder=f"roberta-base@{text_folder.name[:8]}",
        sample_rate_hz=SAMPLE_RATE_HZ,
        window_s=WINDOW_S,
        packages=("laion-clap", "transformers"),
    )
    builder = "metrics.models.laion_model:build"
    return ClapScorer(LazyEncoder(spec, builder, checkpoint, text_folder, listening(options), options), options)
