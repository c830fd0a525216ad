"""Figures in documents, which programs write between ``<!-- table: NAME -->`` and ``<!-- end: NAME -->``."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"
PERFORMANCE = DOCS / "performance.md"
RELIABILITY = DOCS / "reliability.md"


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def replace_block(text: str, name: str, table: str) -> str:
    """Put a table between its marks.

    Raises:
        ValueError: the text has no such marks.
    """
    before, rest = text.split(f"<!-- table: {name} -->\n", 1)
    _, after = rest.split(f"<!-- end: {name} -->", 1)
    return f"{before}<!-- table: {name} -->\n{table}\n<!-- end: {name} -->{after}"


def write_measured(name: str, table: str, document: Path = PERFORMANCE) -> None:
    """Put a table between its marks in a document, under the machine that it was measured on."""
    text = replace_block(document.read_text(encoding="utf-8"), name, f"Measured on {machine()}.\n\n{table}")
    document.write_text(text, encoding="utf-8")


def measure(
    name: str,
    head: Sequence[str],
    known: Iterable[str],
    chosen: Sequence[str],
    measure_one: Callable[[str], tuple[Sequence[str], bool]],
) -> int:
    """Measure what is chosen, or all that is known, and print a table; return 1 if a limit is missed.

    Args:
        name: of the table in docs/performance.md, which is written if all are measured.
        measure_one: from a name to its row, and whether a limit is missed.
    """
    rows, missed = zip(*map(measure_one, chosen or known), strict=True)
    table = markdown(head, rows)
    print(table)
    if not chosen:
        write_measured(name, table)
    return int(any(missed))


def machine() -> str:
    """Return what the figures of this machine depend on."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{platform.system()} {platform.machine()}, {cores} cores, Python {platform.python_version()}"
