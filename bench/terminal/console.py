"""Where commands print: results on stdout, remarks and errors on stderr."""

from __future__ import annotations

import errno
import logging
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from bench.terminal.arguments import refuse_urls
from bench.terminal.logfile import legible, legible_record, log
from bench.terminal.streams import prepare_streams
from metrics.errors import ClapBenchError, InterruptedWork
from metrics.files import write_text
from metrics.printable import printable

if TYPE_CHECKING:
    from bench.reports.formats import Document
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
    print("error: " + legible(" ".join(str(error).split())), file=sys.stderr)
    return error.exit_code


def run_app(app: Callable[[], object]) -> None:
    """Run a command line; an error is one line on stderr and an exit status, and a traceback with ``--debug`` alone."""
    logging.setLogRecordFactory(legible_record)
    prepare_streams()
    try:
        refuse_urls(sys.argv[1:], os.environ)
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
            sys.excepthook = _show_traceback
            raise
        sys.exit(fail(told(error)))


def _show_traceback(kind: type[BaseException], error: BaseException, place: TracebackType | None) -> None:
    """Print a traceback as Python does, without secrets."""
    print(legible("".join(traceback.format_exception(kind, error, place))), end="", file=sys.stderr)


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
    print(legible(message), file=sys.stderr)


def put(text: str, end: str = "\n") -> None:
    """Print a result on stdout. JSON stays the same JSON; in other formats hidden characters become visible."""
    print(printable(text), end=end, flush=True)  # not typer.echo: it makes UTF-8 of a stream that is ASCII


def deliver(
    document: Document,
    format: str | None,
    output: Path | None,
    title: str,
    *,
    brief: bool = False,
    remade: str | None = None,
    **settings: Any,
) -> None:
    """Print a document, or write it to a file and say where it is.

    Args:
        document: what to tell.
        format: a name of `bench.reports.formats.FORMATS`; None draws tables on a terminal, and is Markdown elsewhere.
        brief: whether the first screen is enough where neither a format nor a file was asked for.
        output: file to write; None prints.
        title: what the file is called in the remark.
        remade: the name of a run's file that may be replaced, because this is the same anew.
        settings: for the format's function.

    Raises:
        UsageError: the file would replace another file of a run.
    """
    from bench.reports.formats import DEFAULT, render

    if format is None and output is None:
        show_report(document.report, brief)
        return
    text = render(document, format or DEFAULT, **settings)
    if output is None:
        put(text, end="")
        return
    from bench.runs.integrity import record_remade, refuse_overwriting

    refuse_overwriting(output, remade)
    write_text(output, text)
    if remade is not None:
        record_remade(output)
    say(f"{title}: {output}")


def show_report(report: Report, brief: bool = False) -> None:
    """Print a report, or its first screen: drawn tables on a terminal, markdown into a pipe or file."""
    from bench.reports.formats import markdown, terminal
    from bench.terminal.screen import Screen

    shown = report.first_screen() if brief else report
    if sys.stdout.isatty():
        terminal.show(shown, Screen(), brief)
    else:
        put(markdown.render(shown), end="")
