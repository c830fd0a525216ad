"""No module imports, however indirectly or late, a module that imports it: read the one below and you have read it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("bench", "metrics", "finetune")

NAMED = re.compile(r"(?P<module>\w+(?:\.\w+)+):[A-Za-z_][\w.]*")
"""``"module:function"``: loaded by name, and as much of a dependence as an import statement."""

Graph = Mapping[str, frozenset[str]]
"""By module, the modules that it imports."""


def import_graph(sources: Mapping[str, str]) -> Graph:
    """Return what each module imports of the others: anywhere in it, for type checkers alone, and by name.

    Args:
        sources: source code by dotted name; a package has the name of its folder.
    """
    return {
        module: frozenset(found for name in _imported(ast.parse(source)) if (found := _known(name, sources)) != module)
        - {None}
        for module, source in sources.items()
    }


def circles(graph: Graph) -> list[list[str]]:
    """Return the strongly connected components of two modules and more: those that import each other, sorted."""
    imports = {module: _reachable(graph, module) for module in graph}
    components = {frozenset(other for other in imports[one] if one in imports[other]) for one in graph}
    return sorted(sorted(component) for component in components if component)


def _reachable(graph: Graph, start: str) -> set[str]:
    """Return what ``start`` imports, directly and through others; itself only if a circle leads back to it."""
    found: set[str] = set()
    waiting = [start]
    while waiting:
        new = graph[waiting.pop()] - found
        found |= new
        waiting += new
    return found


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports are not followed here"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and (named := NAMED.fullmatch(node.value)):
            yield named["module"]


def _known(name: str, sources: Mapping[str, str]) -> str | None:
    """Return the module that ``name``, a module or something in one, is or is in."""
    while name and name not in sources:
        name = name.rpartition(".")[0]
    return name or None


def sources_of_packages() -> dict[str, str]:
    paths = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    named = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in paths}
    return {name: path.read_text(encoding="utf-8") for name, path in named.items()}


def test_no_modules_import_each_other() -> None:
    graph = import_graph(sources_of_packages())
    assert len(graph) > 200
    assert sum(map(len, graph.values())) > 500, "a graph without edges would have no circle either"
    assert {"metrics.isolated.scorer", "metrics.models.laion"} <= graph["metrics.families"], "named in strings"
    assert "metrics.types" in graph["metrics.isolated.child"], "imported in functions, and for type checkers"
    assert circles(graph) == []


CIRCLES = {
    "at the top": "import a.x",
    "of a name in it": "from a.x import thing",
    "as a part of its package": "from a import x",
    "in a function": "def late():\n    from a import x",
    "for type checkers": "if TYPE_CHECKING:\n    from a.x import Thing",
    "by name": 'Late("a.x:build")',
    "by the name of a method": 'Late("a.x:THING.make")',
}


@pytest.mark.parametrize("back", CIRCLES)
def test_a_circle_would_be_found(back: str) -> None:
    sources = {"a": "", "a.x": "from a import y", "a.y": "import a.z", "a.z": CIRCLES[back], "a.w": "import a.x, a.z"}
    assert circles(import_graph(sources)) == [["a.x", "a.y", "a.z"]]
    assert circles(import_graph({**sources, "a.z": "import os"})) == []
