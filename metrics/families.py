"""The scorers of this package in one table: what each is called, where its code is, and what it needs."""

from __future__ import annotations

from dataclasses import dataclass

from metrics.plugins.contract import Origin

MODELS = ("huggingface_hub>=0.25", "safetensors>=0.4.3", "torch>=2.6", "transformers>=4.45,<6")
"""What every scorer with a CLAP model imports, as in pyproject.toml."""


@dataclass(frozen=True, slots=True)
class ScorerFamily:
    """One entry of the registry.

    Attributes:
        name: what stands before the colon in ``--metrics``.
        target: ``"module:factory"``; ``factory(argument: str | None, options: ScorerOptions) -> Scorer``.
        summary: one line for ``bench metrics``.
        extra: the pip extra that brings its packages, if the core alone is not enough.
        requires: import names that must be installed.
        isolated: what an environment of its own must install for it, beyond `metrics.isolated.environments.CORE`.
        status: ``"module:function"``; ``function(argument) -> Availability`` looks for the weights, loading nothing.
        variants: ``"module:function"``; ``function() -> list[str]`` gives the arguments behind ``family:all``.
        origin: the package of a plugin; None for a built-in family.
        clash: why a plugin's name cannot be used.
        is_baseline: it knows nothing, or one trivial thing, of a pair (`metrics.baselines`).
    """

    name: str
    target: str
    summary: str
    extra: str | None = None
    requires: tuple[str, ...] = ()
    isolated: tuple[str, ...] = ()
    status: str | None = None
    variants: str | None = None
    origin: Origin | None = None
    clash: str | None = None
    is_baseline: bool = False


ISOLATED = ScorerFamily(
    "isolated",
    "metrics.isolated.scorer:make_isolated",
    "a scorer in a virtual environment of its own, built for it (isolated:NAME)",
    status="metrics.isolated.scorer:isolated_status",
    variants="metrics.families:isolated_names",
)
"""Target and status also take what the environment must have; see `metrics.isolated.scorer`."""

BUILT_IN: tuple[ScorerFamily, ...] = (
    ScorerFamily(
        "laion",
        "metrics.models.laion:make_laion",
        "LAION CLAP (laion:CHECKPOINT or laion:FILE.pt for others than 630k-audioset-best)",
        extra="laion",
        requires=("laion_clap", "torchvision"),
        isolated=(*MODELS, "laion-clap==1.1.7", "torchvision", "setuptools<81"),
        status="metrics.models.laion:laion_status",
    ),
    ScorerFamily(
        "ms",
        "metrics.models.ms:make_ms",
        "Microsoft CLAP 2023 (ms:2022 for the older model)",
        extra="ms",
        requires=("msclap",),
        isolated=(*MODELS, "msclap==1.3.4", "torchaudio"),
        status="metrics.models.ms:ms_status",
    ),
    ScorerFamily(
        "human",
        "metrics.models.hf_clap:HUMAN.make",
        "Human-CLAP, fine-tuned on human ratings (human:NAME for other variants)",
        status="metrics.models.hf_clap:HUMAN.status",
        variants="metrics.models.variants:variant_names",
    ),
    ScorerFamily(
        "laion-hf",
        "metrics.models.hf_clap:LAION_HF.make",
        "LAION CLAP in transformers' format (laion-hf:NAME)",
        status="metrics.models.hf_clap:LAION_HF.status",
    ),
    ScorerFamily(
        "hf",
        "metrics.models.hf_clap:HF.make",
        "any transformers ClapModel (hf:HUB_ID or hf:FOLDER)",
        status="metrics.models.hf_clap:HF.status",
    ),
    ScorerFamily(
        "tiny",
        "metrics.models.hf_clap:TINY_CLAP.make",
        "a very small CLAP, shipped with this package, for the demo's sounds only",
        status="metrics.models.hf_clap:TINY_CLAP.status",
    ),
    ISOLATED,
    ScorerFamily(
        "random",
        "metrics.baselines:make_random",
        "uniform noise keyed by clip and caption: the floor",
        is_baseline=True,
    ),
    ScorerFamily(
        "caption-length", "metrics.baselines:make_caption_length", "number of words in the caption", is_baseline=True
    ),
    ScorerFamily("duration", "metrics.baselines:make_duration", "length of the clip in seconds", is_baseline=True),
    ScorerFamily(
        "loudness", "metrics.baselines:make_loudness", "root-mean-square level of the clip in dBFS", is_baseline=True
    ),
)


ONE_FILE = ScorerFamily("FILE.py:FUNCTION", "metrics.plugins.one_file:make", "a scorer in one file")


def isolated_names() -> list[str]:
    """Return the built-in scorers that bring packages of their own: what ``isolated:all`` stands for."""
    return [family.name for family in BUILT_IN if family.isolated]
