"""How a command that made a run ends: the first screen of its report, paths, and a status.

The status tells whether every pair has a score.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bench.terminal.console import say, show_report
from bench.terminal.progress import terminal_progress
from metrics.errors import ClapBenchError

if TYPE_CHECKING:
    from bench.files.manifest import RunManifest
    from bench.runs.folder import Run
    from bench.runs.run import RunRequest
    from metrics.types import ScoreFailure

SOME_PAIRS_FAILED = 3
PAGE = "html"
"""The format that is written, and not printed."""


def execute(request: RunRequest) -> Run:
    """Run with progress bars."""
    from bench.runs.run import run_benchmark

    with terminal_progress() as progress:
        return run_benchmark(request, progress, say)


def finish(run: Run, *, strict: bool, page: bool = False) -> None:
    """Print verdict, Table I and paths; leave with status 3 (or 1) if a metric that ran failed on some pairs.

    Raises:
        ClapBenchError: a metric that ran failed on some pairs, and ``strict``.
    """
    from bench.datasets.captions import merged_captions
    from bench.reports.contents import build_report
    from bench.runs.page import write_page

    report = build_report(run.manifest, run.table, run.analysis, run.leakage)
    show_report(report, brief=True)
    say(f"\nEverything: bench report {shlex.quote(str(run.folder))} --full")
    say(f"Report: {run.folder / 'report.md'}")
    if page:
        say(f"Page to look at and listen to: {write_page(run, report)[0]}")
    pairs = run.table.pairs
    if merged := merged_captions(zip(pairs["caption"], pairs["caption_id"], strict=True)):
        say(f"warning: {merged}")
    if n_failures := failed_here(run.table.failures, run.manifest):
        leave_incomplete(n_failures, run.folder / "failures.csv", strict=strict)


def failed_here(failures: Mapping[str, Sequence[ScoreFailure]], manifest: RunManifest) -> int:
    """Return how many scores are missing of metrics that ran; what the archive never had, the report says."""
    return sum(len(found) for metric, found in failures.items() if metric not in manifest.external)


def leave_incomplete(n_failures: int, reasons: Path, *, strict: bool, status: int = SOME_PAIRS_FAILED) -> None:
    """Say that some scores are missing, and leave with ``status``.

    Raises:
        ClapBenchError: ``strict``.
    """
    message = f"{n_failures:,} scores are missing; reasons in {reasons}"
    if strict:
        raise ClapBenchError(message)
    say(f"warning: {message}")
    raise typer.Exit(status)


def show_page(page: Path, problems: Sequence[str], *, asked: bool) -> None:
    """Say where a page is, and what of the clips that were ``asked`` for could not be put into it."""
    if problems and asked:
        say(f"warning: {len(problems):,} clips could not be embedded; the first: {problems[0]}")
    say(f"Page: {page}")


def name_remade(folder: Path, output: Path | None, format: str) -> str | None:
    """Return the name of the run's file that is made anew, if that is what was asked for."""
    from bench.runs.integrity import REPORT_NAME

    is_report = output is not None and output.resolve() == (folder / REPORT_NAME).resolve()
    return REPORT_NAME if is_report and format == "markdown" else None
