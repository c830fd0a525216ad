"""JSON for other programs."""

from __future__ import annotations

import json

import numpy as np
import pytest

from bench.files.records import json_text
from bench.statistics.intervals import Measured
from tests.bench.conftest import Bench


def refuse(constant: str) -> float:
    raise AssertionError(f"{constant} is no JSON")


def test_json_has_neither_nan_nor_infinity() -> None:
    content = {"a": (Measured(np.nan, -np.inf, 1.5),), "b": [np.inf, "é", None, True, 3]}
    assert json.loads(json_text(content), parse_constant=refuse) == {
        "a": [{"estimate": None, "low": None, "high": 1.5, "note": ""}],
        "b": [None, "é", None, True, 3],
    }


LISTINGS = [("metrics", "--json"), ("datasets", "list", "--json"), ("doctor", "--metrics", "caption-length", "--json")]


@pytest.mark.parametrize("arguments", LISTINGS, ids=lambda arguments: arguments[0])
def test_listings_for_scripts_are_json_alone_on_stdout(bench: Bench, arguments: tuple[str, ...]) -> None:
    result = bench(*arguments)
    assert result.status == 0, result.err
    records = json.loads(result.out, parse_constant=refuse)
    assert records
    assert all(isinstance(record, dict) for record in records)
