"""Every error that users see says what was found and what to do; tests of the parts see what was expected.

The messages are read from the source, so that a new one cannot be forgotten.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from metrics import errors
from tests.names import OPTION, options

ROOT = Path(__file__).parents[1]
ERRORS = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, Exception)}
ERRORS -= {"PluginError"}  # it cannot be made without its remedy
PLACES_OF_MESSAGES = {"error", "held"}  # functions that put their argument into an error
INSTRUCTIONS = """
    add ask check choose compare correct delete end fetch fetches fill free give go install keep known leave
    log lower make makes move name raise reinstall remove rename repair report resume run save see start train
    try uninstall use wait write
"""
INSTRUCTION = re.compile(rf"\b({'|'.join(INSTRUCTIONS.split())})\b")
# What such a message is made of is an error's message itself, or a remedy, and is looked at where it is written.
PASSED_ON = re.compile(
    r"\{(\w+\.)?(remedy|problem|message|elsewhere|how_to_get|_remedy\(.*\)|_renaming\(.*\)|_LESS|REMEDY|how_to_bring\(.*\)|explain\(.*\)|FAULTS\[.*\])\}"
)


def messages() -> Iterator[tuple[str, str]]:
    """Yield the place and the template of every message that is written where its error is made."""
    for package in ("bench", "finetune", "metrics"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and name_of(node.func) in ERRORS | PLACES_OF_MESSAGES:
                    for argument in node.args:
                        if (template := template_of(argument)) and " " in template:
                            yield f"{path.relative_to(ROOT)}:{node.lineno}", template


def name_of(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def template_of(node: ast.expr) -> str:
    """Return a string or f-string as one would read it, with ``{expression}`` for what is put in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(map(template_of, node.values))
    if isinstance(node, ast.FormattedValue):
        return "{" + ast.unparse(node.value) + "}"
    if isinstance(node, ast.BinOp):
        return template_of(node.left) + template_of(node.right)
    return ""


def test_the_walk_finds_the_errors() -> None:
    assert len({place for place, _ in messages()}) > 140
    assert {"ClapBenchError", "UsageError", "DataError", "UnavailableError"} <= ERRORS


@pytest.mark.parametrize(("place", "message"), list(messages()))
def test_every_error_says_what_was_found_and_what_to_do(place: str, message: str) -> None:
    words = re.sub(r"\{[^{}]*\}", "", message)
    assert "{" in message or re.search(
        r"--\w|'\w+'|interrupted|checkpoint|ratings|metric|memory|nothing|plans", words
    ), place
    assert INSTRUCTION.search(words) or PASSED_ON.search(message), f"{place}: {message}"
    assert not message.rstrip().endswith((".", "!")), place
    assert message[:1] == message[:1].lower(), place


# Options of programs that a message tells the user to run, and not ours.
OTHERS_OPTIONS = {"--num_processes", "--head"}


@pytest.mark.parametrize(("place", "message"), [one for one in messages() if OPTION.search(one[1])])
def test_options_in_errors_exist(place: str, message: str) -> None:
    assert set(OPTION.findall(message)) <= options() | OTHERS_OPTIONS, place


def test_a_wrong_option_would_be_noticed() -> None:
    assert OPTION.findall("make them with one --confidence; or --ci") == ["--confidence", "--ci"]
    assert "--confidence" not in options()
