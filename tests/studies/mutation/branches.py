"""Branch coverage of the files whose mutants are checked; writes the table of docs/reliability.md.

Run as ``nox -s branches``. A tracer does not see compiled code: numba's kernels are measured in a second round, in
which ``NUMBA_DISABLE_JIT=1`` runs them as plain Python, on tests with few pairs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.studies.mutation.check import SUITES
from tests.studies.mutation.mutants import ROOT
from tests.tables import RELIABILITY, markdown, write_measured

LIMIT = 0.95
KERNELS = "bench/statistics/kernels.py"
TESTS = ("tests/bench/statistics", "tests/metrics/test_clap_score.py", "tests/finetune/training/test_losses.py")
TESTS_OF_KERNELS = ("tests/bench/statistics/test_weighted.py", "tests/bench/statistics/test_kernels.py")
HEAD = ("file", "statements", "reached", "branches", "taken", "both together")


def main() -> int:
    """Measure and write the table; fail if a file is below `LIMIT`."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        _run(data, TESTS, NUMBA_DISABLE_JIT="0")
        _run(data, TESTS_OF_KERNELS, NUMBA_DISABLE_JIT="1")
        files = _report(data)
    summaries = {file: files[file]["summary"] for file in SUITES}
    table = markdown(HEAD, [(f"`{file}`", *_row(summary)) for file, summary in summaries.items()])
    print(table)
    write_measured("branches", table, RELIABILITY)
    return int(any(summary["percent_covered"] < 100 * LIMIT for summary in summaries.values()))


def _run(data: Path, tests: tuple[str, ...], **environment: str) -> None:
    options = ["-q", *(f"--cov={name}" for name in ("bench.statistics", "metrics", "finetune"))]
    options += ["--cov-branch", "--cov-append", "--cov-report="]
    _call(data, "pytest", *options, *tests, **environment)


def _report(data: Path) -> dict[str, dict[str, dict[str, float]]]:
    target = data / "coverage.json"
    _call(data, "coverage", "json", "-q", "-o", str(target))
    files: dict[str, dict[str, dict[str, float]]] = json.loads(target.read_text(encoding="utf-8"))["files"]
    return files


def _call(data: Path, *words: str, **environment: str) -> None:
    known = {**os.environ, **environment, "COVERAGE_FILE": str(data / "coverage")}
    subprocess.run([sys.executable, "-m", *words], check=True, cwd=ROOT, env=known)


def _row(summary: dict[str, float]) -> tuple[str, ...]:
    names = ("num_statements", "covered_lines", "num_branches", "covered_branches")
    return (*(f"{summary[name]:.0f}" for name in names), f"{summary['percent_covered']:.1f} %")


if __name__ == "__main__":
    sys.exit(main())
