"""Names of scorers, and where their code is.

A name is ``family`` or ``family:argument`` (``laion:music_audioset``, ``human:wsce+mae``, ``hf:./checkpoint``).
Each family maps to a ``"module:factory"`` string, so that listing imports no model code. The factory is called as
``factory(argument, options)``. Installed packages add families under the entry-point group ``clap_bench.scorers``; a
plugin cannot take a built-in name, and whether one works is found out by importing it. ``FILE.py:FUNCTION`` is a
scorer in one file (`metrics.plugins.one_file`), and ``isolated:NAME`` runs one in an environment of its own
(`metrics.isolated.scorer`), as does a file that declares requirements: here alone that is decided.
"""

from __future__ import annotations

import importlib.util
import pkgutil
from collections.abc import Iterable, Mapping
from dataclasses import replace
from importlib.metadata import EntryPoint, entry_points

from metrics.errors import PluginError, UnavailableError, UsageError, did_you_mean
from metrics.families import BUILT_IN, ISOLATED, ONE_FILE, ScorerFamily
from metrics.plugins import contract, one_file
from metrics.plugins.contract import Origin
from metrics.types import Availability, ProgressCallback, Scorer, ScorerOptions, no_progress

ENTRY_POINT_GROUP = "clap_bench.scorers"


def known_families() -> Mapping[str, ScorerFamily]:
    """Return built-in and plugin families by name.

    A plugin whose name is taken, by a built-in scorer or another plugin, is listed as ``NAME (PACKAGE)`` with its
    ``clash``: it cannot be used, and the built-in one can.
    """
    families = {family.name: family for family in BUILT_IN}
    plugin_families = [_plugin_family(point) for point in entry_points(group=ENTRY_POINT_GROUP)]
    for family in plugin_families:
        clash = _clash(family, plugin_families)
        name = f"{family.name} ({family.origin.name})" if clash and family.origin else family.name
        families[name] = replace(family, name=name, clash=clash)
    return families


def split_name(name: str) -> tuple[ScorerFamily, str | None]:
    """Split ``family:argument`` and look the family up; a one-file scorer's argument is its whole name.

    Raises:
        UsageError: no family of that name; the message gives the nearest one and the list.
    """
    families = known_families()
    family, _, argument = name.partition(":")
    if family not in families and one_file.is_file_name(name):
        return ONE_FILE, name
    if family not in families:
        clashes = [known.clash for known in families.values() if known.clash and known.name.startswith(f"{family} (")]
        hint = f": {clashes[0]}" if clashes else did_you_mean(family, families)
        raise UsageError(f"unknown metric {name!r}{hint} (known: {', '.join(families)}; see 'bench metrics')")
    return families[family], argument or None


def expand_names(names: str) -> list[str]:
    """Turn the value of ``--metrics`` into a list of names: commas split, ``family:all`` expanded, duplicates refused.

    Raises:
        UsageError: an unknown or repeated name, or nothing at all.
    """
    _refuse_other_encodings(names)
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


def _refuse_other_encodings(names: str) -> None:
    """A metric's name is the name of a column: a path in it has to be text."""
    try:
        names.encode()
    except UnicodeEncodeError:
        raise UsageError(
            f"--metrics {names!r} is not UTF-8; name a path without such characters, for instance a link to it"
        ) from None


def requirements_of(name: str) -> tuple[str, ...]:
    """Return what an environment for a scorer must have, beyond what `metrics` itself imports.

    Raises:
        UsageError: it declares nothing.
    """
    family, _ = split_name(name)
    if family is ONE_FILE:
        declared = one_file.requirements(one_file.read(name))
        if declared is None:
            raise UsageError(
                f"'isolated:{name}': the file declares no requirements; add a '# /// script' block with dependencies "
                "(docs/scorers.md), or leave 'isolated:' out"
            )
        return declared
    if family.origin is not None:
        return (family.origin.requirement,)
    if not family.isolated:
        raise UsageError(f"metric {name!r} needs no environment of its own; write just {name!r}")
    return family.isolated


def availability(name: str) -> Availability:
    """Say whether ``name`` can run, without loading its packages or weights; other people's code is loaded."""
    try:
        apart = _runs_apart(name)
        return _status_here(name) if apart is None else _status_apart(apart)
    except PluginError as error:
        return Availability(False, error.reason, error.remedy, cause=error)


