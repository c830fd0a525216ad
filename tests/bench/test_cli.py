"""The command line as users meet it: exit statuses, one-line errors, help that starts quickly."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench import cli
from tests.bench.conftest import write_scores
from tests.commands import Bench

ROOT = Path(cli.__file__).parents[1]


def test_run_prints_tables_and_where_the_report_is(bench: Bench, ratings_csv: Path, planted_csv: Path) -> None:
    result = bench(
        "run", "--dataset", ratings_csv, "--metrics", "random", "--scores", f"planted={planted_csv}",
        "--resamples", "99", "--out", "out",
    )  # fmt: skip
    assert result.status == 0, result.err
    assert "## Verdict" in result.out
    assert "Table I. " in result.out
    assert "Table II" not in result.out
    assert "| planted |" in result.out
    assert "Everything: bench report out --full" in result.err
    assert "out/report.md" in result.err
    assert Path("out/report.md").read_text().startswith(result.out.partition("\n\n**Table I.")[0])


def test_only_scores_given_runs_no_scorer(bench: Bench, ratings_csv: Path, planted_csv: Path) -> None:
    assert (
        bench("run", "--dataset", ratings_csv, "--scores", f"p={planted_csv}", "--resamples", "9", "--out", "o").status
        == 0
    )
    assert set(json.loads(Path("o/manifest.json").read_text())["signatures"]) == {"p"}


def test_manifest_separates_what_was_passed_from_defaults(bench: Bench, ratings_csv: Path) -> None:
    bench("run", "--dataset", ratings_csv, "--metrics", "random", "--resamples", "9", "--out", "o")
    options = json.loads(Path("o/manifest.json").read_text())["options"]
    assert options["resamples"] == {"value": 9, "passed": True}
    assert options["ci"] == {"value": "expanded", "passed": False}


def test_pairs_that_failed_give_status_3_and_strict_1(bench: Bench, ratings_csv: Path) -> None:
    arguments = ["run", "--dataset", ratings_csv, "--metrics", "loudness,random", "--resamples", "9", "--out", "o"]
    result = bench(*arguments)
    assert result.status == 3
    assert "60 scores are missing; reasons in o/failures.csv" in result.err
    assert Path("o/failures.csv").read_text().count("\n") == 61
    assert bench(*arguments, "--strict").status == 1


def test_report_takes_the_newest_run(bench: Bench, ratings_csv: Path, planted_csv: Path) -> None:
    run = bench("run", "--dataset", ratings_csv, "--scores", f"p={planted_csv}", "--resamples", "9")
    report = bench("report")
    assert (report.status, report.out) == (0, run.out)


def test_report_formats(bench: Bench, ratings_csv: Path, planted_csv: Path) -> None:
    bench("run", "--dataset", ratings_csv, "--scores", f"p={planted_csv}", "--resamples", "9", "--out", "o")
    content = json.loads(bench("report", "o", "--format", "json").out)
    assert {e["metric"] for e in content["estimates"]} == {"p"}
    assert bench("report", "o", "--output", "r.md").status == 0
    whole = Path("o/report.md").read_text()
    assert Path("r.md").read_text() == whole
    assert bench("report", "o", "--format", "markdown").out == whole
    assert bench("report", "o", "--full").out == whole
    assert "## Appendix" in whole
    assert "## Appendix" not in bench("report", "o").out


BAD_CSV = {
    "missing column": ("audio_path,txt,rating\na.wav,b,1\n", "no column 'text'"),
    "rating out of scale": ("audio_path,text,rating\na.wav,b,11\n", "line 2: rating is 11, expected 0 to 10"),
    "rating not a number": ("audio_path,text,rating\na.wav,b,good\n", "line 2: rating is 'good'"),
    "duplicate pair": ("audio_path,text,rating\na.wav,b,1\na.wav,b,2\n", "line 3"),
    "truncated": ('audio_path,text,rating\na.wav,"b,1\n', "never closes"),
    "not UTF-8": (b"audio_path,text,rating\na.wav,caf\xe9,1\n", "not UTF-8"),
    "empty": ("", "is empty"),
}


@pytest.mark.parametrize("case", BAD_CSV)
def test_bad_ratings_are_one_clear_line(bench: Bench, tmp_path: Path, case: str) -> None:
    content, message = BAD_CSV[case]
    path = tmp_path / "bad.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    result = bench("run", "--dataset", path, "--metrics", "random", "--out", "o")
    assert result.status == 1
    assert message in result.err
    assert result.err.startswith("error: ")
    assert result.err.count("\n") == 1
    assert not Path("o").exists()


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--metrics", "loudnes"], 2, "did you mean 'loudness'?"),
        (["--metrics", "random,random"], 2, "named twice"),
        (["--metrics", ""], 2, "--metrics is empty"),
        (["--scores", "planted.csv"], 2, "is not NAME=FILE.csv"),
        (["--scores", "x=planted.csv", "--scores", "x=planted.csv"], 2, "twice"),
        (["--scores", "x=nowhere.csv"], 2, "no such file"),
        (["--metrics", "random", "--resamples", "0"], 2, "resamples"),
        (["--metrics", "random", "--ci", "exact"], 2, "percentile"),
        (["--metrics", "random", "--out", "/proc/o"], 1, "cannot write to /proc/o"),
        (["--dataset", "realte", "--metrics", "random"], 2, "did you mean 'relate'?"),
    ],
)
@pytest.mark.usefixtures("planted_csv")
def test_wrong_requests(bench: Bench, ratings_csv: Path, arguments: list[str], status: int, message: str) -> None:
    result = bench("run", "--dataset", ratings_csv, *arguments)
    assert result.status == status
    assert message in result.err
    assert "Traceback" not in result.err


def test_incomplete_score_file(bench: Bench, ratings_csv: Path, tmp_path: Path) -> None:
    path = write_scores(tmp_path / "few.csv", {"recorded/0": 0.5})
    result = bench("run", "--dataset", ratings_csv, "--scores", f"few={path}", "--out", "o")
    assert result.status == 1
    assert "no score for 59 of 60 pairs" in result.err


def test_no_run_yet(bench: Bench) -> None:
    result = bench("report")
    assert result.status == 2
    assert "no finished run in results/" in result.err


def test_published_figures_only_stand_beside_the_same_data(bench: Bench, ratings_csv: Path, planted_csv: Path) -> None:
    bench("run", "--dataset", ratings_csv, "--scores", f"p={planted_csv}", "--resamples", "9", "--out", "o")
    result = bench("report", "o", "--against", "published")
    assert result.status == 2
    assert "no published figures" in result.err


def test_debug_shows_the_traceback(ratings_csv: Path) -> None:
    result = command("--debug", "run", "--dataset", str(ratings_csv), "--metrics", "nonsense")
    assert "Traceback" in result.stderr
    assert result.returncode == 1


def test_metrics_lists_every_scorer(bench: Bench) -> None:
    from metrics.families import BUILT_IN

    records = json.loads(bench("metrics", "--json").out)
    assert {record["name"].partition(":")[0] for record in records} >= {family.name for family in BUILT_IN}
    for record in records:
        assert record["available"] or (record["reason"] and record["remedy"])


@pytest.mark.parametrize(
    "arguments", [["--help"], ["metrics"], ["run", "--help"], ["report", "--help"], ["score", "--help"]]
)
def test_no_torch_for_help_and_listings(arguments: list[str]) -> None:
    code = (
        "import sys; from bench import cli; sys.argv = ['bench', *sys.argv[1:]]\n"
        "try: cli.main()\nexcept SystemExit: pass\n"
        "heavy = {'torch', 'scipy', 'numba', 'matplotlib', 'transformers', 'pandas'} & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy else 0)"
    )
    result = subprocess.run([sys.executable, "-c", code, *arguments], env=environment(), capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT)}


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bench", *arguments], env=environment(), capture_output=True, text=True
    )
