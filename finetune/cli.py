"""The ``finetune`` command: parse, call, print. Nothing is computed here, and ``--help`` loads no model code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.terminal.console import run_app
from bench.terminal.logfile import begin_log
from finetune.commands.shelf import list_command, push_command, show_command
from finetune.commands.train import train_command

app = typer.Typer(
    name="finetune",
    help="Train audio-text metrics from human ratings: Human-CLAP and its variants.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("train")(train_command)
app.command("list")(list_command)
app.command("show")(show_command)
app.command("push")(push_command)


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,  # noqa: ARG001
    log_file: Annotated[Path | None, typer.Option(help="Append a log to this file, one JSON object a line.")] = None,
) -> None:
    """Options that stand before the command."""
    begin_log(log_file)  # console.run_app looks for --debug itself


def main() -> None:
    """Run the command line."""
    run_app(app)
