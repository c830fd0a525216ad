"""The ``finetune`` command: parse, call, print. Nothing is computed here, and ``--help`` loads no model code."""

from __future__ import annotations

from typing import Annotated

import typer

from bench.commands.console import run_app
from finetune.commands.pretrain import pretrain_command
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
app.command("pretrain")(pretrain_command)
app.command("list")(list_command)
app.command("show")(show_command)
app.command("push")(push_command)


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Options that stand before the command."""


def main() -> None:
    """Run the command line."""
    run_app(app)
