"""``bench report``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bench.files.checksums import warning_of
from bench.reports.formats import Document, names
from bench.terminal.console import deliver, say
from bench.terminal.finish import PAGE, name_remade, show_page
from bench.terminal.options import Output
from metrics.errors import UsageError

if TYPE_CHECKING:
    from bench.reports.published import PublishedFigure
    from bench.runs.folder import Run

Against = Literal["published"]
FORMAT_NAMES = (*names("report", "estimates", "facts"), PAGE)
if TYPE_CHECKING:
    AnyFormat = str
else:  # typer takes the choices from a Literal
    AnyFormat = Literal[FORMAT_NAMES]


def report_command(
    run_dir: Annotated[
        Path | None, typer.Argument(help="Folder of a run.", show_default="the newest in results/")
    ] = None,
    format: Annotated[
        AnyFormat | None,
        typer.Option(
            help="html: a page to listen to; latex: tables to \\input in a paper; csv: estimates, one a row.",
            show_default="drawn on a terminal, markdown into a pipe or file",
        ),
    ] = None,
    full: Annotated[
        bool,
        typer.Option("--full", help="Print everything, not only verdict and Table I."),
    ] = False,
    output: Output = None,
    embed_audio: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=0,
            help="html: put the N most disputed clips into the page; others are linked.",
            show_default="12 of those that the run heard",
        ),
    ] = None,
    standalone: Annotated[bool, typer.Option("--standalone", help="latex: a document that compiles as it is.")] = False,
    recompute: Annotated[bool, typer.Option("--recompute", help="Compute all statistics anew.")] = False,
    calibrate_on: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN_DIR",
            help="Fit calibrations and tie thresholds on this run of another split.",
            show_default="cross-fitted by caption",
        ),
    ] = None,
    figures: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Draw the run's figures into this folder, as SVG, PNG and PDF."),
    ] = None,
    against: Annotated[Against | None, typer.Option(help="Show figures from papers beside the run's.")] = None,
) -> None:
    """Print what a run says and its first table, or write its page to listen to, from its own files: no model, no GPU.

    Without --full, --format, --output or --against this is one screen: the verdict, and Table I.
    """
    from bench.files.workspace import newest_run
    from bench.reports.published import load_figures
    from bench.runs.folder import read_run
    from bench.runs.page import write_figures, write_page
    from bench.runs.vote_folder import is_vote_run
    from bench.terminal.finish_votes import report_votes

    _check_format(format, embed_audio, standalone)
    folder = run_dir or newest_run(remark=say)
    others = {"--calibrate-on": calibrate_on, "--against": against}
    if is_vote_run(folder):
        report_votes(folder, format, output, recompute, standalone, full, figures, embed_audio, others)
        return
    run = read_run(folder, recompute, calibrate_on)
    warning = warning_of(run.altered)
    if warning:
        say(f"warning: {warning}")
    published = load_figures(run.manifest.dataset.name, run.manifest.bands) if against else []
    if against and not published:
        raise UsageError(f"no published figures on {run.manifest.dataset.name!r}; leave --against out")
    document = _document(run, published, warning)
    if figures is not None:
        say(f"Figures: {len(write_figures(run, figures))} files in {figures}")
    if format == PAGE:
        show_page(*write_page(run, document.report, output, embed_audio), asked=embed_audio is not None)
        return
    settings = {"standalone": True} if standalone else {}
    remade = name_remade(run.folder, output, format or "markdown")
    deliver(document, format, output, "Report", brief=not (full or against), remade=remade, **settings)


def _check_format(format: str | None, embed_audio: int | None, standalone: bool) -> None:
    if embed_audio is not None and format != PAGE:
        raise UsageError("--embed-audio belongs to --format html; add that, or leave --embed-audio out")
    if standalone and format != "latex":
        raise UsageError("--standalone belongs to --format latex; add that, or leave --standalone out")


def _document(run: Run, published: Sequence[PublishedFigure], warning: str) -> Document:
    from bench.files.records import plain
    from bench.reports.contents import build_report

    return Document(
        build_report(run.manifest, run.table, run.analysis, run.leakage, published, warning),
        facts=lambda: {
            "warning": warning or None,
            "manifest": run.manifest,
            "leakage": run.leakage,
            **plain(run.analysis),
        },
        estimates=lambda: (run.analysis.estimates, run.manifest.signatures, published, warning),
    )
