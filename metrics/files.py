"""Files and folders that are either whole or absent, small files of JSON, hashes, and the user's folders."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import platformdirs

from metrics.errors import DataError

MOST_JSON_BYTES = 2**28
"""More than the records of 50 metrics on a thousand strata take."""


APPLICATION = "clap-bench"
"""Name of the user's folders, under which their platform keeps caches and data."""

TEMPORARY_SUFFIX = ".tmp"


@contextmanager
def replacing(path: Path, *, durable: bool = True) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` that takes its place when the block ends without an error.

    A reader sees the old file or the new one, never a part; after a crash at most a hidden ``.tmp`` file is left.

    Args:
        path: the file; its folder is made if need be.
        durable: wait for the disk, so that a power cut leaves no empty file either. For many files that can be made
            again and are checked when they are used, leave it out.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=TEMPORARY_SUFFIX)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        if durable:
            _flush_to_disk(temporary)
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def replacing_folder(folder: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Yield an empty folder beside ``folder`` that takes its place when the block ends without an error.

    One process at a time: after a crash a hidden ``.part`` folder is left, which the next call removes.

    Args:
        folder: where it belongs; the folder above is made if need be.
        overwrite: whether it may take the place of another folder.

    Raises:
        FileExistsError: ``folder`` exists and may not be overwritten.
    """
    part, old = folder.with_name(f".{folder.name}.part"), folder.with_name(f".{folder.name}.old")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        yield part
        if folder.exists():
            if not overwrite:
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(folder))
            shutil.rmtree(old, ignore_errors=True)  # left by a process that was killed just after the next line
            folder.rename(old)
        part.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write ``text`` as UTF-8 with ``\\n`` line ends, whole or not at all.

    What UTF-8 cannot hold, such as the bytes of a file name in another encoding, is written as JSON escapes it
    (``\\udce9``): `read_json` gives it back as it was.
    """
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")


@contextmanager
def open_regular(path: Path) -> Iterator[BinaryIO]:
    """Open a file to be read in binary; nothing but a regular file, or a link to one, is waited for or read.

    Raises:
        OSError: it cannot be opened, or is a folder.
        DataError: it is a device, a pipe or a socket.
    """
    with open(path, "rb", opener=_open_at_once) as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise DataError(f"{path} is a device, a pipe or a socket, expected a file; give a copy of its content")
        yield stream


def read_regular(path: Path, most_bytes: int) -> bytes:
    """Return the content of a regular file.

    Raises:
        OSError: it cannot be read, or is a folder.
        DataError: it is a device, a pipe or a socket, or larger than ``most_bytes``.
    """
    with open_regular(path) as stream:
        content = stream.read(
            min(os.fstat(stream.fileno()).st_size, most_bytes) + 1
        )  # read() takes room for all at once
    if len(content) > most_bytes:
        raise DataError(f"{path} holds more than {most_bytes:,} bytes, the most that is read; give a smaller file")
    return content


def write_json(path: Path, content: object) -> None:
    """Write ``content`` as JSON for people to read, whole or not at all."""
    write_text(path, json.dumps(content, indent=2) + "\n")


def read_json(path: Path) -> Any:
    """Return the content of a JSON file.

    Raises:
        OSError: it cannot be read.
        DataError: see `read_regular`.
        ValueError: it is not JSON in UTF-8, or nested too deeply to be read.
    """
    try:
        return json.loads(read_regular(path, MOST_JSON_BYTES).decode("utf-8"))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def read_json_object(path: Path) -> dict[str, Any]:
    """Return the object in a JSON file of which nothing is lost: empty where there is none that can be read."""
    try:
        content = read_json(path)
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def sha256_of_file(path: Path) -> str:
    """Return the SHA-256 of a file's content as 64 hex digits; see `open_regular` for what it raises."""
    digest = hashlib.sha256()
    with open_regular(path) as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def _open_at_once(path: str, flags: int) -> int:
    """Open without waiting for somebody to write into a pipe."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def named_folder(variable: str) -> Path | None:
    """Return the folder that an environment variable names, with ``~`` expanded; None if it is unset or empty."""
    given = os.environ.get(variable)
    return Path(os.path.expanduser(given)) if given else None  # noqa: PTH111 - pathlib fails on unknown users


def cache_folder() -> Path:
    """Return where things are kept that can be computed again: ``$CLAP_BENCH_CACHE_DIR`` or the user's cache."""
    return named_folder("CLAP_BENCH_CACHE_DIR") or platformdirs.user_cache_path(APPLICATION, appauthor=False)


def data_folder() -> Path:
    """Return where things are kept that cannot be computed again: the user's data folder."""
    return platformdirs.user_data_path(APPLICATION, appauthor=False)


def embedding_store() -> Path:
    """Return where embeddings are kept (see `metrics.embedding.store`); the number counts its schema."""
    return cache_folder() / "embeddings-2.sqlite"


def human_folder() -> Path:
    """Return where locally trained Human-CLAP variants are: ``$CLAP_BENCH_HUMAN_DIR`` or the user's data folder."""
    return named_folder("CLAP_BENCH_HUMAN_DIR") or data_folder() / "human"


def scores_folder() -> Path:
    """Return where scores that were pulled or added are: ``$CLAP_BENCH_SCORES_DIR`` or the user's data folder."""
    return named_folder("CLAP_BENCH_SCORES_DIR") or data_folder() / "scores"


def _flush_to_disk(path: Path) -> None:
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
