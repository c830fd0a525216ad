"""How the commands that make and read runs on votes end."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.files.checksums import warning_of
from bench.reports.formats import Document
from bench.terminal.console import deliver, say, show_report
from bench.terminal.finish import leave_incomplete
from bench.terminal.progress import terminal_progress
from metrics.errors import UsageError

if TYPE_CHECKING:
    from bench.runs.run import RunRequest
    from bench.runs.vote_folder import VoteRun

FORMATS = ("markdown", "latex", "json")
"""Those that a run on votes can be reported in."""


def execute_votes(request: RunRequest, scores_from: tuple[str, ...]) -> VoteRun:
    """Run with progress bars."""
    from bench.runs.votes import run_votes

    with terminal_progress() as progress:
        return run_votes(request, scores_from, progress)


def finish_votes(run: VoteRun, *, strict: bool) -> None:
    """Print verdict, accuracies and paths; leave with status 3 (or 1) if a metric failed on some pairs.

    Raises:
        ClapBenchError: a metric failed on some pairs, and ``strict``.
    """
    document = document_of(run)
    show_report(document.report, brief=True)
    say(f"\nEverything: bench report {shlex.quote(str(run.folder))} --full")
    say(f"Report: {run.folder / 'report.md'}")
    n_failures = sum(map(len, run.failures.values()))
    if n_failures:
        leave_incomplete(n_failures, run.folder / "failures.csv", strict=strict)


def report_votes(
    folder: Path,
    format: str | None,
    output: Path | None,
    recompute: bool,
    standalone: bool,
    full: bool,
    others: Mapping[str, object],
) -> None:
    """Print the report of a run on votes, or write it to a file.

    Raises:
        UsageError: one of the ``others``, options that votes do not have, is given, or a format that they do not have.
    """
    from bench.runs.vote_folder import read_vote_run

    if given := [option for option, value in others.items() if value is not None]:
        raise UsageError(f"{given[0]} has no meaning for a run on votes; leave it out")
    if format not in (None, *FORMATS):
        raise UsageError(f"--format {format} is not there for a run on votes; choose one of {', '.join(FORMATS)}")
    run = read_vote_run(folder, recompute)
    warning = warning_of(run.altered)
    if warning:
        say(f"warning: {warning}")
    settings: dict[str, Any] = {"standalone": True} if standalone else {}
    deliver(document_of(run, warning), format, output, "Report", brief=not full, **settings)


def document_of(run: VoteRun, warning: str = "") -> Document:
    """Return what there is to tell of a run on votes."""
    from bench.files.records import plain
    from bench.reports.vote_report import build_vote_report

    return Document(
        build_vote_report(run.manifest, run.dataset, run.scores, run.failures, run.analysis, warning),
        facts=lambda: {"warning": warning or None, "manifest": run.manifest, **plain(run.analysis)},
    )
