"""How the commands that make and read runs on votes end."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.files.checksums import warning_of
from bench.reports.formats import Document
from bench.terminal.console import deliver, say, show_report
from bench.terminal.finish import PAGE, failed_here, leave_incomplete, name_remade, show_page
from bench.terminal.progress import terminal_progress
from metrics.errors import UsageError

if TYPE_CHECKING:
    from bench.runs.run import RunRequest
    from bench.runs.vote_folder import VoteRun


def execute_votes(request: RunRequest) -> VoteRun:
    """Run with progress bars."""
    from bench.runs.votes import run_votes

    with terminal_progress() as progress:
        return run_votes(request, progress, say)


def finish_votes(run: VoteRun, *, strict: bool, page: bool = False) -> None:
    """Print verdict, accuracies and paths; leave with status 3 (or 1) if a metric that ran failed on some pairs.

    Raises:
        ClapBenchError: a metric failed on some pairs, and ``strict``.
    """
    from bench.runs.vote_page import write_vote_page

    document = document_of(run)
    show_report(document.report, brief=True)
    say(f"\nEverything: bench report {shlex.quote(str(run.folder))} --full")
    say(f"Report: {run.folder / 'report.md'}")
    if page:
        say(f"Page to look at: {write_vote_page(run, document.report)[0]}")
    if n_failures := failed_here(run.failures, run.manifest):
        leave_incomplete(n_failures, run.folder / "failures.csv", strict=strict)


def report_votes(
    folder: Path,
    format: str | None,
    output: Path | None,
    recompute: bool,
    standalone: bool,
    full: bool,
    figures: Path | None,
    embed_audio: int | None,
    others: Mapping[str, object],
) -> None:
    """Print the report of a run on votes, or write it, its page or its figures to files; see `bench.commands.report`.

    Raises:
        UsageError: one of the ``others``, options that votes do not have, is given.
    """
    from bench.runs.vote_folder import read_vote_run
    from bench.runs.vote_page import write_vote_figures, write_vote_page

    if given := [option for option, value in others.items() if value is not None]:
        raise UsageError(f"{given[0]} has no meaning for a run on votes; leave it out")
    run = read_vote_run(folder, recompute)
    warning = warning_of(run.altered)
    if warning:
        say(f"warning: {warning}")
    document = document_of(run, warning)
    if figures is not None:
        say(f"Figures: {len(write_vote_figures(run, figures))} files in {figures}")
    if format == PAGE:
        show_page(*write_vote_page(run, document.report, output, embed_audio), asked=embed_audio is not None)
        return
    settings: dict[str, Any] = {"standalone": True} if standalone else {}
    remade = name_remade(folder, output, format or "markdown")
    deliver(document, format, output, "Report", brief=not full, remade=remade, **settings)


def document_of(run: VoteRun, warning: str = "") -> Document:
    """Return what there is to tell of a run on votes."""
    from bench.files.records import plain
    from bench.reports.formats.csv_file import render_votes
    from bench.runs.vote_folder import report_of

    return Document(
        report_of(run, warning),
        facts=lambda: {
            "warning": warning or None,
            "manifest": run.manifest,
            "leakage": run.leakage,
            **plain(run.analysis),
        },
        csv=lambda: render_votes(run.analysis.vote_agreements, run.manifest.signatures, warning),
    )
