"""``bench report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from bench.commands.console import say, show_report
from metrics.errors import UsageError

Against = Literal["published"]
Format = Literal["markdown", "json"]


def report_command(
    run_dir: Annotated[Path | None, typer.Argument(help="Folder of a run. [default: the newest in results/]")] = None,
    format: Annotated[
        Format | None, typer.Option(help="[default: tables on a terminal, markdown into a pipe or file]")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="Write to this file instead of printing.")] = None,
    recompute: Annotated[bool, typer.Option("--recompute", help="Compute all statistics anew.")] = False,
    calibrate_on: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN_DIR",
            help="Fit calibrations and tie thresholds on this run of another split. [default: cross-fitted by caption]",
        ),
    ] = None,
    against: Annotated[Against | None, typer.Option(help="Show figures from papers beside the run's.")] = None,
) -> None:
    """Print the tables of a run, from its own files: no model, no GPU."""
    from bench.reports import machine, markdown
    from bench.reports.contents import build_report
    from bench.reports.published import load_figures
    from bench.run import read_run
    from bench.workspace import newest_run
    from metrics.files import write_text

    run = read_run(run_dir or newest_run(), recompute, calibrate_on)
    figures = load_figures(run.manifest.dataset.name) if against else []
    if against and not figures:
        raise UsageError(f"no published figures on {run.manifest.dataset.name!r}; leave --against out")
    report = build_report(run.manifest, run.table, run.analysis, run.leakage, figures)
    if format is None and output is None:
        show_report(report)
        return
    text = machine.as_json(run.manifest, run.analysis, run.leakage) if format == "json" else markdown.render(report)
    if output is None:
        typer.echo(text, nl=False)
    else:
        write_text(output, text)
        say(f"Report: {output}")
