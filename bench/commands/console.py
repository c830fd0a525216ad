"""Where commands print: results on stdout, progress and errors on stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from metrics.errors import ClapBenchError
from metrics.types import ProgressCallback, no_progress

if TYPE_CHECKING:
    from bench.reports.layout import Report


def fail(error: ClapBenchError) -> int:
    """Print an error as one line on stderr and return its exit status."""
    print("error: " + " ".join(str(error).split()), file=sys.stderr)
    return error.exit_code


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


@contextmanager
def progress_bars() -> Iterator[ProgressCallback]:
    """Yield a callback that draws one bar a stage on stderr; silent where stderr is not a terminal."""
    if not sys.stderr.isatty():
        yield no_progress
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        tasks: dict[str, TaskID] = {}

        def update(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total)
            bars.update(tasks[stage], completed=done, total=total)

        yield update
