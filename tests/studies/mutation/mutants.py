"""Which small faults are planted: Cosmic Ray's operators, one or two replacements for each sign, as in mutmut.

Left out are mutants that do not compile, those that differ in annotations alone (checked by mypy, not by tests), and
removed decorators that change speed, not values.
"""

from __future__ import annotations

import ast
import hashlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]

_BINARY = "Add_Sub Sub_Add Mul_Div Div_Mul FloorDiv_Div Mod_Div Pow_Mul BitOr_BitAnd BitAnd_BitOr"
_COMPARISON = "Lt_LtE Lt_GtE LtE_Lt LtE_Gt Gt_GtE Gt_LtE GtE_Gt GtE_Lt Eq_NotEq NotEq_Eq Is_IsNot IsNot_Is"
_UNARY = "USub_UAdd Delete_USub Delete_Invert Delete_Not"
OPERATORS = (
    *(f"ReplaceBinaryOperator_{change}" for change in _BINARY.split()),
    *(f"ReplaceComparisonOperator_{change}" for change in _COMPARISON.split()),
    *(f"ReplaceUnaryOperator_{change}" for change in _UNARY.split()),
    *("AddNot", "NumberReplacer", "RemoveDecorator", "ReplaceAndWithOr", "ReplaceOrWithAnd"),
    *("ReplaceTrueWithFalse", "ReplaceFalseWithTrue", "ReplaceBreakWithContinue", "ReplaceContinueWithBreak"),
    *("ExceptionReplacer", "ZeroIterationForLoop"),
)
SPEED_ONLY = ("@_compiled", "@no_type_check")


@dataclass(frozen=True)
class Mutant:
    """One changed line of one file.

    Attributes:
        file: relative to the repository.
        scope: function or class that the line is in; empty at the top of the module.
        before, after: the line without its indentation.
        source: the whole changed file.
    """

    file: str
    line: int
    scope: str
    before: str
    after: str
    source: str

    @property
    def name(self) -> tuple[str, str, str, str]:
        """What it is called in survivors.csv: the same while the line and its function stand."""
        return self.file, self.scope, self.before, self.after

    @property
    def key(self) -> str:
        return hashlib.sha256(f"{self.file}\n{self.source}".encode()).hexdigest()


def mutants_of(file: str) -> list[Mutant]:
    """Return every mutant of a file, by line."""
    source = (ROOT / file).read_text(encoding="utf-8")
    meaning, found = _meaning(source), {}
    for changed in _changed_sources(source):
        if _meaning(changed) not in (meaning, None):
            mutant = _describe(file, source, changed)
            if not mutant.before.startswith(SPEED_ONLY):
                found[changed] = mutant
    return sorted(found.values(), key=lambda mutant: (mutant.line, mutant.after))


def _changed_sources(source: str) -> Iterator[str]:
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator

    for name in OPERATORS:
        operator, occurrence = get_operator(f"core/{name}")(), 0
        while (changed := mutate_code(source, operator, occurrence)) is not None:
            yield changed
            occurrence += 1


class _WithoutAnnotations(ast.NodeTransformer):
    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.annotation = ast.Constant(None)
        return self.generic_visit(node)


def _meaning(source: str) -> str | None:
    """Return what tells two programs apart; None if it is no program."""
    try:
        tree = ast.parse(source)
        compile(source, "mutant", "exec")
    except (SyntaxError, ValueError):
        return None
    return ast.dump(_WithoutAnnotations().visit(tree))


def _describe(file: str, source: str, changed: str) -> Mutant:
    old, new = source.splitlines(), changed.splitlines()
    line = next(i for i, pair in enumerate(zip(old, new, strict=False)) if pair[0] != pair[1])
    if len(old) == len(new):
        after = new[line].strip()
    else:  # a decorator is gone, perhaps with the empty line before it
        line, after = next(i for i in range(line, len(old)) if old[i].strip()), ""
    return Mutant(file, line + 1, scope_of(source, line + 1), old[line].strip(), after, changed)


def scope_of(source: str, line: int) -> str:
    """Return the qualified name of the innermost function or class around a line."""

    def search(node: ast.AST, names: tuple[str, ...]) -> tuple[str, ...]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.ClassDef)):
                first = min([child.lineno, *(decorator.lineno for decorator in child.decorator_list)])
                if first <= line <= (child.end_lineno or first):
                    return search(child, (*names, child.name))
        return names

    return ".".join(search(ast.parse(source), ()))


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        for one in mutants_of(argument):
            print(f"{one.file}:{one.line} ({one.scope})\n  - {one.before}\n  + {one.after}")
