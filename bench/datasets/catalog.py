"""The data sets by name. There is one road: an adapter's entry, by name or by a file's ending, and its loader.

Entries are collected from the modules of `bench.datasets.adapters`: a new data set is a file there and nothing else.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from dataclasses import replace
from pathlib import Path

from bench.datasets import adapters
from bench.datasets.entry import DatasetEntry, resolve
from bench.datasets.types import RatedDataset, RatingScale
from metrics.errors import UsageError, did_you_mean
from metrics.types import ProgressCallback, no_progress


@functools.cache
def entries() -> tuple[DatasetEntry, ...]:
    """Return the entries of all adapters in the order of the files' names, kinds of files last."""
    modules = [importlib.import_module(f"{adapters.__name__}.{found.name}") for found in _files()]
    found = [entry for module in modules for entry in getattr(module, "ENTRIES", ())]
    return tuple(sorted(found, key=lambda entry: bool(entry.suffix)))


def find_entry(name: str) -> DatasetEntry:
    """Return what is known by ``name``: a data set, or the kind of file that the name ends like.

    Raises:
        UsageError: nothing is; the message gives the nearest name and the list.
    """
    ending = Path(name).suffix.lower()
    for entry in entries():
        if name == entry.name or (entry.suffix and ending == entry.suffix):
            return entry
    known = [entry.name for entry in entries() if not entry.suffix]
    files = " or ".join(f"the path of a {entry.suffix} file" for entry in entries() if entry.suffix)
    raise UsageError(f"unknown data set {name!r}{did_you_mean(name, known)} (known: {', '.join(known)}, or {files})")


def load_dataset(
    name: str,
    *,
    split: str | None = None,
    screening: str | None = None,
    dimension: str | None = None,
    data_root: Path | None = None,
    scale: str | RatingScale | None = None,
    with_audio: bool = True,
    progress: ProgressCallback = no_progress,
) -> RatedDataset:
    """Load a data set by name, or a user's own from a path that ends in ``.csv``.

    Args:
        name: as in ``--dataset``.
        split: None takes the default: the first of the entry's, or everything of a CSV file.
        screening: None takes the data set's default; ``none`` is allowed where listeners are not screened.
        dimension: which of several things that were rated is the target; None takes the data set's default.
        data_root: folder of the data set's files; None takes ``$RELATE_ROOT`` or the user's data folder.
        scale: of the ratings in a CSV file, e.g. ``"1-5"``; None takes 0-10 if they
            fill more than half of it.
        with_audio: False spares the demo the rendering of its clips where no metric is going to listen to them.
        progress: told how far that rendering has come.

    Raises:
        UsageError: unknown name, split, screening or dimension, or an option that this data set does not have.
        UnavailableError: its files are not on this machine.
        DataError: its files are broken.
    """
    entry = find_entry(name)
    _refuse_unknown_dimension(name, entry, dimension)
    asked = {"split": split, "screening": screening, "dimension": dimension, "scale": scale, "root": data_root}
    given: dict[str, object] = {option: value for option, value in asked.items() if value is not None}
    for option, value in list(given.items()):
        if option not in entry.takes:
            if (option, value) not in (("screening", "none"), *(("dimension", one) for one in entry.dimensions)):
                shown = "data-root" if option == "root" else option
                raise UsageError(f"--{shown} has no meaning for {name}; leave it out")
            del given[option]
    offered = {"path": Path(name), "with_audio": with_audio, "progress": progress}
    given |= {option: value for option, value in offered.items() if option in entry.takes}
    dataset: RatedDataset = resolve(entry.load)(**given)
    return dataset if dataset.dimension or not entry.dimensions else replace(dataset, dimension=entry.dimensions[0])


def _refuse_unknown_dimension(name: str, entry: DatasetEntry, dimension: str | None) -> None:
    """Raise `UsageError` unless a data set of known dimensions has this one; a user's file says itself what it has."""
    known = entry.dimensions
    if dimension is not None and not entry.suffix and dimension not in known:
        raise UsageError(
            f"{name} has no dimension {dimension!r}{did_you_mean(dimension, known)} (known: {', '.join(known)})"
        )


def _files() -> list[pkgutil.ModuleInfo]:
    return sorted(pkgutil.iter_modules(adapters.__path__), key=lambda found: found.name)
