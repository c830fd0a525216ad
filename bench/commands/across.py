"""``bench across``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.statistics.types import Statistic
from bench.terminal.console import deliver, say
from bench.terminal.options import FormatOption, Output


def across_command(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN…", help="Folders of runs, one a data set.")],
    statistic: Annotated[Statistic, typer.Option(help="Statistic that the table shows.")] = "srcc",
    format: FormatOption = None,
    output: Output = None,
) -> None:
    """Put runs over different data sets beside each other: every metric on every data set, average and mean rank."""
    from bench.reports.formats import Document
    from bench.runs.across import across, build_across
    from bench.runs.run import read_run

    found = across([read_run(run) for run in runs], statistic)
    if found.warning:
        say(f"warning: {found.warning}")
    deliver(Document(build_across(found), facts=lambda: vars(found)), format, output, "Table")
