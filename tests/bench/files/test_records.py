"""JSON for other programs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bench.files.records import json_text, plain, read_records, write_records
from bench.statistics.intervals import Measured
from tests.commands import Bench


def refuse(constant: str) -> float:
    raise AssertionError(f"{constant} is no JSON")


def test_json_has_neither_nan_nor_infinity() -> None:
    content = {"a": (Measured(np.nan, -np.inf, 1.5),), "b": [np.inf, "é", None, True, 3]}
    assert json.loads(json_text(content), parse_constant=refuse) == {
        "a": [{"estimate": None, "low": None, "high": 1.5, "note": "", "n_clusters": 0}],
        "b": [None, "é", None, True, 3],
    }


def test_infinities_of_records_are_read_back_and_the_file_is_strict_json(tmp_path: Path) -> None:
    record = Measured(np.nan, -np.inf, np.inf)
    write_records(tmp_path / "a.json", [record])
    content = json.loads((tmp_path / "a.json").read_text(), parse_constant=refuse)
    assert content == [{"estimate": None, "low": "-Infinity", "high": "Infinity", "note": "", "n_clusters": 0}]
    (found,) = read_records(tmp_path / "a.json", Measured, "")
    assert repr(found) == repr(record)


def test_files_are_laid_out_as_the_standard_library_does(tmp_path: Path) -> None:
    strange = 'a "quoted" line\nwith é, \t, \\ and \x7f'
    records = [
        Measured(0.1 + 0.2, -1e-300, float(np.float64(1e22)), strange, 7),
        {
            "empty": [],
            "none": {},
            strange: (True, False, None, 3, np.float64(0.1)),
            "nested": [{"a": [Measured(1, 2, 3)]}],
        },
    ]
    for some in ([], records):
        write_records(tmp_path / "a.json", some)
        expected = json.dumps([plain(record) for record in some], indent=1, ensure_ascii=False) + "\n"
        assert (tmp_path / "a.json").read_text(encoding="utf-8") == expected


def test_what_json_cannot_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="ndarray"):
        write_records(tmp_path / "a.json", [{"a": np.zeros(2)}])


def test_records_of_older_versions_hold_bare_infinities(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('[{"estimate": 1.5, "low": -Infinity, "high": Infinity}]')
    assert read_records(tmp_path / "a.json", Measured, "") == (Measured(1.5, -np.inf, np.inf),)


LISTINGS = [("metrics", "--json"), ("datasets", "list", "--json"), ("doctor", "--metrics", "caption-length", "--json")]


@pytest.mark.parametrize("arguments", LISTINGS, ids=lambda arguments: arguments[0])
def test_listings_for_scripts_are_json_alone_on_stdout(bench: Bench, arguments: tuple[str, ...]) -> None:
    result = bench(*arguments)
    assert result.status == 0, result.err
    records = json.loads(result.out, parse_constant=refuse)
    assert records
    assert all(isinstance(record, dict) for record in records)
