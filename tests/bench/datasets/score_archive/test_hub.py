"""Entries go to a hub and come back as they were; of a stranger's that cannot be trusted nothing is kept."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.datasets.score_archive.hub import pull, push
from metrics.errors import UsageError
from tests.bench.conftest import write_planted, write_ratings
from tests.bench.datasets.score_archive.hostile import CASES
from tests.bench.datasets.score_archive.pairs import files_in, make_entry
from tests.hub_server import COMMIT, Hub, environment_of, serve_hub

TOKEN = "hf_" + "a1" * 17
ROOT = Path(__file__).parents[4]

REFUSED = {
    "strange_file": "its file 'run.py' is not named in scores.json",
    "path_in_the_listing": "its file '../../evil.csv' leads out of the folder",
    "absolute_path_in_the_listing": "its file '/tmp/evil.csv' leads out of the folder",
    "path_in_the_facts": "file '../evil.csv' leads out of the folder",
    "absolute_path_in_the_facts": "file '/tmp/evil.csv' leads out of the folder",
    "file_of_another_kind": "file is 'pulled.json', expected NAME.csv or FOLDER/NAME.csv",
    "lying_facts": "any/name/relate/one.csv: has sha256",
    "lying_document": "any/name/LICENSE: has sha256",
    "lying_counts": "has 2 pairs and 2 scores, expected 3 and 2 as scores.json says",
    "lying_server": "what came has the hash",
    "no_numbers": "score is 'nan', expected a finite number",
    "missing_file": "scores.json names relate/one.csv, which is not there",
    "no_facts": "it has no scores.json, expected one at its top",
    "facts_that_are_none": "any/name/scores.json is damaged: format is None, expected 1",
    "large_facts": "scores.json holds 4,194,305 bytes, more than 4,194,304",
    "large_file": "relate/one.csv holds 268,435,457 bytes, more than 268,435,456",
    "many_files": "it holds 1,003 files, expected at most 1,000",
    "name_of_a_column": "a metric cannot be called 'rating'",
    "escapes": r"note is '\x1b]0;owned\x07', expected one line",
    "newer_format": "format is 2, which a newer version of clap-bench wrote",
    "git_link": "any/name/relate/one.csv: no column 'pair_id'",
}


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What came of every case of `tests.bench.datasets.score_archive.hostile`."""
    command = [
        sys.executable,
        "-m",
        "tests.bench.datasets.score_archive.hostile",
        str(tmp_path_factory.mktemp("pulls")),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=ROOT, check=True)
    found: dict[str, Any] = json.loads(done.stdout)["cases"]
    assert set(found) == {case.__name__ for case in CASES} == {*REFUSED, "honest"}
    return found


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_trusted_is_refused_and_not_kept(answers: dict[str, Any], case: str) -> None:
    answer = answers[case]
    assert answer["message"].startswith("DataError: ")
    assert REFUSED[case] in answer["message"]
    assert {name for name in answer["left"] if not name.startswith("home/")} == {"scores/.lock"}


def test_the_same_without_the_harm_is_pulled(answers: dict[str, Any]) -> None:
    assert answers["honest"]["message"] == f"pulled any/name@{COMMIT[:12]}"
    kept = {name.removeprefix("scores/") for name in answers["honest"]["left"] if not name.startswith("home/")}
    assert kept == {".lock", *(f"mine/{name}" for name in ("scores.json", "relate/one.csv", "LICENSE", "pulled.json"))}


@pytest.fixture
def hub() -> Iterator[Hub]:
    with serve_hub() as hub:
        hub.content = {".gitattributes": b"", "old/scores.csv": b"of an older version"}
        yield hub


