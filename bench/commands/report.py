"""``bench report``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bench.commands.page import write_figures, write_page
from bench.terminal.console import deliver, say, show_report
from metrics.errors import UsageError

if TYPE_CHECKING:
    from bench.reports.layout import Report
    from bench.reports.published import PublishedFigure
    from bench.runs.run import Run

Against = Literal["published"]
Format = Literal["markdown", "html", "latex", "csv", "json"]


def report_command(
    run_dir: Annotated[Path | None, typer.Argument(help="Folder of a run. [default: the newest in results/]")] = None,
    format: Annotated[
        Format | None,
        typer.Option(
            help="html: a page to listen to; latex: tables to \\input in a paper; csv: estimates, one a row. "
            "[default: tables on a terminal, markdown into a pipe or file]"
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            help="Write to this file instead of printing. [default for html: report.html in the run's folder]"
        ),
    ] = None,
    embed_audio: Annotated[
        int,
        typer.Option(metavar="N", min=0, help="html: put the N most disputed clips into the page; others are linked."),
    ] = 0,
    standalone: Annotated[bool, typer.Option("--standalone", help="latex: a document that compiles as it is.")] = False,
    recompute: Annotated[bool, typer.Option("--recompute", help="Compute all statistics anew.")] = False,
    calibrate_on: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN_DIR",
            help="Fit calibrations and tie thresholds on this run of another split. [default: cross-fitted by caption]",
        ),
    ] = None,
    figures: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Draw the run's figures into this folder, as SVG and PNG.")
    ] = None,
    against: Annotated[Against | None, typer.Option(help="Show figures from papers beside the run's.")] = None,
) -> None:
    """Print the tables of a run, or write its page to listen to, from its own files: no model, no GPU."""
    from bench.files.workspace import newest_run
    from bench.reports.contents import build_report
    from bench.reports.published import load_figures
    from bench.runs.run import read_run

    if embed_audio and format != "html":
        raise UsageError("--embed-audio belongs to --format html; add that, or leave --embed-audio out")
    if standalone and format != "latex":
        raise UsageError("--standalone belongs to --format latex; add that, or leave --standalone out")
    run = read_run(run_dir or newest_run(), recompute, calibrate_on)
    published = load_figures(run.manifest.dataset.name, run.manifest.bands) if against else []
    if against and not published:
        raise UsageError(f"no published figures on {run.manifest.dataset.name!r}; leave --against out")
    report = build_report(run.manifest, run.table, run.analysis, run.leakage, published)
    if figures is not None:
        write_figures(run, figures)
    if format == "html":
        say(f"Page: {write_page(run, report, output, embed_audio)}")
        return
    if format is None and output is None:
        show_report(report)
        return
    text = _render(format or "markdown", run, report, published, standalone)
    deliver(text, output, "Report")


def _render(format: Format, run: Run, report: Report, published: Sequence[PublishedFigure], standalone: bool) -> str:
    from bench.reports.formats import csv_file, json_file, latex, markdown

    if format == "json":
        return json_file.as_json(run.manifest, run.analysis, run.leakage)
    if format == "csv":
        return csv_file.render(run.analysis.estimates, run.manifest.signatures, published)
    return latex.render(report, standalone) if format == "latex" else markdown.render(report)
