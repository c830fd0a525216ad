"""Plain mistakes at the command line: each is one line that says what to do, and never an internal error."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from bench import cli
from tests.bench.conftest import write_planted, write_ratings
from tests.commands import Outcome, make_runner

ROOT = Path(cli.__file__).parents[1]
Bench = Callable[..., Outcome]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ratings, scores, and a finished run."""
    folder = tmp_path_factory.mktemp("mistakes")
    ratings, planted = write_ratings(folder / "ratings.csv"), write_planted(folder / "planted.csv")
    with pytest.MonkeyPatch.context() as patch:
        line = ["--dataset", ratings, "--scores", f"p={planted}", "--resamples", "9", "--out", folder / "run"]
        patch.setattr(sys, "argv", ["bench", "run", *map(str, line)])
        patch.setattr(sys, "stdout", (folder / "shown").open("w", encoding="utf-8"))
        with pytest.raises(SystemExit) as end:
            cli.main()
        assert not end.value.code
        sys.stdout.close()
    return folder


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], data: Path) -> Bench:
    """Call ``bench ARGUMENTS`` in this process, in the folder of the run."""
    monkeypatch.chdir(data)
    return partial(make_runner(monkeypatch, capsys), "bench")


def refused(outcome: Outcome, message: str, status: int = 1) -> None:
    assert outcome.status == status, outcome.err
    assert message in outcome.err
    assert "internal error" not in outcome.err
    assert "Traceback" not in outcome.err


MISTAKES = {
    "report on a file": (("report", "ratings.csv"), "ratings.csv holds no finished run", 1),
    "report on a device": (("report", "/dev/null"), "/dev/null holds no finished run", 1),
    "output on a folder": (("report", "run", "--output", "run"), "run: Is a directory; give the path of a file", 1),
    "figures on a file": (
        ("report", "run", "--figures", "planted.csv"),
        "planted.csv: File exists; a file is where",
        1,
    ),
    "too long a name": (("report", "x" * 300), "File name too long; give a shorter path", 1),
    "too long a name to write": (("report", "run", "--output", "x" * 300), "File name too long; give a shorter", 1),
    "too many resamples": (
        ("run", "--dataset", "ratings.csv", "--scores", "p=planted.csv", "--resamples", "99999999999999", "--out", "o"),
        "100000",
        2,
    ),
    "an endless scale": (
        ("run", "--dataset", "ratings.csv", "--scores", "p=planted.csv", "--scale", f"0-{'9' * 400}", "--out", "o"),
        "two finite numbers with LOW < HIGH",
        2,
    ),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_one_clear_line(bench: Bench, case: str) -> None:
    arguments, message, status = MISTAKES[case]
    refused(bench(*arguments), message, status)
    assert not Path("o").exists()


def test_a_long_name_of_a_run_is_refused_before_scoring(bench: Bench) -> None:
    run = ("run", "--dataset", "ratings.csv", "--scores", "p=planted.csv", "--resamples", "9")
    refused(bench(*run, "--out", "x" * 300), "File name too long")


def test_a_damaged_run_does_not_hide_the_others(bench: Bench, data: Path) -> None:
    results = data / "results"
    for name in ("good", "damaged"):
        (results / name).mkdir(parents=True)
    for path in (data / "run").iterdir():
        (results / "good" / path.name).write_bytes(path.read_bytes())
    (results / "damaged" / "manifest.json").write_text("[]")
    shown = bench("report")
    assert shown.status == 0, shown.err
    assert "passed over: results/damaged/manifest.json is damaged: the whole is [], expected an object" in shown.err
    (results / "damaged" / "manifest.json").unlink()
    (results / "damaged" / ".partial").mkdir()
    (results / "damaged" / ".partial" / "plan.json").write_text("[]")
    run = bench("run", "--dataset", "ratings.csv", "--scores", "p=planted.csv", "--resamples", "9")
    assert run.status == 0, run.err


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "bench", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
    )


