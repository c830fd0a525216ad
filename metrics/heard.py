"""What the clips held that a scorer read: told by `metrics.audio`, asked for by whoever keeps scores.

A path says nothing of what lies there. Other clips may be written under the same names before a job goes on, or while
it works, and scores of both must not be mixed. So whoever keeps scores keeps, for each clip, the sha256 of the content
that the scorer read, at no cost: it is hashed for the embedding store anyway. A *stamp* says without reading whether
the file was touched since.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

Stamp = tuple[int, ...]
"""Size, time of modification, time of change (both in ns) and inode of a file; nothing where there is no file."""

YOUNG_NS = 2_000_000_000
"""A file touched so shortly before its stamp was taken may change again under the same stamp: clocks of file systems
tick every few milliseconds, FAT's every two seconds."""


@dataclass(frozen=True, slots=True)
class ClipState:
    """A clip as it was when it was read.

    Attributes:
        sha256: of its content; None if it could not be read, or did not stay the same.
        stamp: see `Stamp`; None if it proves nothing.
    """

    sha256: str | None
    stamp: Stamp | None


_listeners: list[dict[Path, ClipState]] = []
_lock = threading.Lock()


@contextmanager
def listening() -> Iterator[dict[Path, ClipState]]:
    """Yield a mapping to which every clip is added that `metrics.audio` reads meanwhile, in whatever thread.

    A clip that was read twice with different content has no one content: its state says neither.
    """
    heard: dict[Path, ClipState] = {}
    with _lock:
        _listeners.append(heard)
    try:
        yield heard
    finally:
        with _lock:
            _listeners[:] = [one for one in _listeners if one is not heard]


def tell(path: Path, state: ClipState) -> None:
    """Tell whoever listens what was read of a clip."""
    with _lock:
        for heard in _listeners:
            before = heard.get(path, state)
            heard[path] = before if before.sha256 == state.sha256 else ClipState(None, None)


def stamp_of(path: Path) -> Stamp | None:
    """Return the stamp of a file as it is now; None if it is too young to prove anything."""
    try:
        found = path.stat()
    except (OSError, ValueError):  # ValueError: a name with a NUL byte
        return ()
    if time.time_ns() - max(found.st_mtime_ns, found.st_ctime_ns) < YOUNG_NS:
        return None
    return (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
