"""Groups of options: what typer sees, and what a command gets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import pytest
import typer
from typer.testing import CliRunner

from bench.terminal.options import takes_options


@dataclass(frozen=True, kw_only=True)
class Colours:
    """A group."""

    panel: ClassVar[str] = "Colours of the thing"
    hue: Annotated[str, typer.Option(help="Hue.")]
    depth: Annotated[int, typer.Option("--deep", min=1, help="Depth.")] = 3


@takes_options
def paint(
    what: Annotated[str, typer.Argument(help="Thing.")],
    *,
    colours: Colours,
    twice: Annotated[bool, typer.Option("--twice", help="Do it again.")] = False,
) -> None:
    """Paint."""
    print(what, colours.hue, colours.depth, twice)


app = typer.Typer()
app.command()(paint)


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        (["box", "--hue", "red"], "box red 3 False"),
        (["box", "--hue", "red", "--deep", "5", "--twice"], "box red 5 True"),
    ],
)
def test_the_command_gets_the_group(arguments: list[str], printed: str) -> None:
    assert CliRunner().invoke(app, arguments).output.strip() == printed


def test_a_field_without_a_default_is_required() -> None:
    assert CliRunner().invoke(app, ["box"]).exit_code == 2


def test_limits_of_a_field_hold() -> None:
    assert CliRunner().invoke(app, ["box", "--hue", "red", "--deep", "0"]).exit_code == 2


def test_a_group_is_a_panel_of_the_help() -> None:
    assert "Colours of the thing" in CliRunner().invoke(app, ["--help"]).output
