"""``bench across``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from bench.statistics.types import Statistic
from bench.terminal.console import deliver, say, show_report

Format = Literal["markdown", "latex", "json"]


def across_command(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN…", help="Folders of runs, one a data set.")],
    statistic: Annotated[Statistic, typer.Option(help="Which statistic.")] = "srcc",
    format: Annotated[
        Format | None, typer.Option(help="[default: tables on a terminal, markdown into a pipe or file]")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="Write to this file instead of printing.")] = None,
) -> None:
    """Put runs over different data sets beside each other: every metric on every data set, average and mean rank."""
    from bench.files.records import json_text
    from bench.reports.formats import latex, markdown
    from bench.runs.across import across, build_across
    from bench.runs.run import read_run

    found = across([read_run(run) for run in runs], statistic)
    if found.warning:
        say(f"warning: {found.warning}")
    report = build_across(found)
    if format is None and output is None:
        show_report(report)
        return
    if format == "json":
        text = json_text(vars(found)) + "\n"
    else:
        text = latex.render(report) if format == "latex" else markdown.render(report)
    deliver(text, output, "Table")
