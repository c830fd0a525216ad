"""Where commands print: results on stdout, remarks and errors on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from metrics.errors import ClapBenchError

if TYPE_CHECKING:
    from bench.reports.layout import Report


def fail(error: ClapBenchError) -> int:
    """Print an error as one line on stderr and return its exit status."""
    print("error: " + " ".join(str(error).split()), file=sys.stderr)
    return error.exit_code


def run_app(app: Callable[[], object]) -> None:
    """Run a command line; an expected error is one line on stderr and an exit status, not a traceback."""
    try:
        app()
    except ClapBenchError as error:
        if "--debug" in sys.argv[1:]:
            raise
        sys.exit(fail(error))
    except KeyboardInterrupt:
        sys.exit(fail(ClapBenchError("interrupted; start the same command again to go on")))


def say(message: str) -> None:
    """Print a remark that is no result, on stderr."""
    print(message, file=sys.stderr)


def show_report(report: Report) -> None:
    """Print a report: drawn tables on a terminal, markdown into a pipe or file."""
    from rich.console import Console

    from bench.reports import markdown, terminal

    if sys.stdout.isatty():
        terminal.show(report, Console())
    else:
        print(markdown.render(report), end="")
