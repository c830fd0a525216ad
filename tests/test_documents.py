"""Documents say what is true: commands that exist, files that are there, figures that the demo gives."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer.main

from tests.names import PROGRAMS, missing
from tests.studies.documents import README, ROOT, readme_of, run_demo

DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")])
SOURCES = sorted(path for name in ("bench", "metrics", "finetune") for path in (ROOT / name).rglob("*.py"))


def commands_of(document: Path) -> list[str]:
    """Return the command lines in a document's shell blocks, continued lines joined, comments dropped."""
    blocks = re.findall(r"```sh\n(.*?)```", document.read_text(encoding="utf-8"), re.DOTALL)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    parts = [part.strip() for line in lines for part in line.partition(" #")[0].split("&&")]
    return [re.sub(r"^(\w+=\S+ )+", "", part) for part in parts if part]


DOCUMENTED = [(doc, line) for doc in DOCUMENTS for line in commands_of(doc) if line.split()[0] in PROGRAMS]


def test_commands_are_documented() -> None:
    assert len(DOCUMENTED) > 10


@pytest.mark.parametrize(("document", "line"), DOCUMENTED, ids=lambda value: getattr(value, "name", value))
def test_documented_commands_exist_with_their_options(document: Path, line: str) -> None:
    program, *words = shlex.split(line)
    command: Any = typer.main.get_command(PROGRAMS[program])
    known = set(command.params)
    while hasattr(command, "commands") and words and not words[0].startswith("-"):
        assert words[0] in command.commands, f"{document.name}: {line}"
        command = command.commands[words.pop(0)]
        known |= set(command.params)
    names = {name for parameter in known for name in (*parameter.opts, *parameter.secondary_opts)}
    used = {word.partition("=")[0] for word in words if word.startswith("--")}
    assert used <= names | {"--help"}, f"{document.name}: {line}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (document.parent / target).exists(), f"{document.name}: {target}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_paths_and_names_in_documents_exist(document: Path) -> None:
    assert missing(document.read_text(encoding="utf-8")) == []


def test_paths_and_names_in_docstrings_exist() -> None:
    found = {str(path.relative_to(ROOT)): missing(path.read_text(encoding="utf-8")) for path in SOURCES}
    assert {path: names for path, names in found.items() if names} == {}


def test_a_wrong_name_would_be_noticed() -> None:
    text = "`bench/no_such_file.py` `bench.cli.no_such` `metrics.types.Scorer.score` `bench/cli.py` `finetune.nothing`"
    assert missing(text) == ["bench/no_such_file.py", "bench.cli.no_such", "finetune.nothing"]


@pytest.mark.slow
def test_the_readme_shows_what_the_demo_gives(tmp_path: Path) -> None:
    assert readme_of(run_demo(tmp_path / "demo")) == README.read_text(encoding="utf-8"), "run 'nox -s docs'"
