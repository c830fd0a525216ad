"""``bench metrics``."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from bench.terminal.console import put
from bench.terminal.options import AsJson

if TYPE_CHECKING:
    from metrics.types import Availability


def metrics_command(
    as_json: AsJson = False,
    pull: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES", help="Fetch these scorers' weights and build their environments instead of listing."
        ),
    ] = None,
) -> None:
    """List every scorer: what it is, whether it can run here, and if not, why and what to do."""
    if pull is not None:
        _pull(pull)
        return
    from metrics.registry import expand_names, known_families

    rows = [
        (name, family.summary, _state(name))
        for family in known_families().values()
        for name in (expand_names(f"{family.name}:all") if family.variants else [family.name])
    ]
    if as_json:
        records = [
            {"name": name, "summary": summary, "available": s.available, "reason": s.reason, "remedy": s.remedy}
            for name, summary, s in rows
        ]
        put(json.dumps(records, indent=2, ensure_ascii=False))
    elif sys.stdout.isatty():
        _draw(rows)
    else:
        for name, summary, state in rows:
            put("\t".join([name, "ready" if state.available else state.reason, state.remedy, summary]))


def _state(name: str) -> Availability:
    from bench.files.metric_names import HOW, name_problem
    from metrics.registry import availability
    from metrics.types import Availability

    problem = name_problem(name)
    return availability(name) if problem is None else Availability(False, problem, f"rename it: {HOW}")


def _pull(names: str) -> None:
    from bench.terminal.progress import terminal_progress
    from metrics.registry import expand_names, make_scorer
    from metrics.types import ScorerOptions

    for name in expand_names(names):
        with terminal_progress() as progress:
            scorer = make_scorer(name, ScorerOptions(device="cpu", progress=progress))
        put(scorer.spec.signature())


def _draw(rows: list[tuple[str, str, Availability]]) -> None:
    from rich.markup import escape
    from rich.table import Table

    from bench.terminal.screen import Screen

    grid = Table("metric", "what it is", "can it run here?")
    for name, summary, state in rows:
        answer = (
            "[green]ready[/green]" if state.available else f"{escape(state.reason)}\n[dim]{escape(state.remedy)}[/dim]"
        )
        grid.add_row(escape(name), escape(summary), answer)
    Screen().print(grid)
