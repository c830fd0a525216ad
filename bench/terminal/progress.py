"""Progress bars for people: drawn on the terminal's error stream, and only if there is a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from bench.terminal.logfile import logged
from bench.terminal.screen import Screen
from metrics.printable import printable
from metrics.types import ProgressCallback, no_progress


@contextmanager
def terminal_progress(console: Console | None = None) -> Iterator[ProgressCallback]:
    """Yield a callback that draws one bar a stage; where nobody watches, one that does nothing.

    Args:
        console: where to draw; None takes the error stream.
    """
    console = console or Screen(stderr=True)
    with _bars(console) if console.is_terminal else nullcontext(no_progress) as draw, logged(draw) as progress:
        yield progress


@contextmanager
def _bars(console: Console) -> Iterator[ProgressCallback]:
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        _Rate(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bars:
        stages: dict[str, TaskID] = {}

        def show(stage: str, done: int, total: int) -> None:
            if stage not in stages:
                stages[stage] = bars.add_task(printable(stage), total=None)
            bars.update(stages[stage], completed=done, total=total or None)

        yield show


class _Rate(ProgressColumn):
    """Items a second, once that is known."""

    def render(self, task: Task) -> Text:
        rate = task.finished_speed or task.speed
        return Text(rate_text(rate) if rate else "")


def rate_text(rate: float) -> str:
    """Return items (or bytes) a second with three digits: ``12.3/s``, ``1.16 M/s``."""
    for prefix, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if rate >= size:
            return f"{rate / size:.3g} {prefix}/s"
    return f"{rate:.3g}/s"
