"""The embedding store: what was embedded once is not embedded again.

One SQLite file holds the embeddings of all scorers, keyed by the scorer's signature, the kind (``clip`` or
``caption``) and the sha256 of the clip's file or the caption's text. Write-ahead logging makes it safe for several
runs at once, and a run that is killed leaves a complete store of what it had finished. (Write-ahead logging needs a
local file system: do not put the store on a network share.) Vectors come back with exactly the bits that went in: each
has a checksum, since SQLite itself does not see that a stored byte has changed.
"""

from __future__ import annotations

import errno
import hashlib
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal

import numpy as np
from jaxtyping import Float

from metrics.errors import DataError

Kind = Literal["clip", "caption"]

BUSY_TIMEOUT_S = 60.0
KEYS_PER_QUERY = 500

_MAKE_ROOM = "make room and start the same command again: what was embedded is kept"
_CHOOSE = "make its folder writable, or choose another with CLAP_BENCH_CACHE_DIR"
_BUSY = f"another process has held it for {BUSY_TIMEOUT_S:.0f} s: end that one, then start the same command again"
_MOVE = "move it away: another is begun, and what it held is computed again"
_UNKNOWN = "see that it is not locked or on a full or read-only disk, or choose another with CLAP_BENCH_CACHE_DIR"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
REMEDIES = {
    3: _CHOOSE,  # SQLITE_PERM
    5: _BUSY,  # SQLITE_BUSY
    6: _BUSY,  # SQLITE_LOCKED
    8: _CHOOSE,  # SQLITE_READONLY
    10: "raise the limit on the size of files (ulimit -f) or make room, and see the system's log",  # SQLITE_IOERR
    13: _MAKE_ROOM,  # SQLITE_FULL
    14: _CHOOSE,  # SQLITE_CANTOPEN
}
"""What to do by SQLite's primary result codes (https://www.sqlite.org/rescode.html), numbers that cannot change."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS signatures (id INTEGER PRIMARY KEY, signature TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS embeddings (
    signature_id INTEGER NOT NULL REFERENCES signatures (id),
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    vector BLOB NOT NULL,
    tokens_cut INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    PRIMARY KEY (signature_id, kind, key)
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Embedding:
    """A direction in a model's embedding space.

    Attributes:
        vector: float32, unit length to rounding.
        tokens_cut: tokens of the caption that the model could not take in.
    """

    vector: Float[np.ndarray, " dim"]
    tokens_cut: int = 0


def text_hash(text: str) -> str:
    """Return the identity of a caption: the sha256 of its UTF-8 text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


class EmbeddingStore:
    """Embeddings of one scorer; use as a context manager, in one thread.

    Args:
        path: the SQLite file, made with its folder if it does not exist; None keeps nothing.
        signature: of the scorer.

    Raises:
        DataError: the file is not a store, or cannot be opened or written.
    """

    def __init__(self, path: Path | None, signature: str) -> None:
        self._path = path
        self._signature = signature
        self._connection: sqlite3.Connection | None = None
        self._signature_id = 0

    def __enter__(self) -> EmbeddingStore:
        if self._path is not None:
            with _named(self._path):
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._connection = _connect(self._path)
                self._signature_id = _signature_id(self._connection, self._signature)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def get(self, kind: Kind, keys: Iterable[str]) -> dict[str, Embedding]:
        """Return the known embeddings among ``keys``.

        Raises:
            DataError: the store cannot be read, or holds something else than was put there.
        """
        if self._path is None or self._connection is None:
            return {}
        wanted = list(keys)
        found: dict[str, Embedding] = {}
        with _named(self._path):
            for start in range(0, len(wanted), KEYS_PER_QUERY):
                some = wanted[start : start + KEYS_PER_QUERY]
                rows = self._connection.execute(
                    "SELECT key, vector, tokens_cut, checksum FROM embeddings WHERE signature_id = ? AND kind = ? "
                    f"AND key IN ({','.join('?' * len(some))})",
                    (self._signature_id, kind, *some),
                )
                found |= {key: _intact(key, vector, cut, checksum) for key, vector, cut, checksum in rows}
        return found

    def put(self, kind: Kind, embeddings: Mapping[str, Embedding]) -> None:
        """Add embeddings in one transaction; a key that is already there keeps its embedding.

        Raises:
            DataError: the store cannot be written; what was put before is kept.
        """
        if self._path is None or self._connection is None or not embeddings:
            return
        rows = [(self._signature_id, kind, *_row(key, embedding)) for key, embedding in embeddings.items()]
        with _named(self._path), self._connection:
            self._connection.executemany("INSERT OR IGNORE INTO embeddings VALUES (?, ?, ?, ?, ?, ?)", rows)


def _row(key: str, embedding: Embedding) -> tuple[str, bytes, int, int]:
    vector = embedding.vector.astype("<f4").tobytes()
    return key, vector, embedding.tokens_cut, _checksum(key, vector, embedding.tokens_cut)


def _intact(key: str, vector: bytes, tokens_cut: int, checksum: int) -> Embedding:
    """Return what was stored.

    Raises:
        sqlite3.DatabaseError: it is not what was stored.
    """
    if not isinstance(vector, bytes) or _checksum(key, vector, tokens_cut) != checksum:
        raise sqlite3.DatabaseError(f"the embedding of {key} is not the one that was stored")
    return Embedding(np.frombuffer(vector, "<f4"), tokens_cut)


def _checksum(key: str, vector: bytes, tokens_cut: int) -> int:
    return zlib.crc32(vector, zlib.crc32(f"{key} {tokens_cut}".encode()))


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Say of a failure which store it was, and what to do.

    Raises:
        DataError: the store cannot be used.
    """
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise DataError(f"embedding store {path} cannot be used: {error}; {_remedy(error)}") from error


def _remedy(error: sqlite3.Error | OSError) -> str:
    """Say what to do. Nothing is ever to be deleted: the file may be one of the user's."""
    if isinstance(error, OSError):
        return _MAKE_ROOM if error.errno in _FULL else _CHOOSE
    code = getattr(error, "sqlite_errorcode", None)  # Python 3.10 tells none
    if code is not None:
        return REMEDIES.get(code & 0xFF, _MOVE)  # the low byte says which kind of error, the next one which of them
    return _UNKNOWN if isinstance(error, sqlite3.OperationalError) else _MOVE


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.executescript(SCHEMA)
    return connection


def _signature_id(connection: sqlite3.Connection, signature: str) -> int:
    value = _text_or_bytes(signature)
    with connection:
        connection.execute("INSERT OR IGNORE INTO signatures (signature) VALUES (?)", (value,))
    row = connection.execute("SELECT id FROM signatures WHERE signature = ?", (value,)).fetchone()
    return int(row[0])


def _text_or_bytes(signature: str) -> str | bytes:
    """Return a signature as SQLite holds it: the name of a checkpoint in it may be bytes that are not UTF-8."""
    try:
        signature.encode()
    except UnicodeEncodeError:
        return signature.encode("utf-8", "surrogatepass")  # a BLOB equals no TEXT
    return signature
