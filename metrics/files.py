"""Files that are either whole or absent, what is read from them, their hashes, and the user's folders."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import platformdirs


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
    """Write ``text`` as UTF-8 with ``\\n`` line ends, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


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
    return Path(given) if given else Path(platformdirs.user_cache_dir("clap-bench"))


def embedding_store() -> Path:
    """Return where embeddings are kept (see `metrics.embedding.store`); the number counts its schema."""
    return cache_folder() / "embeddings-2.sqlite"


def human_folder() -> Path:
    """Return where locally trained Human-CLAP variants are: ``$CLAP_BENCH_HUMAN_DIR`` or the user's data folder."""
    given = os.environ.get("CLAP_BENCH_HUMAN_DIR")
    return Path(given) if given else Path(platformdirs.user_data_dir("clap-bench")) / "human"


def _flush_to_disk(path: Path) -> None:
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
