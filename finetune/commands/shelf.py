"""``finetune list``, ``show`` and ``push``: what has been trained on this machine, or came with this package."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from bench.terminal.console import put
from bench.terminal.options import AsJson
from metrics.errors import UsageError, did_you_mean

Out = Annotated[
    Path | None, typer.Option(help="Folder of checkpoints.", show_default="shipped ones and $CLAP_BENCH_HUMAN_DIR")
]


def list_command(out: Out = None, as_json: AsJson = False) -> None:
    """List trained checkpoints with their loss, base, data and agreement with listeners."""
    from finetune.checkpoints.card import shelf_row

    rows = [shelf_row(record) for record in records(out).values()]
    if as_json:
        put(json.dumps(rows, indent=2, ensure_ascii=False))
    elif not rows:
        put("nothing trained yet; 'finetune train --help' says how")
    else:
        _draw(rows)


def show_command(
    name: Annotated[str, typer.Argument(help="Name of a checkpoint.")], out: Out = None, as_json: AsJson = False
) -> None:
    """Show how a checkpoint was made and how it agrees with listeners, epoch by epoch."""
    from finetune.checkpoints.card import model_card, summary_line

    record = _find(name, records(out))
    if as_json:
        put(json.dumps(record, indent=2, ensure_ascii=False))
        return
    put(model_card(record))
    for epoch in record["history"]:
        put(summary_line(epoch))


def push_command(
    name: Annotated[str, typer.Argument(help="Name of a checkpoint.")],
    repository: Annotated[str, typer.Argument(help="Hub id, ORGANISATION/NAME; private if it is new.")],
    out: Out = None,
) -> None:
    """Upload a checkpoint to the Hugging Face hub."""
    from finetune.checkpoints.folder import push_to_hub

    _find(name, records(out))
    put(push_to_hub(folders(out)[name], repository))


def folders(out: Path | None) -> dict[str, Path]:
    """Return checkpoint folders by name."""
    from bench.analysis.leakage import TRAINING_NAME
    from metrics.files import human_folder
    from metrics.models.variants import SHIPPED_FOLDER

    places = [SHIPPED_FOLDER, human_folder()] if out is None else [out]
    return {path.parent.name: path.parent for place in places for path in sorted(place.glob(f"*/{TRAINING_NAME}"))}


def records(out: Path | None) -> dict[str, dict[str, Any]]:
    """Return what is written about each checkpoint, by name."""
    from bench.analysis.leakage import read_training

    found = {name: read_training(folder) for name, folder in folders(out).items()}
    return {name: record for name, record in found.items() if record is not None}


def _find(name: str, known: dict[str, dict[str, Any]]) -> dict[str, Any]:
    if name not in known:
        listed = ", ".join(known) or "none"
        raise UsageError(f"no checkpoint {name!r}{did_you_mean(name, known)} (known: {listed}; see 'finetune list')")
    return known[name]


def _draw(rows: list[dict[str, str]]) -> None:
    from rich.markup import escape
    from rich.table import Table

    from bench.terminal.screen import Screen

    grid = Table(*rows[0])
    for row in rows:
        grid.add_row(*map(escape, row.values()))
    Screen().print(grid)