NARROW = {
    "cp1252": {"PYTHONIOENCODING": "cp1252"},
    "latin-1": {"PYTHONIOENCODING": "latin-1"},
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "the C locale": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
}


@pytest.mark.slow
@pytest.mark.parametrize("stream", NARROW)
def test_a_stream_of_few_characters_takes_everything(data: Path, stream: str) -> None:
    shown = command("report", str(data / "run"), **NARROW[stream])
    assert shown.returncode == 0, shown.stderr
    assert b"SRCC ^" in shown.stdout
    assert b"\xe2" not in shown.stdout
    assert command("report", "--help", **NARROW[stream]).returncode == 0
    content = command("report", str(data / "run"), "--format", "json", **NARROW[stream])
    assert json.loads(content.stdout.decode("ascii" if stream != "cp1252" else "cp1252"))["estimates"]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a shell of POSIX")
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_error(data: Path, closed: str) -> None:
    line = f"'{sys.executable}' -m bench report '{data / 'run'}' --figures '{data / 'drawn'}' {closed}"
    ended = subprocess.run(["sh", "-c", line], env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True)
    assert ended.returncode == 0, ended.stderr
    assert b"internal error" not in ended.stderr


SLOW_SCORER = """
import time
import numpy as np
from metrics.types import PairScores, ScorerSpec

class Slow:
    spec = ScorerSpec("slow.py:make")
    def score(self, pairs):
        print("scoring", flush=True)
        time.sleep(60)
        return PairScores(np.zeros(len(pairs)))

def make(argument, options):
    return Slow()
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("kind", ["run", "score", "score in two processes"])
def test_ctrl_c_says_how_to_go_on(data: Path, tmp_path: Path, kind: str) -> None:
    """As a terminal does it: the interrupt goes to every process of the group."""
    (tmp_path / "slow.py").write_text(SLOW_SCORER)
    ratings = str(data / "ratings.csv")
    lines = {
        "run": ["run", "--dataset", ratings, "--metrics", "slow.py:make", "--out", "o"],
        "score": ["score", ratings, "--metrics", "slow.py:make", "--out", "o"],
        "score in two processes": [
            "score", ratings, "--metrics", "slow.py:make", "--out", "o", "--processes", "2", "--shard-size", "30",
        ],
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "bench", *lines[kind]],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("scoring")  # two processes may write at once
    time.sleep(0.2)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert said == "error: interrupted; start the same command again: it goes on from what is already done\n"
    assert process.returncode == 130


@pytest.mark.slow
def test_ratings_given_as_the_cache_folder_stay_as_they_are(data: Path, tmp_path: Path) -> None:
    """No store can be made inside a file; the advice is never to delete what is the user's."""
    ratings = data / "ratings.csv"
    before = ratings.read_bytes()
    ended = command(
        "run", "--dataset", str(ratings), "--metrics", "tiny", "--out", str(tmp_path / "o"),
        CLAP_BENCH_CACHE_DIR=str(ratings),
    )  # fmt: skip
    assert b"delete" not in ended.stderr
    assert b"internal error" not in ended.stderr
    assert ended.returncode in (1, 3)
    assert ratings.read_bytes() == before


def test_tilde_is_expanded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from bench.datasets.adapters.relate_release import ROOT_VARIABLE, data_root
    from metrics.files import cache_folder, human_folder, scores_folder

    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    for variable, folder in (
        ("CLAP_BENCH_CACHE_DIR", cache_folder),
        ("CLAP_BENCH_HUMAN_DIR", human_folder),
        ("CLAP_BENCH_SCORES_DIR", scores_folder),
        (ROOT_VARIABLE, data_root),
    ):
        monkeypatch.setenv(variable, "~/x")
        assert folder() == tmp_path / "x"
        monkeypatch.setenv(variable, "~nobody-of-this-name/x")
        assert folder() == Path("~nobody-of-this-name/x")
