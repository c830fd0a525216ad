"""``--log-file``, ``--debug``, and what must never be in any output."""

from __future__ import annotations

import errno
import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench import cli
from bench.files.manifest import redact_text
from tests.commands import Bench

SECRET = "hf_plantedSECRETplanted"


@pytest.fixture(autouse=True)
def _own_log() -> Iterator[None]:
    """Leave the logging of this process as it was."""
    root = logging.getLogger()
    before = list(root.handlers)
    yield
    for handler in [handler for handler in root.handlers if handler not in before]:
        root.removeHandler(handler)
        handler.close()
    logging.captureWarnings(False)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_run_is_logged_as_json_lines(bench: Bench, ratings_csv: Path) -> None:
    arguments = ["run", "--dataset", ratings_csv, "--metrics", "random", "--resamples", "9", "--out", "o"]
    assert bench("--log-file", "log.jsonl", *arguments).status == 0
    logged = lines(Path("log.jsonl"))
    assert {"time", "level", "logger", "event"} <= logged[0].keys()
    assert logged[0]["event"] == "command begins"
    assert logged[0]["argv"][-1] == "o"
    stages = [line["stage"] for line in logged if line["event"] == "stage ends"]
    assert "statistics" in stages
    assert all(line["seconds"] >= 0 for line in logged if line["event"] == "stage ends")
    assert any("report.md" in line.get("message", "") for line in logged if line["event"] == "remark")


def test_an_error_is_logged_with_its_traceback_and_printed_without(bench: Bench) -> None:
    result = bench("--log-file", "log.jsonl", "report", "nowhere")
    assert result.status == 1
    assert result.err.count("\n") == 1
    [failed] = [line for line in lines(Path("log.jsonl")) if line["event"] == "failed"]
    assert failed["error"] == "DataError"
    assert failed["traceback"].startswith("Traceback")


def test_a_log_that_cannot_be_written_is_refused(bench: Bench) -> None:
    result = bench("--log-file", "no/such/folder/log", "metrics")
    assert result.status == 2
    assert "--log-file no/such/folder/log cannot be written" in result.err


def test_an_unexpected_error_is_one_line_and_debug_shows_where(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, ratings_csv: Path
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("planted")

    monkeypatch.setattr("bench.runs.run.run_benchmark", broken)
    arguments = ["run", "--dataset", ratings_csv, "--metrics", "random"]
    result = bench(*arguments)
    assert result.status == 1
    assert result.err.startswith("error: internal error, please report it: RuntimeError: planted; 'bench --debug")
    monkeypatch.setattr("sys.argv", ["bench", "--debug", *map(str, arguments)])
    with pytest.raises(RuntimeError, match="planted"):
        cli.main()


@pytest.mark.parametrize(
    ("number", "said"),
    [(errno.ENOSPC, "No space left on device; make room"), (errno.EROFS, "Read-only file system; make the folder")],
)
def test_what_the_machine_refuses_is_no_internal_error(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, ratings_csv: Path, number: int, said: str
) -> None:
    def refused(*_: object) -> None:
        raise OSError(number, os.strerror(number), "out/scores.csv")

    monkeypatch.setattr("bench.runs.run.run_benchmark", refused)
    result = bench("run", "--dataset", ratings_csv, "--metrics", "random")
    assert result.status == 1
    assert result.err.startswith(f"error: out/scores.csv: {said}")


def test_secrets_reach_no_output(bench: Bench, ratings_csv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", SECRET)
    monkeypatch.setenv("HUGGING_FACE_HUB_TOKEN", "opaque-token-without-prefix")
    arguments = ["run", "--dataset", ratings_csv, "--metrics", "random", "--resamples", "9", "--out", "o"]
    scores = f"opaque-token-without-prefix={SECRET}.csv"
    results = [
        bench("--log-file", "log.jsonl", *arguments),
        bench("--log-file", "log.jsonl", *arguments, "--scores", scores),
        bench("--log-file", "log.jsonl", "report", SECRET),
    ]
    assert [result.status for result in results] == [0, 2, 1]
    printed = "".join(result.out + result.err for result in results)
    written = "".join(path.read_text(encoding="utf-8") for path in Path().rglob("*") if path.is_file())
    for secret in (SECRET, "opaque-token-without-prefix"):
        assert secret not in printed
        assert secret not in written


def test_what_is_no_secret_stays() -> None:
    assert redact_text("sk-ipped hf_short a/hf_model.csv") == "sk-ipped hf_short a/hf_model.csv"
