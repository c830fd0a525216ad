"""``bench across``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bench.statistics.agreement import BY_ID, PRIMARY
from bench.terminal.console import deliver, say
from bench.terminal.options import FormatOption, Output

if TYPE_CHECKING:
    StatisticId = str
else:
    StatisticId = Literal[tuple(BY_ID)]  # typer makes choices of it, which a type checker cannot know


def across_command(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN…", help="Folders of runs, one a data set.")],
    statistic: Annotated[StatisticId, typer.Option(help="Statistic that the table shows.")] = PRIMARY.id,
    format: FormatOption = None,
    output: Output = None,
) -> None:
    """Put runs over different data sets beside each other, with what they say together of metrics and differences."""
    from bench.reports.formats import Document
    from bench.reports.sections.differences import difference_label
    from bench.runs.across import across
    from bench.runs.across_report import build_across
    from bench.runs.folder import read_run

    found = across([read_run(run) for run in runs], BY_ID[statistic])
    if found.warning:
        say(f"warning: {found.warning}")
    facts = {
        **vars(found),
        "statistic": statistic,
        "differences": {difference_label(*pair): ones for pair, ones in found.differences.items()},
        "pooled_differences": {difference_label(*pair): one for pair, one in found.pooled_differences.items()},
    }
    deliver(Document(build_across(found), facts=lambda: facts), format, output, "Table")
