"""results/brace is what this software makes of the votes and scores in the package."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from bench.files.csvfile import read_csv
from tests.studies.example_results import RESULTS, RUNS, content, differences, make


def numbers(value: object) -> list[float | str]:
    """Return everything in a JSON file, in its order."""
    if isinstance(value, dict):
        return [found for key, one in value.items() for found in (key, *numbers(one))]
    if isinstance(value, list):
        return [found for one in value for found in numbers(one)]
    return [float(value) if isinstance(value, int | float) else str(value)]


@pytest.mark.slow
def test_the_worked_example_is_made_again(tmp_path: Path) -> None:
    """Data to the byte; figures and the last digits may be those of other versions of matplotlib and numpy."""
    made = make(tmp_path)
    different = set(differences(made, RESULTS))
    assert {path.suffix for path in different} <= {".json", ".html"}
    for path in (one for one in different if one.suffix == ".json" and one.name != "manifest.json"):
        again, kept = (json.loads((folder / path).read_text(encoding="utf-8")) for folder in (made, RESULTS))
        assert same(again, kept), path


def same(one: object, other: object) -> bool:
    return len(numbers(one)) == len(numbers(other)) and all(
        a == pytest.approx(b, abs=1e-9, nan_ok=True) if isinstance(a, float) and isinstance(b, float) else a == b
        for a, b in zip(numbers(one), numbers(other), strict=True)
    )


def test_only_time_and_place_are_left_out_of_the_comparison(tmp_path: Path) -> None:
    first, second = tmp_path / "a.md", tmp_path / "b.md"
    text = "- software: clap-bench 0.1.0 commit 0123456789ab\n- run: `x`, 2026-01-01T00:00:00+00:00, device auto\n"
    first.write_text(text)
    second.write_text(text.replace("0123456789ab", "ba9876543210").replace("01-01", "12-31"))
    assert content(first) == content(second)
    second.write_text(text.replace("`x`", "`y`"))
    assert content(first) != content(second)
    assert content(tmp_path / "none.md") is None


def test_the_example_names_no_place_of_anybodys() -> None:
    for name in RUNS:
        text = (RESULTS / name / "manifest.json").read_text(encoding="utf-8")
        assert set(re.findall(r'"(/[^"/]+)/', text)) <= {"/tmp"}
        assert read_csv(RESULTS / name / "scores.csv", ("pair_id",)).rows
