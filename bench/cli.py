"""The ``bench`` command: parse, call, print. Nothing is computed here.

Modules that do the work are imported inside the commands, so that ``bench --help`` stays quick.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bench.commands.across import across_command
from bench.commands.compare import compare_command
from bench.commands.datasets import datasets_app
from bench.commands.demo import demo_command
from bench.commands.doctor import doctor_command
from bench.commands.metrics import metrics_command
from bench.commands.probes import probes_command
from bench.commands.report import report_command
from bench.commands.reproduce import reproduce_command
from bench.commands.run import run_command
from bench.commands.score import score_command
from bench.commands.scores import scores_app
from bench.commands.verify import verify_command
from bench.terminal.console import run_app
from bench.terminal.logfile import begin_log

app = typer.Typer(
    name="bench",
    help="Which audio-text metric agrees with human listeners, on which sounds, by how much? Is the difference real?",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run")(run_command)
app.command("score")(score_command)
app.command("probes")(probes_command)
app.command("report")(report_command)
app.command("metrics")(metrics_command)
app.command("compare")(compare_command)
app.command("across")(across_command)
app.command("reproduce")(reproduce_command)
app.command("verify")(verify_command)
app.add_typer(datasets_app, name="datasets")
app.add_typer(scores_app, name="scores")
app.command("doctor")(doctor_command)
app.command("demo")(demo_command)


def _print_version(wanted: bool) -> bool:
    if wanted:
        from bench import __version__

        typer.echo(f"clap-bench {__version__}")
        raise typer.Exit
    return wanted


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,  # noqa: ARG001
    log_file: Annotated[Path | None, typer.Option(help="Append a log to this file, one JSON object a line.")] = None,
    version: Annotated[  # noqa: ARG001
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options that stand before the command."""
    begin_log(log_file)  # console.run_app looks for --debug itself


def main() -> None:
    """Run the command line."""
    run_app(app)
