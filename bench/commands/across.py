"""``bench across``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bench.statistics.agreement import BY_ID, PRIMARY
from bench.terminal.console import deliver, say
from bench.terminal.options import FormatOption, Output

if TYPE_CHECKING:
    from bench.runs.across import AcrossDatasets
    from bench.runs.dataset_results import Result

    StatisticId = str
else:
    StatisticId = Literal[tuple(BY_ID)]  # typer makes choices of it, which a type checker cannot know


def across_command(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN…", help="Folders of runs, one a data set: all on ratings, or all on votes."),
    ],
    statistic: Annotated[
        StatisticId | None,
        typer.Option(help="Statistic of runs on ratings; runs on votes have accuracy.", show_default=PRIMARY.id),
    ] = None,
    format: FormatOption = None,
    output: Output = None,
) -> None:
    """Put runs over different data sets beside each other, with what they say together of metrics and differences."""
    from bench.reports.formats import Document
    from bench.runs.across import across
    from bench.runs.across_report import build_across
    from bench.runs.folder import read_run
    from bench.runs.vote_folder import is_vote_run, read_vote_run

    read = [read_vote_run(run) if is_vote_run(run) else read_run(run) for run in runs]
    found = across(read, BY_ID[statistic] if statistic else None)
    if found.warning:
        say(f"warning: {found.warning}")
    deliver(Document(build_across(found), facts=lambda: _facts(found)), format, output, "Table")


def _facts(found: AcrossDatasets) -> dict[str, object]:
    """Return what programs want to know: of every data set, the record of its run."""
    from bench.reports.sections.differences import difference_label

    return {
        **vars(found),
        "statistic": found.statistic.id,
        "estimates": {metric: _records(ones) for metric, ones in found.estimates.items()},
        "differences": {difference_label(*pair): _records(ones) for pair, ones in found.differences.items()},
        "pooled_differences": {difference_label(*pair): one for pair, one in found.pooled_differences.items()},
    }


def _records(found: Sequence[Result | None]) -> list[object]:
    return [one and one.record for one in found]
