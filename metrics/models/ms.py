"""The metric ``ms``: CLAPScore by Microsoft's CLAP (package msclap).

``ms`` is ``ms:2023`` (HTS-AT and GPT-2, windows of 7 s); ``ms:2022`` is CNN14 and BERT with windows of 5 s; a path to
a ``.pth`` file of either, ``2023=FILE`` or ``2022=FILE``, goes after the colon too. Clips are heard at 44.1 kHz and
repeated to the window as msclap does. Nothing here imports torch before a model is needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from metrics.clap_score import ClapScorer, clap_spec
from metrics.encoder import LazyEncoder
from metrics.errors import UnavailableError, UsageError
from metrics.models import hub
from metrics.models.hub import HubFiles
from metrics.types import Availability, ScorerOptions
from metrics.windows import Listening

SAMPLE_RATE_HZ = 44_100
REPO = "microsoft/msclap"
DEFAULT_VERSION = "2023"


@dataclass(frozen=True, slots=True)
class MsVersion:
    """One of the two published models.

    Attributes:
        checkpoint: its weights.
        text_model: configuration and tokenizer of the text tower, whose weights are part of the checkpoint.
        window_s: length of the model's window.
        max_tokens: positions of the text tower. msclap pads to 77 (100) tokens, but takes longer captions whole.
    """

    checkpoint: HubFiles
    text_model: HubFiles
    window_s: int
    max_tokens: int


VERSIONS: Mapping[str, MsVersion] = {
    "2023": MsVersion(
        HubFiles(
            REPO,
            (("CLAP_weights_2023.pth",),),
            sha256="2cef4016d47d00eb28d153d522f397222057f95000e9bad6b9583c631284a1e6",
            n_bytes=689_950_036,
        ),
        HubFiles(
            "gpt2",
            (("tokenizer.json", "vocab.json"), ("config.json",)),
            ("merges.txt", "vocab.json", "tokenizer_config.json"),
            revision="607a30d783dfa663caf39e06633721c8d4cfcd7e",
        ),
        window_s=7,
        max_tokens=1024,
    ),
    "2022": MsVersion(
        HubFiles(REPO, (("CLAP_weights_2022.pth",),)),
        HubFiles(
            "bert-base-uncased",
            (("tokenizer.json", "vocab.txt"), ("config.json",)),
            ("vocab.txt", "tokenizer_config.json"),
            revision="86b5e0934494bd15c9632b12f734a8a67f723594",
        ),
        window_s=5,
        max_tokens=512,
    ),
}


def parse_argument(argument: str | None) -> tuple[str, HubFiles | Path]:
    """Return the version's name and where its checkpoint is.

    Raises:
        UsageError: neither a version nor ``VERSION=PATH``.
        UnavailableError: no file at the path.
    """
    version, _, path = (argument or DEFAULT_VERSION).partition("=")
    if version not in VERSIONS:
        known = ", ".join(VERSIONS)
        raise UsageError(f"unknown version 'ms:{argument}' (known: {known}; for a file write ms:2023=PATH)")
    if not path:
        return version, VERSIONS[version].checkpoint
    file = Path(path).expanduser()
    if not file.is_file():
        raise UnavailableError(f"'ms:{argument}': no such checkpoint file; write ms:{version}=PATH")
    return version, file


def needed_files(argument: str | None) -> tuple[HubFiles, ...]:
    """Return what must be in the Hugging Face cache for ``ms:argument``."""
    version, source = parse_argument(argument)
    text_model = VERSIONS[version].text_model
    return (source, text_model) if isinstance(source, HubFiles) else (text_model,)


def ms_status(argument: str | None) -> Availability:
    return hub.status(*needed_files(argument))


def listening(version: str, options: ScorerOptions) -> Listening:
    """Return how msclap hears clips, but for its random crops."""
    n_window = SAMPLE_RATE_HZ * VERSIONS[version].window_s
    return Listening(SAMPLE_RATE_HZ, n_window, "repeat", options.window, options.seed)


def make_ms(argument: str | None, options: ScorerOptions) -> ClapScorer:
    """Build ``ms``, ``ms:2022`` or ``ms:VERSION=PATH``."""
    version, source = parse_argument(argument)
    model = VERSIONS[version]
    checkpoint = hub.fetch_file(source)
    text_folder = hub.fetch(model.text_model)
    spec = clap_spec(
        options,
        name="ms" if version == DEFAULT_VERSION else f"ms:{version}",
        checkpoint=checkpoint.name,
        sha256=hub.sha256_of(checkpoint),
        published_sha256=hub.published_sha256(source),
        text_encoder=f"{model.text_model.repo}@{text_folder.name[:8]}",
        sample_rate_hz=SAMPLE_RATE_HZ,
        window_s=model.window_s,
        packages=("msclap", "transformers"),
    )
    arguments = (version, checkpoint, text_folder, model.max_tokens, listening(version, options), options)
    return ClapScorer(LazyEncoder(spec, "metrics.models.ms_model:build", *arguments), options)
