"""Names of scorers, and where their code is.

A name is ``family`` or ``family:argument`` (``laion:music_audioset``, ``human:wsce+mae``, ``hf:./checkpoint``).
Each family maps to a ``"module:factory"`` string, so that listing imports no model code. The factory is called as
``factory(argument, options)``. Installed packages add families under the entry-point group
``clap_bench.scorers``; a plugin cannot take a built-in name.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from metrics.errors import ClapBenchError, UnavailableError, UsageError, did_you_mean
from metrics.types import Scorer, ScorerOptions

ENTRY_POINT_GROUP = "clap_bench.scorers"


@dataclass(frozen=True, slots=True)
class ScorerFamily:
    """One entry of the registry.

    Attributes:
        name: what stands before the colon in ``--metrics``.
        target: ``"module:factory"``; ``factory(argument: str | None, options: ScorerOptions) -> Scorer``.
        summary: one line for ``bench metrics``.
        extra: the pip extra that brings its packages, if the core alone is not enough.
        requires: import names that must be installed.
        status: ``"module:function"``; ``function(argument) -> Availability`` looks for the weights, loading nothing.
        variants: ``"module:function"``; ``function() -> list[str]`` gives the arguments behind ``family:all``.
    """

    name: str
    target: str
    summary: str
    extra: str | None = None
    requires: tuple[str, ...] = ()
    status: str | None = None
    variants: str | None = None


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether a scorer can run on this machine and, if not, why and what to do.

    Attributes:
        available: everything it needs is here.
        reason: why not, or ``"ready"``.
        remedy: what to do about it.
        downloadable: what is missing is a file that will be fetched when the scorer is built, if the hub answers.
    """

    available: bool
    reason: str = "ready"
    remedy: str = ""
    downloadable: bool = False


BUILT_IN: tuple[ScorerFamily, ...] = (
    ScorerFamily(
        "laion",
        "metrics.laion:make_laion",
        "LAION CLAP (laion:CHECKPOINT or laion:FILE.pt for others than 630k-audioset-best)",
        extra="laion",
        requires=("laion_clap", "torchvision"),
        status="metrics.laion:laion_status",
    ),
    ScorerFamily(
        "ms",
        "metrics.ms:make_ms",
        "Microsoft CLAP 2023 (ms:2022 for the older model)",
        extra="ms",
        requires=("msclap",),
        status="metrics.ms:ms_status",
    ),
    ScorerFamily(
        "human",
        "metrics.hf_clap:make_human",
        "Human-CLAP, fine-tuned on human ratings (human:NAME for other variants)",
        status="metrics.hf_clap:human_status",
        variants="metrics.variants:variant_names",
    ),
    ScorerFamily(
        "laion-hf",
        "metrics.hf_clap:make_laion_hf",
        "LAION CLAP in transformers' format (laion-hf:NAME)",
        status="metrics.hf_clap:laion_status",
    ),
    ScorerFamily(
        "hf",
        "metrics.hf_clap:make_hf",
        "any transformers ClapModel (hf:HUB_ID or hf:FOLDER)",
        status="metrics.hf_clap:any_status",
    ),
    ScorerFamily(
        "tiny",
        "metrics.hf_clap:make_tiny",
        "a very small CLAP, shipped with this package, for the demo's sounds only",
        status="metrics.hf_clap:tiny_status",
    ),
    ScorerFamily("random", "metrics.baselines:make_random", "uniform noise keyed by clip and caption: the floor"),
    ScorerFamily("caption-length", "metrics.baselines:make_caption_length", "number of words in the caption"),
    ScorerFamily("duration", "metrics.baselines:make_duration", "length of the clip in seconds"),
    ScorerFamily("loudness", "metrics.baselines:make_loudness", "root-mean-square level of the clip in dBFS"),
)


def known_families() -> Mapping[str, ScorerFamily]:
    """Return built-in and plugin families by name.

    Raises:
        ClapBenchError: a plugin takes a built-in name, or two plugins take the same one.
    """
    families = {family.name: family for family in BUILT_IN}
    for point in entry_points(group=ENTRY_POINT_GROUP):
        if point.name in families:
            raise ClapBenchError(
                f"scorer name {point.name!r} of {_origin(point)} is already taken by {families[point.name].target}; "
                "uninstall one of them or ask its author to rename it"
            )
        families[point.name] = ScorerFamily(point.name, point.value, f"plugin from {_origin(point)}")
    return families


def split_name(name: str) -> tuple[ScorerFamily, str | None]:
    """Split ``family:argument`` and look the family up.

    Raises:
        UsageError: no family of that name; the message gives the nearest one and the list.
    """
    families = known_families()
    family, _, argument = name.partition(":")
    if family not in families:
        hint = did_you_mean(family, families)
        raise UsageError(f"unknown metric {name!r}{hint} (known: {', '.join(families)}; see 'bench metrics')")
    return families[family], argument or None


def expand_names(names: str) -> list[str]:
    """Turn the value of ``--metrics`` into a list of names: commas split, ``family:all`` expanded, duplicates refused.

    Raises:
        UsageError: an unknown or repeated name, or nothing at all.
    """
    expanded: list[str] = []
    for name in (part.strip() for part in names.split(",") if part.strip()):
        family, argument = split_name(name)
        if argument == "all" and family.variants is not None:
            expanded += [f"{family.name}:{variant}" for variant in _resolve(family.variants)()]
        else:
            expanded.append(name)
    repeated = {name for name in expanded if expanded.count(name) > 1}
    if repeated:
        raise UsageError(f"metric named twice in --metrics: {', '.join(sorted(repeated))}; name each once")
    if not expanded:
        raise UsageError("--metrics is empty; name at least one metric, or leave it out (see 'bench metrics')")
    return expanded


def availability(name: str) -> Availability:
    """Say whether ``name`` can run here, without loading its packages or weights."""
    family, argument = split_name(name)
    missing = [package for package in family.requires if importlib.util.find_spec(package) is None]
    if missing:
        extra = f"[{family.extra}]" if family.extra else ""
        return Availability(False, f"package not installed: {', '.join(missing)}", f"pip install 'clap-bench{extra}'")
    if family.status is None:
        return Availability(True)
    answer: Availability = _resolve(family.status)(argument)
    return answer


def make_scorer(name: str, options: ScorerOptions) -> Scorer:
    """Build the scorer called ``name``.

    Raises:
        UsageError: unknown name.
        UnavailableError: its packages or weights are not here, or its module does not import.
    """
    state = availability(name)
    if not state.available and not state.downloadable:
        raise UnavailableError(f"metric {name!r} cannot run here: {state.reason}; {state.remedy}")
    family, argument = split_name(name)
    scorer: Scorer = _resolve(family.target)(argument, options)
    return scorer


def _origin(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else point.value


def _resolve(target: str):  # type: ignore[no-untyped-def]
    module_name, _, attribute = target.partition(":")
    try:
        return getattr(importlib.import_module(module_name), attribute)
    except (ImportError, AttributeError) as error:
        raise UnavailableError(
            f"cannot load {target!r}: {type(error).__name__}: {error}; reinstall the package that provides it"
        ) from error
