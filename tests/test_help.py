"""The help of every command, which is the one page that everybody reads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import typer

import bench.cli
import finetune.cli

PROGRAMS = {"bench": bench.cli.app, "finetune": finetune.cli.app}


def commands(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Yield every command of a program that does something itself, by the words that call it."""
    inner = getattr(command, "commands", None)
    if inner is None:
        yield name, command
        return
    for word, one in inner.items():
        yield from commands(f"{name} {word}", one)


EVERY = [pair for name, app in PROGRAMS.items() for pair in commands(name, typer.main.get_command(app))]
PARAMETERS = [
    pytest.param(parameter, id=f"{name} {parameter.opts[0]}")
    for name, command in EVERY
    for parameter in command.params
    if parameter.opts[0] != "--help"
]


def test_the_list_is_not_empty() -> None:
    assert {"bench run", "bench datasets pull", "finetune train"} <= {name for name, _ in EVERY}
    assert len(PARAMETERS) > 60


@pytest.mark.parametrize(("name", "command"), EVERY, ids=[name for name, _ in EVERY])
def test_a_command_says_what_it_does(name: str, command: Any) -> None:
    first = (command.help or "").strip().split("\n")[0]
    assert re.match(r"[A-Z].*[.?:…]$", " ".join((command.help or "").strip().split("\n\n")[0].split())), (
        f"{name}: {first}"
    )


@pytest.mark.parametrize("parameter", PARAMETERS)
def test_an_option_says_what_it_is_in_a_whole_sentence(parameter: Any) -> None:
    text = parameter.help or ""
    assert text.endswith((".", "…")), text
    assert not text.startswith("Of "), text
    assert "[default" not in text, "brackets are markup: use show_default"
