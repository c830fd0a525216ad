"""Files of data set repositories on the Hugging Face hub, at one commit, checked against the hashes that it lists."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from metrics.errors import DataError, UnavailableError, reason_of
from metrics.files import sha256_of_file

if TYPE_CHECKING:
    from huggingface_hub.hf_api import RepoSibling

T = TypeVar("T")

INCOMING = ".incoming"
GIT_HASH_DIGITS = 40


@dataclass(frozen=True, slots=True)
class Source:
    """A repository at a commit; what ``source.json`` of AudioEval holds.

    Attributes:
        repo: data set on the hub.
        commit: of it.
        hashes: by file, its SHA-256, or for small files git's own hash (`GIT_HASH_DIGITS`).
    """

    repo: str
    commit: str
    hashes: dict[str, str]


def listed_hash(file: RepoSibling) -> str:
    """Return the hash that the hub lists of a file: SHA-256 for those in Git LFS, else git's own."""
    return str(file.lfs["sha256"] if file.lfs else file.blob_id)


def fetch_listed(source: Source, name: str, folder: Path) -> None:
    """Fetch one file into a hidden folder and move it into place once its content is what the hub lists.

    Raises:
        UnavailableError: the hub cannot be reached or does not hand the file out.
        DataError: what came is not what it lists; it is thrown away.
    """
    from huggingface_hub import hf_hub_download

    fetched = Path(
        asked(
            lambda: hf_hub_download(
                source.repo, name, repo_type="dataset", revision=source.commit, local_dir=folder / INCOMING
            ),
            name,
        )
    )
    found = hash_as_listed(source, name, fetched)
    if found != source.hashes[name]:
        fetched.unlink()
        raise DataError(
            f"{name} of {source.repo}: what came has the hash {found}, expected {source.hashes[name]}; it was thrown "
            "away: try again"
        )
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    fetched.replace(folder / name)


def hash_as_listed(source: Source, name: str, path: Path) -> str | None:
    """Return a file's hash of the kind that the hub lists for it; None if it is not there."""
    if not path.is_file():
        return None
    if len(source.hashes[name]) == GIT_HASH_DIGITS:
        content = path.read_bytes()
        return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
    return sha256_of_file(path)


def asked(ask: Callable[[], T], what: str) -> T:
    """Return the hub's answer; faults of this machine (a full disk) pass through.

    Raises:
        UnavailableError: the hub cannot be reached, or refuses.
    """
    try:
        return ask()
    except Exception as error:
        if isinstance(error, OSError) and not isinstance(error, ConnectionError) and error.errno is not None:
            raise
        raise UnavailableError(
            f"{what} cannot be fetched from the Hugging Face hub ({reason_of(error)}); check the network, and log in "
            "with 'hf auth login' if the data set asks for it; run the same command again to go on"
        ) from error
