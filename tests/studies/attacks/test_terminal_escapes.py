"""Names, captions, paths and words of others on a terminal: shown, and never obeyed. Secrets: never shown."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from bench.files.manifest import redact_text
from bench.terminal.progress import terminal_progress
from bench.terminal.screen import Screen
from metrics.printable import printable
from tests.bench.conftest import PAIR_IDS, write_ratings, write_scores
from tests.commands import Bench, Outcome, make_runner

ESCAPES = ("\x1b[31m", "\x1b]0;title\x07", "\x9b2J", "\u202e", "\u2066", "\x7f", "\x08", "\u200b", "\ufeff")
HOSTILE = "".join(ESCAPES)
HIDDEN = {ord(c) for c in "\x1b\x07\x9b\u202e\u2066\x7f\x08\u200b\ufeff"}


@pytest.fixture(autouse=True)
def _own_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(name="bench")
def _bench(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Bench:
    return partial(make_runner(monkeypatch, capsys), "bench")


def hostile_data(folder: Path) -> tuple[Path, Path]:
    """Write ratings whose captions and systems hold escape sequences, and scores for them."""
    path = write_ratings(folder / "ratings.csv")
    with path.open(newline="") as stream:
        header, *rows = csv.reader(stream)
    for row in rows:
        row[2] += HOSTILE
        row[6] = row[6] and row[6] + HOSTILE
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([header, *rows])
    return path, write_scores(folder / "planted.csv", {name: k % 7 for k, name in enumerate(PAIR_IDS)})


def hidden_in(text: str) -> set[str]:
    return {repr(c) for c in text if ord(c) in HIDDEN}


def on_a_terminal(*arguments: object) -> str:
    """Run a command of its own process on a pseudo-terminal and return every character that reaches it."""
    import pty

    leader, follower = pty.openpty()
    environment = {**os.environ, "TERM": "dumb", "NO_COLOR": "1", "COLUMNS": "200"}
    command = [sys.executable, "-m", "bench", *map(str, arguments)]
    with subprocess.Popen(command, stdout=follower, stderr=follower, stdin=follower, env=environment):
        os.close(follower)
        received = b""
        try:
            while chunk := os.read(leader, 65536):
                received += chunk
        except OSError:  # how Linux says that nobody holds the other end
            pass
    os.close(leader)
    return received.decode("utf-8")


@pytest.fixture
def run(bench: Bench) -> Path:
    ratings, planted = hostile_data(Path())
    result = bench("run", "--dataset", ratings, "--scores", f"s={planted}", "--resamples", "9", "--out", "run")
    assert result.status == 0, result.err
    whole = bench("report", "run", "--full")
    assert not hidden_in(result.out + result.err + whole.out + whole.err)
    assert "alpha" in whole.out
    assert "u001b" in whole.out
    return Path("run")


@pytest.mark.parametrize("format", [None, "markdown", "json", "csv", "latex"])
def test_no_format_of_a_report_lets_an_escape_sequence_through(bench: Bench, run: Path, format: str | None) -> None:
    result = bench("report", run, *(["--format", format] if format else []))
    assert result.status == 0, result.err
    assert not hidden_in(result.out + result.err)
    if format == "json":
        assert bench("report", run, "--format", "json", "--output", "as-it-is.json").status == 0
        assert json.loads(result.out) == json.loads(Path("as-it-is.json").read_text(encoding="utf-8"))
        assert "\u202e" in Path("as-it-is.json").read_text(encoding="utf-8")


def test_a_file_holds_names_as_they_are(bench: Bench, run: Path) -> None:
    assert bench("report", run, "--format", "csv", "--output", "report.csv").status == 0
    assert HOSTILE in (run / "scores.csv").read_text(encoding="utf-8")


@pytest.mark.slow
def test_nothing_reaches_a_real_terminal(run: Path) -> None:
    shown = on_a_terminal("report", run, "--full")
    assert "alpha" in shown
    assert not hidden_in(shown)


@pytest.mark.parametrize(
    "arguments",
    [
        ("report", HOSTILE),
        ("run", "--dataset", f"{HOSTILE}.csv", "--metrics", "random"),
        ("run", "--metrics", HOSTILE),
        ("run", "--metrics", f"{HOSTILE}.py:make", "--dataset", "ratings.csv"),
        ("run", "--scores", f"a={HOSTILE}.csv", "--dataset", "ratings.csv"),
        ("score", f"{HOSTILE}.csv", "--out", HOSTILE, "--metrics", "random"),
        ("compare", HOSTILE, HOSTILE),
        ("datasets", "audit", f"{HOSTILE}.csv"),
        ("--log-file", f"no/{HOSTILE}", "metrics"),
    ],
)
def test_errors_name_what_was_found_without_obeying_it(bench: Bench, arguments: tuple[str, ...]) -> None:
    write_ratings(Path("ratings.csv"))
    result = bench(*arguments)
    assert result.status in (1, 2)
    assert not hidden_in(result.out + result.err)
    assert "u001b[31m" in result.err or "x1b[31m" in result.err


def test_the_words_of_a_scorer_are_shown_and_not_obeyed(bench: Bench) -> None:
    Path("rude.py").write_text(f"def make(argument, options):\n    raise ValueError({HOSTILE!r})\n", encoding="utf-8")
    write_ratings(Path("ratings.csv"))
    result = bench("run", "--dataset", "ratings.csv", "--metrics", "rude.py:make")
    assert result.status == 1
    assert "ValueError" in result.err
    assert not hidden_in(result.err)


def test_progress_bars_and_the_log_too(bench: Bench) -> None:
    drawn = io.StringIO()
    console = Screen(file=drawn, force_terminal=True, color_system=None, width=200, legacy_windows=False)
    with terminal_progress(console) as progress:
        progress(f"[red]stage{HOSTILE}", 1, 1)
    assert "[red]stage\\u001b[31m" in drawn.getvalue()
    assert not {"\x1b[31m", "\x1b]0", "\x9b", "\u202e"} & {part for part in ESCAPES if part in drawn.getvalue()}
    assert bench("--log-file", "log.jsonl", "report", HOSTILE).status == 1
    log = Path("log.jsonl").read_text(encoding="utf-8")
    assert not hidden_in(log)
    assert json.loads(log.splitlines()[0])["argv"][-1] == HOSTILE


def test_innocent_text_is_printed_as_it_is() -> None:
    for text in ("naïve café 日本語 العربية עברית हिन्दी 👩‍👩‍👧 👍🏽 می‌خواهم", "a\tb\nc", "−1 ± 2 ↑ → …", "\\u001b"):
        assert printable(text) == text


SECRETS = {
    "HF_ENDPOINT": "http://user:s3cretpw@127.0.0.1:9",
    "HF_TOKEN": "opaque-value-of-a-token",
}


def in_its_own_process(*arguments: object, **environment: str) -> Outcome:
    done = subprocess.run(
        [sys.executable, "-m", "bench", *map(str, arguments)],
        env={**os.environ, "HF_HUB_OFFLINE": "0", "HF_HUB_DOWNLOAD_TIMEOUT": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


@pytest.mark.slow
@pytest.mark.parametrize("debug", [False, True])
def test_a_password_in_an_address_reaches_neither_terminal_nor_log(debug: bool) -> None:
    write_ratings(Path("ratings.csv"))
    options = ["--debug"] if debug else []
    arguments = ("run", "--dataset", "ratings.csv", "--metrics", "hf:foo/bar", "--out", "out")
    result = in_its_own_process(*options, "--log-file", "log.jsonl", *arguments, **SECRETS)
    assert result.status == 1
    written = "".join(path.read_text(encoding="utf-8") for path in Path().rglob("*.json*"))
    for secret in ("s3cretpw", SECRETS["HF_TOKEN"]):
        assert secret not in result.out + result.err
        assert secret not in written


@pytest.mark.parametrize(
    "secret",
    [
        "hf_" + "aB3" * 11 + "x",
        "api_org_" + "aB3" * 11 + "x",
        "sk-" + "aB3" * 16,
        "sk-proj-" + "aB3_-" * 20,
        "sk-ant-api03-" + "aB3_-" * 19,
        "ghp_" + "aB3" * 12,
        "github_pat_" + "aB" * 41,
        "https://user:pass@host/x",
        "s3+http://key:se:cr@et@host",
        "http://token@host",
    ],
)
def test_tokens_of_their_real_lengths_and_names_in_addresses_are_redacted(secret: str) -> None:
    shown = redact_text(f"see '{secret}', or {secret}.csv")
    assert secret not in shown
    for part in ("aB3aB3", "user", "pass", "se:cr", "token"):
        assert part not in shown.replace("see '", "")


@pytest.mark.parametrize(
    "text",
    [
        "api_results_2024",
        "hf_models_of_2024/sk-learn-baselines.csv",
        "--out api_results_2024 --scores sk-ipped=hf_short.csv",
        "hf_" + "a" * 33,
        "hf_" + "a" * 35,
        "sk-learn-" + "long-name-of-a-folder-" * 4,
        "git@github.com:a/b",
        "https://host/a@b?c=d@e",
        "a@b.org: http://host",
    ],
)
def test_innocent_paths_stay(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "r")
    monkeypatch.setenv("HUGGING_FACE_HUB_TOKEN", "results")
    assert redact_text(text) == text


def test_a_secret_of_the_environment_is_redacted_whatever_it_looks_like(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "eight-ch")
    assert redact_text("with eight-ch in it") == "with … in it"


def test_redacting_a_long_text_takes_no_time() -> None:
    long = "a" * 300_000 + ":/" * 100_000 + "sk-" * 100_000
    assert redact_text(long) == long
