"""``bench score`` as users meet it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.bench.scoring.pairs import rows_of, write_clips, write_pairs
from tests.commands import Bench


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    write_clips(tmp_path)
    return write_pairs(tmp_path / "pairs.csv", rows_of(30))


def test_prints_means_with_intervals(bench: Bench, pairs: Path) -> None:
    result = bench("score", pairs, "--out", "o", "--metrics", "loudness,caption-length")
    assert result.status == 0, result.err
    assert "| system | pairs | loudness | caption-length | failed |" in result.out
    assert "| alpha | 10 | -" in result.out
    assert "Scores: o/shard-*.parquet" in result.err
    assert bench("score", pairs, "--out", "o", "--metrics", "loudness,caption-length").out == result.out


def test_json(bench: Bench, pairs: Path) -> None:
    result = bench("score", pairs, "--out", "o", "--metrics", "random", "--json")
    summary = json.loads(result.out)
    assert summary == json.loads(Path("o/summary.json").read_text())
    assert summary["means"][0]["n_pairs"] == 30
    assert summary["provenance"]["argv"][:2] == ["bench", "score"]


def test_pairs_that_failed_give_status_3_and_strict_1(bench: Bench, pairs: Path) -> None:
    (pairs.parent / "0.wav").unlink()
    arguments = ["score", pairs, "--out", "o", "--metrics", "loudness"]
    result = bench(*arguments)
    assert result.status == 3
    assert "warning: 5 scores are missing; reasons in o/failures.csv" in result.err
    assert Path("o/failures.csv").read_text().count("\n") == 6
    assert bench(*arguments, "--strict").status == 1


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["none.csv", "--out", "o", "--metrics", "random"], 2, "none.csv: no such file"),
        (["pairs.csv", "--out", "o", "--metrics", "rndom"], 2, "did you mean 'random'?"),
        (["pairs.csv", "--metrics", "random"], 2, "--out"),
        (["pairs.csv", "--out", "pairs.csv", "--metrics", "random"], 1, "cannot write to pairs.csv"),
        (["pairs.csv", "--out", "o", "--metrics", "random", "--shard-size", "0"], 2, "shard-size"),
    ],
)
@pytest.mark.usefixtures("pairs")
def test_wrong_requests_are_one_clear_line(bench: Bench, arguments: list[str], status: int, message: str) -> None:
    result = bench("score", *arguments)
    assert result.status == status
    assert message in result.err
    assert "Traceback" not in result.err
    assert not Path("o").exists()
