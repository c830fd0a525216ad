"""The errors that users see.

Every message says what was found, what was expected and what to do. The command line prints the message
alone (a traceback only with ``--debug``) and exits with ``exit_code``.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ClapBenchError(Exception):
    """The work cannot be done: bad data, a missing file, a broken download (exit status 1)."""

    exit_code = 1


class UsageError(ClapBenchError):
    """The request itself is wrong: an unknown name, options that contradict each other (exit status 2)."""

    exit_code = 2


class InterruptedWork(ClapBenchError):
    """The user ended the work (exit status 130, as shells have it)."""

    exit_code = 130


class DataError(ClapBenchError):
    """A file was read and its content is not what it must be."""


class UnavailableError(ClapBenchError):
    """A package, a checkpoint or an audio archive that the request needs is not on this machine."""


class PluginError(ClapBenchError):
    """A scorer that is not part of clap-bench does not keep to the contract; ``reason`` names it, ``remedy`` helps."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"{reason}; {remedy}")
        self.reason = reason
        self.remedy = remedy


def reason_of(error: BaseException) -> str:
    """Return the class and the first line of another package's error, to be quoted within one line of ours."""
    return f"{type(error).__name__}: {error}".splitlines()[0].strip().removesuffix(".")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'laion'?"`` for the known name closest to ``name``, or nothing if none is close."""
    close = closest(name, known)
    return f"; did you mean {close!r}?" if close not in (None, name) else ""


def closest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name closest to ``name``, whatever its case, or None if none is close."""
    by_folded = {one.casefold(): one for one in known}
    close = difflib.get_close_matches(name.casefold(), list(by_folded), n=1, cutoff=0.5)
    return by_folded[close[0]] if close else None