def make_scorer(name: str, options: ScorerOptions) -> Scorer:
    """Build the scorer called ``name``: in this process, or in an environment of its own where it needs one.

    Raises:
        UsageError: unknown name.
        UnavailableError: its packages or weights are not here.
        PluginError: it is not built in, and does not import or builds no scorer.
    """
    apart = _runs_apart(name)
    if apart is None:
        return make_here(name, options)
    _refuse_unavailable(name, _status_apart(apart))
    scorer: Scorer = _resolve(ISOLATED.target)(apart, requirements_of(apart), options)
    return scorer


def make_here(name: str, options: ScorerOptions) -> Scorer:
    """Build the scorer called ``name`` in this process, which has what it requires; errors as of `make_scorer`."""
    family, argument = split_name(name)
    if family.origin is not None and family.clash is None:
        factory = contract.load_factory(family.origin, family.target)
        return contract.build(family.origin, factory, argument, options)
    if family is not ONE_FILE:
        _refuse_unavailable(name, _status_here(name))
    scorer: Scorer = _resolve(family.target)(argument, options)
    return scorer


def make_scorers(
    names: Iterable[str], options: ScorerOptions, progress: ProgressCallback = no_progress
) -> dict[str, Scorer]:
    """Build scorers by name; ``progress`` is told ``metric: stage``. A model is loaded when it first scores."""

    def named(name: str) -> ProgressCallback:
        return lambda stage, done, total: progress(f"{name}: {stage}", done, total)

    return {name: make_scorer(name, replace(options, progress=named(name))) for name in names}


def _runs_apart(name: str) -> str | None:
    """Return the name of the scorer that an environment of its own is for; None for one that runs in this process.

    Raises:
        PluginError: the requirements that a file declares cannot be read.
    """
    family, argument = split_name(name)
    if family is ISOLATED:
        return argument
    declares = family is ONE_FILE and one_file.requirements(one_file.read(name)) is not None
    return name if declares else None


def _status_here(name: str) -> Availability:
    family, argument = split_name(name)
    missing = [package for package in family.requires if importlib.util.find_spec(package) is None]
    if missing:
        remedy = f"pip install 'clap-bench[{family.extra}]', or name it 'isolated:{name}'"
        return Availability(False, f"package not installed: {', '.join(missing)}", remedy)
    if family is ISOLATED:
        return Availability(False, "names no scorer", "write isolated:NAME, for instance isolated:ms")
    if family is ONE_FILE:
        return one_file.status(argument)
    if family.origin is not None and family.clash is None:
        contract.load_factory(family.origin, family.target)
    return _weights(name)


def _status_apart(name: str) -> Availability:
    answer: Availability = _resolve(str(ISOLATED.status))(name, requirements_of(name), _weights(name))
    return answer


def _weights(name: str) -> Availability:
    """Say whether a scorer's name and weights are in order, whatever packages are installed here."""
    family, argument = split_name(name)
    if family.clash is not None:
        return Availability(False, family.clash, "uninstall one of them, or ask its author for another name")
    if family.status is None:
        return Availability(True)
    answer: Availability = _resolve(family.status)(argument)
    return answer


def _refuse_unavailable(name: str, state: Availability) -> None:
    if not state.available and not state.downloadable:
        raise UnavailableError(f"metric {name!r} cannot run here: {state.reason}; {state.remedy}")


def _plugin_family(point: EntryPoint) -> ScorerFamily:
    package, version = (point.dist.name, point.dist.version) if point.dist is not None else (point.value, "unknown")
    origin = Origin(point.name, "package", package, version)
    return ScorerFamily(point.name, point.value, f"plugin from {package} {version}", origin=origin)


def _clash(family: ScorerFamily, others: Iterable[ScorerFamily]) -> str | None:
    """Return why the name of a plugin's family cannot be used, if it cannot."""
    if ":" in family.name or "," in family.name:
        return f"the name {family.name!r} has a colon or comma, which --metrics splits at"
    if any(family.name == built_in.name for built_in in BUILT_IN):
        return f"the name {family.name!r} is that of a built-in metric"
    packages = [other.origin.name for other in others if other.name == family.name and other.origin is not None]
    return f"the name {family.name!r} is offered by {' and '.join(packages)}" if len(packages) > 1 else None


def _resolve(target: str):  # type: ignore[no-untyped-def]
    try:
        return pkgutil.resolve_name(target)
    except (ImportError, AttributeError) as error:
        raise UnavailableError(
            f"cannot load {target!r}: {type(error).__name__}: {error}; reinstall the package that provides it"
        ) from error
