"""Where commands print: results on stdout, remarks and errors on stderr."""

from __future__ import annotations

import errno
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bench.files.manifest import redact_text
from bench.terminal.logfile import log
from metrics.errors import ClapBenchError
from metrics.files import write_text

if TYPE_CHECKING:
    from bench.reports.layout import Report

_MAKE_ROOM = "make room and start the same command again: what was done is kept"
_CHOOSE = "make the folder writable, or choose another"
MACHINE_FAULTS = {
    errno.ENOSPC: _MAKE_ROOM,
    errno.EDQUOT: _MAKE_ROOM,
    errno.EFBIG: _MAKE_ROOM,
    errno.EROFS: _CHOOSE,
    errno.EACCES: _CHOOSE,
    errno.EPERM: _CHOOSE,
    errno.EMFILE: "this process may open no more files: raise the limit (ulimit -n) or lower --workers",
    errno.EIO: "the disk or file system failed: see the system's log, then start the same command again",
}


def fail(error: ClapBenchError) -> int:
    """Print an error as one line on stderr and return its exit status."""
    print("error: " + redact_text(" ".join(str(error).split())), file=sys.stderr)
    return error.exit_code


def run_app(app: Callable[[], object]) -> None:
    """Run a command line; an error is one line on stderr and an exit status, and a traceback with ``--debug`` alone."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(fail(ClapBenchError("interrupted; start the same command again to go on")))
    except Exception as error:
        log("failed", logging.ERROR, exc_info=True, error=type(error).__name__, message=str(error))
        if "--debug" in sys.argv[1:]:
            raise
        sys.exit(fail(told(error)))


def told(error: Exception) -> ClapBenchError:
    """Say what went wrong in the terms of the user."""
    if isinstance(error, ClapBenchError):
        return error
    if isinstance(error, OSError) and error.errno in MACHINE_FAULTS:
        where = f"{error.filename}: " if error.filename else ""
        return ClapBenchError(f"{where}{error.strerror}; {MACHINE_FAULTS[error.errno]}")
    return _unexpected(error)


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
