"""The metric ``ms``: CLAPScore by Microsoft's CLAP (package msclap).

``ms`` is ``ms:2023`` (HTS-AT and GPT-2, windows of 7 s); ``ms:2022`` is CNN14 and BERT with windows of 5 s; a path to
a ``.pth`` file of either, ``2023=FILE`` or ``2022=FILE``, goes after the colon too. Clips are heard at 44.1 kHz and
repeated to the window as msclap does. Nothing here imports torch before a model is needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from metrics import clap_score
from metrics.clap_score import ClapScorer
from metrics.encoder import DualEncoder, LazyEncoder, share
from metrics.errors import UnavailableError, UsageError
from metrics.models import hub
from metrics.models.hub import HubFiles
from metrics.types import Availability, ScorerOptions, ScorerSpec

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


def make_ms(argument: str | None, options: ScorerOptions) -> ClapScorer:
    """Build ``ms``, ``ms:2022`` or ``ms:VERSION=PATH``."""
    version, source = parse_argument(argument)
    checkpoint = hub.fetch_file(source)
    text_folder = hub.fetch(VERSIONS[version].text_model)
    spec = _spec(version, source, checkpoint, text_folder, options)

    def build() -> DualEncoder:
        from metrics.models.ms_model import MsEncoder, load_ms

        return MsEncoder(
            spec, VERSIONS[version], share(load_ms, version, checkpoint, text_folder, device=options.device), options
        )

    return ClapScorer(LazyEncoder(spec, build), options)


def _spec(
    version: str, source: HubFiles | Path, checkpoint: Path, text_folder: Path, options: ScorerOptions
) -> ScorerSpec:
    sha256 = hub.sha256_of(checkpoint)
    published = source.sha256 if isinstance(source, HubFiles) else None
    return ScorerSpec(
        name="ms" if version == DEFAULT_VERSION else f"ms:{version}",
        checkpoint=checkpoint.name,
        checkpoint_sha256=sha256,
        text_encoder=f"{VERSIONS[version].text_model.repo}@{text_folder.name[:8]}",
        sample_rate_hz=SAMPLE_RATE_HZ,
        window=f"{options.window}:{VERSIONS[version].window_s}s",
        precision=options.precision,
        packages=clap_score.packages("msclap", "transformers"),
        options=(*clap_score.published_option(sha256, published), *clap_score.run_options(options)),
    )
