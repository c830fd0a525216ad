"""``bench compare``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bench.terminal.console import deliver, say, show_report

if TYPE_CHECKING:
    from bench.runs.compare import RunComparison

Format = Literal["markdown", "json"]


def compare_command(
    before: Annotated[Path, typer.Argument(metavar="RUN_A", help="Folder of a run.")],
    now: Annotated[Path, typer.Argument(metavar="RUN_B", help="Folder of another, which is compared with it.")],
    format: Annotated[
        Format | None, typer.Option(help="[default: tables on a terminal, markdown into a pipe or file]")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="Write to this file instead of printing.")] = None,
) -> None:
    """Say what changed between two runs: data, signatures, software, scores, and agreement, pair by pair."""
    from bench.files.records import json_text
    from bench.reports.formats import markdown
    from bench.runs.compare import compare_runs
    from bench.runs.compare_report import build_comparison
    from bench.runs.run import read_run

    found = compare_runs(read_run(before), read_run(now))
    if found.warning:
        say(f"warning: {found.warning}")
    report = build_comparison(found)
    if format is None and output is None:
        show_report(report)
        return
    text = json_text(_facts(found)) + "\n" if format == "json" else markdown.render(report)
    deliver(text, output, "Comparison")


def _facts(found: RunComparison) -> dict[str, object]:
    """Return what programs want to know; null for a largest difference: a score is missing in one of the runs."""
    facts = {name: value for name, value in vars(found).items() if name not in ("before", "now")}
    runs = {"before": found.before, "now": found.now}
    return {
        **{name: str(run.folder) for name, run in runs.items()},
        **facts,
        "estimates": {name: run.analysis.estimates for name, run in runs.items()},
    }
