"""The data sets by name: RELATE's three questions, other people's (`bench.datasets.adapters`), ``demo``, or a CSV
file of the user's own.

Each name maps to a ``"module:function"`` string, so that listing loads nothing.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bench.datasets.adapters import audioeval, musiceval, pam, relate_release, xacle
from bench.datasets.adapters.external import set_folder
from bench.datasets.adapters.relate_release import SAMPLE_RATE_HZ, Kind
from bench.datasets.types import RatedDataset
from metrics.errors import UnavailableError, UsageError, did_you_mean
from metrics.types import ProgressCallback, no_progress

RELATE_LICENCE = "none stated: fetched for you, not to be redistributed"


@dataclass(frozen=True, slots=True)
class DatasetEntry:
    """One data set that the project knows by name.

    Attributes:
        name: as in ``--dataset``.
        summary: one line.
        licence: of ratings and clips.
        splits: values of ``--split``; the first one is the default.
        screenings: values of ``--screening``; the first one is the default; empty where listeners are not screened.
        kind: which question of RELATE; None for other data sets.
        sample_rate_hz: of every clip; None where clips may differ.
        target: ``"module:function"`` of an external set; called with the folder, and with the split if it has any.
        how_to_get: what the user of an external set must do.
        pull: ``"module:function"`` that fetches it; called with the folder and a progress callback; None where only
            the user can.
        ratings: files of an external set of which one must be there.
    """

    name: str
    summary: str
    licence: str
    splits: tuple[str, ...]
    screenings: tuple[str, ...] = ()
    kind: Kind | None = None
    sample_rate_hz: int | None = None
    target: str | None = None
    how_to_get: str = ""
    pull: str | None = None
    ratings: tuple[str, ...] = ()

    @property
    def family(self) -> str:
        """What stands before the colon: the name of its folder."""
        return self.name.partition(":")[0]


@dataclass(frozen=True, slots=True)
class DatasetRecord:
    """A data set as ``bench datasets list`` shows it.

    Attributes:
        entry: what is always true of it.
        location: folder of its files; None for data that are made on the spot.
        ratings_present: whether its ratings are on this machine.
        audio_present: whether its clips' folder is.
    """

    entry: DatasetEntry
    location: Path | None
    ratings_present: bool
    audio_present: bool


def _relate_entry(kind: Kind, name: str, summary: str) -> DatasetEntry:
    halves = ("csv-validation", "csv-test") if kind == "rel" else ()
    return DatasetEntry(
        name,
        summary,
        RELATE_LICENCE,
        splits=("test", "train", *halves),
        screenings=("released", "anchor-mean", "none"),
        kind=kind,
        sample_rate_hz=SAMPLE_RATE_HZ,
        pull="bench.datasets.fetching.download:pull_relate",
    )


ENTRIES: tuple[DatasetEntry, ...] = (
    _relate_entry("rel", "relate", "RELATE: how well the clip matches the caption, 0 to 10"),
    _relate_entry("is", "relate:is", "RELATE: whether the caption's sound events are heard"),
    _relate_entry("os", "relate:os", "RELATE: whether they come in the caption's order"),
    DatasetEntry(
        "demo",
        "synthesised soundscapes and simulated listeners",
        "MIT",
        splits=("test", "train", "validation"),
        screenings=("anchor-mean", "none"),
    ),
    DatasetEntry(
        "xacle",
        "XACLE Challenge: how well the clip matches the caption, 0 to 10",
        "see the terms that come with it",
        splits=xacle.SPLITS,
        sample_rate_hz=SAMPLE_RATE_HZ,
        target="bench.datasets.adapters.xacle:load_xacle",
        how_to_get=xacle.HOW_TO_GET,
        ratings=(xacle.FOLDER,),
    ),
    *(
        DatasetEntry(
            f"pam:{part}",
            f"PAM's listening test: how well generated {what} matches the caption, 1 to 5",
            "see https://zenodo.org/records/10737388",
            splits=(),
            target=f"bench.datasets.adapters.pam:load_{part}",
            how_to_get=pam.HOW_TO_GET,
            pull="bench.datasets.fetching.download:pull_pam",
            ratings=(f"{pam.FOLDER}/{part}/scores.csv", f"{part}/scores.csv"),
        )
        for part, what in (("audio", "sound"), ("music", "music"))
    ),
    DatasetEntry(
        "audioeval",
        "AudioEval: text alignment by experts and others, 1 to 10",
        "CC BY-NC 4.0",
        splits=(),
        target="bench.datasets.adapters.audioeval:load_audioeval",
        how_to_get=audioeval.HOW_TO_GET,
        pull="bench.datasets.fetching.hub_download:pull_audioeval",
        ratings=("annotations/ratings.csv",),
    ),
    DatasetEntry(
        "musiceval",
        "MusicEval: how well generated music matches the prompt, 1 to 5",
        "CC BY-NC 4.0",
        splits=musiceval.SPLITS,
        sample_rate_hz=16_000,
        target="bench.datasets.adapters.musiceval:load_musiceval",
        how_to_get=musiceval.HOW_TO_GET,
        ratings=("prompt_info.txt",),
    ),
)


def list_datasets(data_root: Path | None = None) -> list[DatasetRecord]:
    """Say of each data set where its files are and whether they are there; loads and downloads nothing."""
    return [_record(entry, data_root) for entry in ENTRIES]


def _record(entry: DatasetEntry, data_root: Path | None) -> DatasetRecord:
    if entry.target is not None:
        folder = set_folder(entry.family, data_root)
        ratings = any((folder / name).exists() for name in entry.ratings)
        return DatasetRecord(entry, folder, ratings, next(folder.rglob("*.wav"), None) is not None)
    if entry.kind is None:
        return DatasetRecord(entry, None, ratings_present=True, audio_present=True)
    root = relate_release.data_root(data_root)
    ratings = (root / relate_release.score_file(entry.kind)).is_file()
    return DatasetRecord(entry, root, ratings, relate_release.audio_root(root).is_dir())


def find_entry(name: str) -> DatasetEntry:
    """Return what is known by ``name``.

    Raises:
        UsageError: nothing is; the message gives the nearest name and the list.
    """
    entries = {entry.name: entry for entry in ENTRIES}
    if name not in entries:
        hint = did_you_mean(name, entries)
        raise UsageError(f"unknown data set {name!r}{hint} (known: {', '.join(entries)}, or the path of a .csv file)")
    return entries[name]


def load_dataset(
    name: str,
    *,
    split: str | None = None,
    screening: str | None = None,
    data_root: Path | None = None,
    scale: str | None = None,
    with_audio: bool = True,
    progress: ProgressCallback = no_progress,
) -> RatedDataset:
    """Load a data set by name, or a user's own from a path that ends in ``.csv``.

    Args:
        name: as in ``--dataset``.
        split: None takes the default: ``test``, or everything of a CSV file.
        screening: None takes the data set's default; a CSV file has none.
        data_root: folder of the data set's files; None takes ``$RELATE_ROOT`` or the user's data folder.
        scale: of the ratings in a CSV file, e.g. ``"1-5"``; None takes 0-10.
        with_audio: False spares the demo the rendering of its clips where no metric is going to listen to them.
        progress: told how far that rendering has come.

    Raises:
        UsageError: unknown name, split or screening, or an option that this data set does not have.
        UnavailableError: its files are not on this machine.
        DataError: its files are broken.
    """
    if Path(name).suffix.lower() == ".csv":
        _refuse(name, screening=None if screening == "none" else screening, data_root=data_root)
        load = partial(_loader("bench.datasets.adapters.custom:load_custom"), Path(name), **_given(scale=scale))
        return load(split=split)
    entry = find_entry(name)
    _refuse(name, scale=scale)
    if entry.kind is not None:
        load = partial(_loader("bench.datasets.adapters.relate:load_relate"), data_root, kind=entry.kind)
        return load(**_given(split=split, screening=screening))
    if entry.target is not None:
        return _load_external(entry, split, screening, data_root)
    load = partial(
        _loader("bench.datasets.demo.dataset:load_demo"), data_root, with_audio=with_audio, progress=progress
    )
    return load(**_given(split=split, screening=screening))


def _load_external(
    entry: DatasetEntry, split: str | None, screening: str | None, data_root: Path | None
) -> RatedDataset:
    """Load another's data set; all have only listeners whom its publishers kept."""
    _refuse(entry.name, screening=None if screening == "none" else screening)
    load = partial(_loader(entry.target or ""), data_root)
    if not entry.splits:
        _refuse(entry.name, split=split)
        return load()
    if split not in (None, *entry.splits):
        hint = did_you_mean(str(split), entry.splits)
        raise UsageError(f"{entry.name} has no split {split!r}{hint} (known: {', '.join(entry.splits)})")
    return load(**_given(split=split))


def _given(**options: str | None) -> Mapping[str, str]:
    """Return the options that the user named, so that the loader's own defaults hold for the others."""
    return {name: value for name, value in options.items() if value is not None}


def _refuse(name: str, **options: object) -> None:
    """Raise for an option that would be silently without effect."""
    for option, value in options.items():
        if value is not None:
            raise UsageError(f"--{option.replace('_', '-')} has no meaning for {name}; leave it out")


def _loader(target: str) -> Callable[..., RatedDataset]:
    return resolve(target)


def resolve(target: str) -> Callable[..., Any]:
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