def run_elsewhere(hub: Hub, home: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run ``bench`` as another user: with another cache, other scores, and a token."""
    own = {"CLAP_BENCH_CACHE_DIR": str(home / "cache"), "CLAP_BENCH_SCORES_DIR": str(home / "scores")}
    environment = environment_of(hub.url, home / "hf") | own | {"HF_TOKEN": TOKEN, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "bench", "--log-file", str(home / "log.jsonl"), *map(str, arguments)]
    home.mkdir(exist_ok=True)
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, cwd=home)


def succeed(hub: Hub, home: Path, *arguments: object) -> str:
    done = run_elsewhere(hub, home, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_from_a_run_to_a_hub_to_another_users_report(hub: Hub, tmp_path: Path) -> None:
    """run -> add -> push -> pull elsewhere -> run --scores-from -> report."""
    one, other = tmp_path / "one", tmp_path / "other"
    ratings, planted = write_ratings(tmp_path / "ratings.csv"), write_planted(tmp_path / "planted.csv")
    few = ("--dataset", ratings, "--resamples", 19, "--permutations", 19, "--sentinels", "off", "--out", "run")
    succeed(hub, one, "run", *few, "--scores", f"human:x={planted}")
    succeed(hub, one, "scores", "add", "run", "--name", "mine", "--licence", "CC0")
    pushed = succeed(hub, one, "scores", "push", "mine", "--to", "any/name")
    assert pushed.splitlines() == ["scores.json", *(name for name in hub.content if name.startswith("ratings-csv/"))]
    assert set(hub.content) == {".gitattributes", "scores.json", pushed.splitlines()[1]}, "old scores are gone"
    assert hub.tokens == {f"Bearer {TOKEN}"}

    succeed(hub, other, "scores", "pull", "any/name")
    for name in ("scores.json", pushed.splitlines()[1]):
        made, came = (home / "scores" / folder / name for home, folder in ((one, "mine"), (other, "name")))
        assert came.read_bytes() == made.read_bytes()
    succeed(hub, other, "run", *few, "--scores-from", "name")
    for name in ("scores.csv", "ratings.csv", "estimates.json", "differences.json", "standings.json", "verdict.json"):
        assert (other / "run" / name).read_bytes() == (one / "run" / name).read_bytes(), name
    report = succeed(hub, other, "report", "run", "--full")
    assert f"(any/name@{COMMIT[:12]})|sha256:" in report
    assert "CC0" in succeed(hub, other, "scores", "list")
    for home in (one, other):
        assert TOKEN not in (home / "log.jsonl").read_text(encoding="utf-8")
        assert all(TOKEN.encode() not in path.read_bytes() for path in (home / "scores").rglob("*") if path.is_file())


@pytest.mark.slow
def test_a_refusal_of_the_hub_is_told_without_the_token(hub: Hub, tmp_path: Path) -> None:
    hub.refusal = f"{TOKEN} may not write here"
    done = run_elsewhere(hub, tmp_path / "one", "scores", "push", "caf-score", "--to", "any/name")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "error: cannot push scores 'caf-score' to any/name (" in done.stderr
    assert "'hf auth login'" in done.stderr
    assert TOKEN not in done.stderr + done.stdout + (tmp_path / "one" / "log.jsonl").read_text(encoding="utf-8")


@pytest.mark.slow
def test_no_hub(tmp_path: Path) -> None:
    nobody = Hub(url="http://127.0.0.1:9")
    for arguments in (("pull", "any/name"), ("push", "caf-score", "--to", "any/name")):
        done = run_elsewhere(nobody, tmp_path / "one", "scores", *arguments)
        assert (done.returncode, len(done.stderr.splitlines())) == (1, 1), done.stderr
        assert "check the network" in done.stderr
    assert files_in(tmp_path / "one" / "scores") == {".lock"}


@pytest.mark.parametrize(
    ("address", "name", "message"),
    [
        ("nobody", None, "unknown scores 'nobody'; give OWNER/REPO"),
        ("caf-score", None, "scores 'caf-score' are here already, from the package: there is nothing to fetch"),
        ("mine", None, "scores 'mine' are here already, from this machine"),
        ("a/b/c", None, "'a/b/c' is not OWNER/REPO or OWNER/REPO@REVISION"),
        ("../b", None, "'../b' is not OWNER/REPO"),
        ("a/b@", None, "a revision is a branch, a tag or a commit"),
        ("a/b@../../x", None, "a revision is a branch, a tag or a commit"),
        ("a/b@x?y", None, "a revision is a branch, a tag or a commit"),
        (f"{TOKEN}@a/b", None, "'hf_…@a/b' is not OWNER/REPO"),
        ("a/caf-score", None, "scores called 'caf-score' come with clap-bench; give another --name"),
        ("a/notes", None, "notes is there and holds no scores.json; give another --name, or move it away"),
        ("a/link", None, "link is there and holds no scores.json"),
        ("a/b", "../x", "scores cannot be called '../x'"),
        ("a/mine", None, "scores called 'mine' are here already, from this machine; give another --name"),
        ("a/MINE", None, "scores called 'mine' are here already, from this machine; give another --name"),
        ("a/pulled", None, "scores called 'pulled' are here already, from other/pulled@000000000000"),
        ("pulled", "x", "'pulled' is pulled again under its name; leave --name out, or give other/pulled"),
    ],
)
def test_what_cannot_be_pulled(own_scores: Path, address: str, name: str | None, message: str) -> None:
    make_entry("mine")
    (own_scores / "notes").mkdir()
    (own_scores / "notes" / "mine.txt").write_text("the user's own")
    (own_scores / "link").symlink_to(own_scores / "nowhere")
    entry = make_entry("pulled")
    (entry.folder / "pulled.json").write_text(json.dumps({"repo": "other/pulled", "commit": "0" * 40}))
    with pytest.raises(UsageError) as caught:
        pull(address, name)
    assert message in str(caught.value)
    assert (own_scores / "notes" / "mine.txt").is_file()


@pytest.mark.parametrize("repo", ["name", "a/b/c", "../b", "a/b@main", ""])
def test_where_nothing_can_be_pushed(repo: str) -> None:
    with pytest.raises(UsageError, match="expected OWNER/REPO; name a data set on the Hugging Face hub"):
        push("caf-score", repo)
