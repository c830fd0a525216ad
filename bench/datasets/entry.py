"""What an adapter declares of its data set: everything that is true of it before a file is opened."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.datasets.types import RatingScale
from metrics.errors import UnavailableError

Target = str
"""``"module:function"``: named rather than imported, so that listing data sets loads none of them."""


@dataclass(frozen=True, slots=True)
class Presence:
    """What of a data set is on this machine.

    Attributes:
        location: folder of its files; None for data that have none, or that lie where the user says.
        ratings, audio: whether ratings, and clips, are there.
    """

    location: Path | None
    ratings: bool
    audio: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetEntry:
    """One data set.

    Attributes:
        name: as in ``--dataset``.
        suffix: ending of a file's name, where any file of that kind is such a data set; ``name`` is then a pattern.
        summary: what listeners were asked, in one line.
        dimensions: what was rated, values of ``--dimension``; the first one is the default. A user's
            file may have more.
        scale: lowest and highest possible rating; None where the user names them.
        licence: of ratings and clips.
        splits: values of ``--split``; the first one is the default; empty where the set has no parts of known names.
        screenings: values of ``--screening``; the first one is the default; empty where listeners are not screened.
        sample_rate_hz: of every clip; None where clips may differ.
        takes: what ``load`` is given beside ``root``, of ``path``, ``split``, ``screening``, ``dimension``,
            ``scale``, ``with_audio`` and ``progress``; an option that is not among them is refused.
        load: function that returns a `bench.datasets.types.RatedDataset`.
        find: function that says, given the entry and the folder or None, what is there: a `Presence`.
        pull: function that fetches the set, given the folder, a progress callback and ``audio``; None where only the
            user can.
        how_to_get: what the user has to do where nothing can be fetched.
        ratings: files of which one must be there, from the folder.
    """

    name: str
    suffix: str = ""
    summary: str
    dimensions: tuple[str, ...] = ("relevance",)
    scale: RatingScale | None
    licence: str
    splits: tuple[str, ...] = ()
    screenings: tuple[str, ...] = ()
    sample_rate_hz: int | None = None
    takes: frozenset[str] = frozenset({"root"})
    load: Target
    find: Target
    pull: Target | None = None
    how_to_get: str = ""
    ratings: tuple[str, ...] = field(default=())

    @property
    def family(self) -> str:
        """What stands before the colon: the name of its folder."""
        return self.name.partition(":")[0]

    def presence(self, root: Path | None = None) -> Presence:
        """Say what is on this machine, in ``root`` or where it belongs; nothing is loaded."""
        found: Presence = resolve(self.find)(self, root)
        return found


def resolve(target: Target) -> Callable[..., Any]:
    """Return the function that a ``"module:function"`` string names.

    Raises:
        UnavailableError: there is none.
    """
    module_name, _, attribute = target.partition(":")
    try:
        function: Callable[..., Any] = getattr(importlib.import_module(module_name), attribute)
    except (ImportError, AttributeError) as error:
        raise UnavailableError(f"cannot load {target!r}: {error}; reinstall clap-bench") from error
    return function
