"""Progress bars for people: drawn on the terminal's error stream, and only if there is a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn

from metrics.types import ProgressCallback, no_progress


@contextmanager
def terminal_progress(console: Console | None = None) -> Iterator[ProgressCallback]:
    """Yield a callback that draws one bar a stage; where nobody watches, one that does nothing.

    Args:
        console: where to draw; None takes the error stream.
    """
    console = console or Console(stderr=True)
    if not console.is_terminal:
        yield no_progress
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bars:
        stages: dict[str, TaskID] = {}

        def show(stage: str, done: int, total: int) -> None:
            if stage not in stages:
                stages[stage] = bars.add_task(stage)
            bars.update(stages[stage], completed=done, total=total or None)

        yield show
