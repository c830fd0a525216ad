"""``bench compare``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.terminal.console import deliver, say
from bench.terminal.options import FormatOption, Output

if TYPE_CHECKING:
    from bench.runs.compare import RunComparison
    from bench.runs.compare_votes import VoteRunComparison


def compare_command(
    before: Annotated[Path, typer.Argument(metavar="RUN_A", help="Folder of a run.")],
    now: Annotated[Path, typer.Argument(metavar="RUN_B", help="Folder of another, which is compared with it.")],
    format: FormatOption = None,
    output: Output = None,
) -> None:
    """Say what changed between two runs: data, signatures, software, scores, and agreement, pair by pair."""
    from bench.reports.formats import Document
    from bench.runs.compare import compare_runs
    from bench.runs.compare_report import build_comparison
    from bench.runs.folder import read_run
    from bench.runs.vote_folder import is_vote_run

    if is_vote_run(before) and is_vote_run(now):
        _compare_votes(before, now, format, output)
        return
    found = compare_runs(read_run(before), read_run(now))
    if found.warning:
        say(f"warning: {found.warning}")
    deliver(Document(build_comparison(found), facts=lambda: _facts(found)), format, output, "Comparison")


def _compare_votes(before: Path, now: Path, format: str | None, output: Path | None) -> None:
    from bench.reports.formats import Document
    from bench.runs.compare_votes import compare_vote_runs
    from bench.runs.compare_votes_report import build_vote_comparison
    from bench.runs.vote_folder import read_vote_run

    found = compare_vote_runs(read_vote_run(before), read_vote_run(now))
    if found.warning:
        say(f"warning: {found.warning}")
    deliver(Document(build_vote_comparison(found), facts=lambda: _vote_facts(found)), format, output, "Comparison")


def _vote_facts(found: VoteRunComparison) -> dict[str, object]:
    """Return the same of runs on votes."""
    facts = {name: value for name, value in vars(found).items() if name not in ("before", "now")}
    runs = {"before": found.before, "now": found.now}
    return {
        **{name: str(run.folder) for name, run in runs.items()},
        **facts,
        "vote_agreements": {name: run.analysis.vote_agreements for name, run in runs.items()},
    }


def _facts(found: RunComparison) -> dict[str, object]:
    """Return what programs want to know; null for a largest difference: a score is missing in one of the runs."""
    facts = {name: value for name, value in vars(found).items() if name not in ("before", "now")}
    runs = {"before": found.before, "now": found.now}
    return {
        **{name: str(run.folder) for name, run in runs.items()},
        **facts,
        "estimates": {name: run.analysis.estimates for name, run in runs.items()},
    }
