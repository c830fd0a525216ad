"""Where commands print: results on stdout, remarks and errors on stderr."""

from __future__ import annotations

import errno
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bench.commands.streams import prepare_streams
from bench.files.manifest import redact_text
from bench.terminal.logfile import log
from metrics.errors import ClapBenchError, InterruptedWork
from metrics.files import write_text

if TYPE_CHECKING:
    from bench.reports.layout import Report

_MAKE_ROOM = "make room and start the same command again: what was done is kept"
_LESS = "close other programs, or ask for less: fewer --resamples, a smaller --batch-size, fewer metrics at once"
_CHOOSE = "make the folder writable, or choose another"
FAULTS = {
    errno.ENOSPC: _MAKE_ROOM,
    errno.EDQUOT: _MAKE_ROOM,
    errno.EFBIG: _MAKE_ROOM,
    errno.EROFS: _CHOOSE,
    errno.EACCES: _CHOOSE,
    errno.EPERM: _CHOOSE,
    errno.EMFILE: "this process may open no more files: raise the limit (ulimit -n) or lower --workers",
    errno.EIO: "the disk or file system failed: see the system's log, then start the same command again",
    errno.EISDIR: "give the path of a file that is no folder",
    errno.ENOTDIR: "a part of this path is a file: give another path",
    errno.EEXIST: "a file is where a folder should be: give another path",
    errno.ENAMETOOLONG: "give a shorter path",
    errno.ELOOP: "links that lead to each other: give the path of a file or folder",
    errno.ENOMEM: _LESS,
}
"""What to do where the machine, or the path that was given, is at fault."""


def fail(error: ClapBenchError) -> int:
    """Print an error as one line on stderr and return its exit status."""
    print("error: " + redact_text(" ".join(str(error).split())), file=sys.stderr)
    return error.exit_code


def run_app(app: Callable[[], object]) -> None:
    """Run a command line; an error is one line on stderr and an exit status, and a traceback with ``--debug`` alone."""
    prepare_streams()
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(fail(_interrupted()))
    except SystemExit as end:
        if end.code == InterruptedWork.exit_code:  # what typer makes of KeyboardInterrupt
            sys.exit(fail(_interrupted()))
        raise
    except Exception as error:
        log("failed", logging.ERROR, exc_info=True, error=type(error).__name__, message=str(error))
        if "--debug" in sys.argv[1:]:
            raise
        sys.exit(fail(told(error)))


def told(error: Exception) -> ClapBenchError:
    """Say what went wrong in the terms of the user."""
    if isinstance(error, ClapBenchError):
        return error
    if isinstance(error, MemoryError):
        return ClapBenchError(f"not enough memory ({error or 'none of it was left'}); {_LESS}")
    if isinstance(error, OSError) and error.errno in FAULTS:
        path = error.filename2 or error.filename  # of two, the second is where the file was to go
        where = f"{path}: " if path else ""
        return ClapBenchError(f"{where}{error.strerror}; {FAULTS[error.errno]}")
    return _unexpected(error)


def _interrupted() -> InterruptedWork:
    return InterruptedWork("interrupted; start the same command again: it goes on from what is already done")


def _unexpected(error: Exception) -> ClapBenchError:
    """Say that this is no fault of the user, and where to find more."""
    command = Path(sys.argv[0]).name
    return ClapBenchError(
        f"internal error, please report it: {type(error).__name__}: {error}; '{command} --debug …' shows where"
    )


def say(message: str) -> None:
    """Print a remark that is no result, on stderr, and log it."""
    log("remark", message=message.strip())
    print(redact_text(message), file=sys.stderr)


def deliver(text: str, output: Path | None, title: str) -> None:
    """Print a result, or write it to a file and say where it is."""
    if output is None:
        typer.echo(text, nl=False)
        return
    write_text(output, text)
    say(f"{title}: {output}")


def show_report(report: Report) -> None:
    """Print a report: drawn tables on a terminal, markdown into a pipe or file."""
    from rich.console import Console

    from bench.reports.formats import markdown, terminal

    if sys.stdout.isatty():
        terminal.show(report, Console())
    else:
        print(markdown.render(report), end="")
