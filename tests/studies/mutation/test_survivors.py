"""The list of surviving mutants speaks of the code as it is, and gives a reason for each."""

from __future__ import annotations

import ast

from tests.studies.mutation.check import SUITES, read_survivors
from tests.studies.mutation.mutants import ROOT, scope_of


def test_each_survivor_is_a_line_of_the_code_with_a_reason() -> None:
    survivors = read_survivors()
    assert survivors
    for (file, scope, before, after), why in survivors.items():
        source = (ROOT / file).read_text(encoding="utf-8")
        places = [i for i, line in enumerate(source.splitlines(), start=1) if line.strip() == before]
        assert scope in {scope_of(source, place) for place in places}, (
            f"{file}: no {before!r} in {scope or 'the module'}"
        )
        assert before != after
        assert len(why.split()) > 2


def test_every_file_of_the_core_has_its_tests() -> None:
    core = {str(path.relative_to(ROOT)) for path in (ROOT / "bench" / "statistics").glob("*.py")}
    with_code = {file for file in core if ast.parse((ROOT / file).read_text(encoding="utf-8")).body}
    assert with_code <= set(SUITES)
    assert all((ROOT / test).exists() for suite in SUITES.values() for test in suite)
