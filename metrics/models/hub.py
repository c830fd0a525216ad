"""Where weights are: in the Hugging Face cache, on the hub, or nowhere yet.

The cache is found as huggingface_hub finds it (``HF_HUB_CACHE``, ``HF_HOME``), and nothing is fetched when
``HF_HUB_OFFLINE`` is set. Downloads resume, show a progress bar and stay in the cache. Looking something up imports
neither torch nor huggingface_hub.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from metrics.errors import UnavailableError, reason_of
from metrics.files import cache_folder, read_json_object, sha256_of_file, write_text
from metrics.types import Availability

MEGABYTE = 1_000_000

UNSETTLED_NS = 2_000_000_000
"""Coarsest clock of the file systems in use (FAT's modification times): two changes within it may look like one."""


@dataclass(frozen=True, slots=True)
class HubFiles:
    """Files of one repository on the hub.

    Attributes:
        repo: hub id.
        required: for each file that is needed, the names that it may have, best first.
        optional: files that are used where they exist.
        revision: the commit that this package was made for; None where it is not known.
        sha256: of the file with the weights, where it was published.
        n_bytes: its size.
    """

    repo: str
    required: tuple[tuple[str, ...], ...]
    optional: tuple[str, ...] = ()
    revision: str | None = None
    sha256: str | None = None
    n_bytes: int | None = None

    @property
    def weights_name(self) -> str:
        """Hub id and file name of the weights, the last of ``required``."""
        return f"{self.repo}/{self.required[-1][0]}"


def hub_cache() -> Path:
    """Return the folder of the Hugging Face cache, from the environment as it is now."""
    home = os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface"
    return Path(os.environ.get("HF_HUB_CACHE") or Path(home) / "hub").expanduser()


def is_offline() -> bool:
    """Say whether the user has forbidden the hub."""
    return os.environ.get("HF_HUB_OFFLINE", "").strip().upper() in {"1", "ON", "YES", "TRUE"}


def locate(files: HubFiles) -> Path | None:
    """Return the cached snapshot that has all required files: the pinned revision, else main, else any."""
    for snapshot in _snapshots(files):
        if all(any((snapshot / name).is_file() for name in names) for names in files.required):
            return snapshot
    return None


def fetch(files: HubFiles) -> Path:
    """Return the folder with the files, downloading what is not in the cache.

    Raises:
        UnavailableError: not in the cache, and the hub is forbidden or does not answer.
    """
    return locate(files) or _download(files)


def fetch_file(source: HubFiles | Path) -> Path:
    """Return the weights' file of a path or of hub files; see `fetch`."""
    return source if isinstance(source, Path) else find_file(fetch(source), source.required[-1])


def find_file(folder: Path, names: tuple[str, ...]) -> Path:
    """Return the first of ``names`` that is in ``folder``.

    Raises:
        UnavailableError: none of them is.
    """
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise UnavailableError(
        f"{folder} has no {' or '.join(names)}; give a folder saved by transformers' save_pretrained"
    )


def published_sha256(source: HubFiles | Path) -> str | None:
    """Return the hash that the weights were published with, where it is known."""
    return source.sha256 if isinstance(source, HubFiles) else None


def status(*needed: HubFiles) -> Availability:
    """Say whether everything is in the cache and, if not, which file is missing, how large it is and what to do."""
    missing = [files for files in needed if locate(files) is None]
    if not missing:
        return Availability(True)
    reason = "not in the Hugging Face cache: " + ", ".join(_name_and_size(files) for files in missing)
    if is_offline():
        return Availability(False, f"{reason}, and HF_HUB_OFFLINE is set", how_to_bring(missing[0]))
    return Availability(False, reason, "fetched at first use, or now by 'bench metrics --pull NAME'", downloadable=True)


def how_to_bring(files: HubFiles) -> str:
    """Return what to do about missing files, in words for the user."""
    return (
        "run 'bench metrics --pull NAME' on a machine with a network and copy its Hugging Face cache "
        f"({hub_cache()}) here, or give a path after the colon"
        if is_offline()
        else f"check the network and https://huggingface.co/{files.repo}, or give a path after the colon"
    )


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file; remembered by path, size, inode, and times of modification and of change.

    A program can give a file any size and modification time (``tar``, ``touch``), but not its time of change (ctime). A
    file that changed a moment ago is not remembered: it could change again before the clock of the file system ticks.
    Of two processes that remember at once one entry may be lost, which costs one more hash.
    """
    path = path.resolve()
    before = path.stat()
    fingerprint = [before.st_size, before.st_mtime_ns, before.st_ctime_ns, before.st_dev, before.st_ino]
    memory_path = cache_folder() / "sha256-2.json"
    known = read_json_object(memory_path).get(str(path))
    if isinstance(known, list) and known[:-1] == fingerprint:
        return str(known[-1])
    digest = sha256_of_file(path)
    if time.time_ns() - before.st_ctime_ns > UNSETTLED_NS:
        with suppress(OSError):
            write_text(memory_path, json.dumps(read_json_object(memory_path) | {str(path): [*fingerprint, digest]}))
    return digest


def _snapshots(files: HubFiles) -> Iterator[Path]:
    folder = hub_cache() / f"models--{files.repo.replace('/', '--')}"
    if files.revision:
        yield folder / "snapshots" / files.revision
    main = folder / "refs" / "main"
    if main.is_file():
        yield folder / "snapshots" / main.read_text().strip()
    yield from sorted(folder.glob("snapshots/*"))


def _download(files: HubFiles) -> Path:
    if is_offline():
        raise UnavailableError(f"{_name_and_size(files)} is not here, and HF_HUB_OFFLINE is set; {how_to_bring(files)}")
    for names in files.required:
        downloads = (_download_file(files, name) for name in names)
        path = next((path for path in downloads if path), None)
        if path is None:
            raise UnavailableError(f"{files.repo} has no {' or '.join(names)}; {how_to_bring(files)}")
    for name in files.optional:
        _download_file(files, name)
    assert path is not None
    return path.parent


def _download_file(files: HubFiles, name: str) -> Path | None:
    """Return the downloaded file, or None if the repository has no such file."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError, RepositoryNotFoundError

    try:
        return Path(hf_hub_download(files.repo, name, revision=files.revision, cache_dir=hub_cache()))
    except Exception as error:
        if isinstance(error, EntryNotFoundError) and not isinstance(error, LocalEntryNotFoundError):
            return None
        reason = reason_of(error)
        if isinstance(error, RepositoryNotFoundError):
            reason = "the hub has no such public repository: it may never have been published"
        raise UnavailableError(
            f"{_name_and_size(files)} is not here and cannot be fetched ({reason}); {how_to_bring(files)}"
        ) from error


def _name_and_size(files: HubFiles) -> str:
    return f"{files.weights_name} ({files.n_bytes / MEGABYTE:,.0f} MB)" if files.n_bytes else files.weights_name
