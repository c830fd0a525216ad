"""Files that are either whole or absent, what is read from them, and their hashes."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from metrics.errors import DataError

MOST_JSON_BYTES = 2**28
"""More than the records of 50 metrics on a thousand strata take."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` that takes its place when the block ends without an error.

    A reader sees the old file or the new one, never a part; after a crash at most a hidden ``.tmp`` file is left.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        _flush_to_disk(temporary)
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


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


def _flush_to_disk(path: Path) -> None:
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
