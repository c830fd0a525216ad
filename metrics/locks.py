"""One process at a time in a folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from metrics.errors import ClapBenchError


@contextmanager
def held(lock: Path, busy: str, elsewhere: str, *, remove: bool = False) -> Iterator[None]:
    """Hold the lock ``lock``, a file that is made with its folder; a process that dies lets go of it.

    Args:
        lock: the file.
        busy: what to say when another process holds it: who, and what to do.
        elsewhere: what to do when the folder cannot be written.
        remove: delete the file afterwards, while it is still held: filelock sees a lock that was deleted before it
            could be taken. Where an open file cannot be deleted (Windows) it stays.

    Raises:
        ClapBenchError: another process holds it, or the folder cannot be written.
    """
    file = FileLock(lock, timeout=0)
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        file.acquire()
    except Timeout:
        raise ClapBenchError(busy) from None
    except OSError as error:
        raise ClapBenchError(f"cannot write to {lock.parent} ({error.strerror}); {elsewhere}") from error
    try:
        yield
    finally:
        if remove:
            with suppress(OSError):
                lock.unlink()
        file.release()


@contextmanager
def waited_for(lock: Path, elsewhere: str) -> Iterator[None]:
    """Hold the lock ``lock`` as `held` does, after whoever holds it; its file stays.

    Raises:
        ClapBenchError: the folder cannot be written; ``elsewhere`` says what to do.
    """
    file = FileLock(lock)
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        file.acquire()
    except OSError as error:
        raise ClapBenchError(f"cannot write to {lock.parent} ({error.strerror}); {elsewhere}") from error
    try:
        yield
    finally:
        file.release()
