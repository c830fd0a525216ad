"""``bench across``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bench.statistics.agreement import BY_ID, PRIMARY
from bench.terminal.console import deliver, show_report

if TYPE_CHECKING:
    StatisticId = str
else:
    StatisticId = Literal[tuple(BY_ID)]  # typer makes choices of it, which a type checker cannot know

Format = Literal["markdown", "latex", "json"]


def across_command(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN…", help="Folders of runs, one a data set.")],
    statistic: Annotated[StatisticId, typer.Option(help="Which statistic.")] = PRIMARY.id,
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

    found = across([read_run(run) for run in runs], BY_ID[statistic])
    report = build_across(found)
    if format is None and output is None:
        show_report(report)
        return
    if format == "json":
        text = json_text({**vars(found), "statistic": statistic}) + "\n"
    else:
        text = latex.render(report) if format == "latex" else markdown.render(report)
    deliver(text, output, "Table")
