"""``bench reproduce``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.files.checksums import warning_of
from bench.files.records import json_text
from bench.terminal.console import put, say
from bench.terminal.options import AsJson
from bench.terminal.progress import terminal_progress
from metrics.errors import ClapBenchError

if TYPE_CHECKING:
    from bench.runs.reproduce import Reproduction


def reproduce_command(
    run_dir: Annotated[
        Path | None, typer.Argument(help="Folder of a run.", show_default="the newest in results/")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the new run.", show_default="a new one in results/")
    ] = None,
    trust: Annotated[
        bool,
        typer.Option("--trust", help="Run code that the manifest names and that is not part of clap-bench."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a run again from its manifest, hearing every clip anew, and say what differs.

    Metrics in files, of plugins and in environments of their own are run with --trust alone: read their code first.
    Ends with status 1 if a score or an estimate differs by more than 1e-6.
    """
    from bench.files.workspace import newest_run
    from bench.runs.reproduce import TOLERANCE, reproduce

    with terminal_progress() as progress:
        found = reproduce(run_dir or newest_run(remark=say), out, progress, trust=trust)
    warning = warning_of(found.before.altered)
    if warning:
        say(f"warning: {found.before.folder}: {warning}")
    put(json_text(_facts(found)) if as_json else "\n".join(_lines(found)))
    say(f"New run: {found.now.folder}")
    if not found.succeeded:
        raise ClapBenchError(
            f"{found.before.folder} is not reproduced: differences above {TOLERANCE:g}; "
            f"see what changed above, and 'bench report {found.now.folder}'"
        )


def _lines(found: Reproduction) -> list[str]:
    made = [f"- {change.what}: {change.before} → {change.now}" for change in found.changes] or ["- nothing"]
    scores = [f"- {metric}: {difference:.3g}" for metric, difference in found.score_differences.items()]
    warning = warning_of(found.before.altered)
    return [
        *([f"Warning. {warning}"] if warning else []),
        "What is different about its making:",
        *made,
        "Largest difference of a score:",
        *scores,
        f"Largest difference of an estimate or an end of an interval: {found.estimate_difference:.3g}",
        f"Files equal to the byte: {', '.join(found.identical) or 'none'}",
        f"Other files: {', '.join(found.different) or 'none'}",
    ]


def _facts(found: Reproduction) -> dict[str, object]:
    return {
        "before": str(found.before.folder),
        "now": str(found.now.folder),
        "reproduced": found.succeeded,
        "warning": warning_of(found.before.altered) or None,
        "changes": [{"what": change.what, "before": change.before, "now": change.now} for change in found.changes],
        "score_differences": dict(found.score_differences),
        "estimate_difference": found.estimate_difference,
        "identical": found.identical,
        "different": found.different,
    }
