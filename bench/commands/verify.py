"""``bench verify``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def verify_command(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run, or of 'bench score'.")],
) -> None:
    """Compare the files of a run, or of 'bench score', with the hashes that were written with them.

    Ends with status 1 and a line for each file that was changed, added or is missing.
    """
    from bench.runs.integrity import verify

    n_files, altered = verify(folder)
    for finding in altered:
        typer.echo(f"{folder / finding.name} {finding.problem}")
    if altered:
        raise typer.Exit(1)
    typer.echo(f"{folder}: {n_files:,} files, all as they were written")
