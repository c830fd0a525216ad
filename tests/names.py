"""Names of files, modules, objects and options in prose, and whether they exist; only the commands are imported."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

import bench.cli
import finetune.cli

ROOT = Path(__file__).parents[1]
PROGRAMS = {"bench": bench.cli.app, "finetune": finetune.cli.app}
PACKAGES = ("bench", "metrics", "finetune", "tests")
PATH = re.compile(rf"(?:{'|'.join((*PACKAGES, 'docs', 'examples'))})/[\w./+-]*")
DOTTED = re.compile(rf"(?:{'|'.join(PACKAGES)})(?:\.\w+)+")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z_-]*\w")


def quoted(text: str) -> Iterator[str]:
    """Yield what stands between single back-ticks, outside fenced blocks."""
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    yield from re.findall(r"(?<!`)`([^`\n]+)`(?!`)", prose)


def missing(text: str) -> list[str]:
    """Return the paths and dotted names in back-ticks that name nothing."""
    return [
        name
        for name in quoted(text)
        if (PATH.fullmatch(name) and not (ROOT / name).exists()) or (DOTTED.fullmatch(name) and not resolves(name))
    ]


def resolves(name: str) -> bool:
    """Say whether a dotted name is a module, or something that a module or a class in it defines."""
    parts = name.split(".")
    for n in range(len(parts), 0, -1):
        path = ROOT.joinpath(*parts[:n])
        source = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        if source.is_file():
            return defines(source, tuple(parts[n:]))
    return False


@functools.cache
def defines(source: Path, names: tuple[str, ...]) -> bool:
    """Say whether a file defines the first name, and that, if it is a class, the second."""
    body: list[ast.stmt] = ast.parse(source.read_text(encoding="utf-8")).body
    for name in names:
        found = [node for node in body if name in names_of(node)]
        if not found:
            return False
        body = getattr(found[0], "body", [])
    return True


def names_of(node: ast.stmt) -> set[str]:
    """Return the names that a statement binds."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return {node.name}
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return {alias.asname or alias.name for alias in node.names}
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return {target.id for target in targets if isinstance(target, ast.Name)}


@functools.cache
def options() -> frozenset[str]:
    """Return every option of every command."""

    def of(command: Any) -> Iterator[str]:
        for parameter in command.params:
            yield from (*parameter.opts, *parameter.secondary_opts)
        for inner in getattr(command, "commands", {}).values():
            yield from of(inner)

    return frozenset(option for app in PROGRAMS.values() for option in of(typer.main.get_command(app)))
