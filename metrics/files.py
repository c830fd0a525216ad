"""Files and folders that are either whole or absent, small files of JSON, hashes, and the user's folders."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import platformdirs

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
    """Write ``text`` as UTF-8 with ``\\n`` line ends, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, content: object) -> None:
    """Write ``content`` as JSON for people to read, whole or not at all."""
    write_text(path, json.dumps(content, indent=2) + "\n")


def read_json(path: Path) -> Any:
    """Return the content of a JSON file.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not JSON in UTF-8, or nested too deeply to be read.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
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
    """Return the SHA-256 of a file's content as 64 hex digits."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def cache_folder() -> Path:
    """Return where things are kept that can be computed again: ``$CLAP_BENCH_CACHE_DIR`` or the user's cache."""
    given = os.environ.get("CLAP_BENCH_CACHE_DIR")
    return Path(given) if given else platformdirs.user_cache_path(APPLICATION, appauthor=False)


def data_folder() -> Path:
    """Return where things are kept that cannot be computed again: the user's data folder."""
    return platformdirs.user_data_path(APPLICATION, appauthor=False)


def embedding_store() -> Path:
    """Return where embeddings are kept (see `metrics.embedding.store`); the number counts its schema."""
    return cache_folder() / "embeddings-2.sqlite"


def human_folder() -> Path:
    """Return where locally trained Human-CLAP variants are: ``$CLAP_BENCH_HUMAN_DIR`` or the user's data folder."""
    given = os.environ.get("CLAP_BENCH_HUMAN_DIR")
    return Path(given) if given else data_folder() / "human"


def _flush_to_disk(path: Path) -> None:
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
