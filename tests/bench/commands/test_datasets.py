"""``bench datasets``: what it prints, and what it leaves to others to report."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import soundfile
from rich.console import Console
from typer.testing import CliRunner, Result

from bench.commands.datasets import datasets_app
from bench.datasets.catalog import load_dataset
from bench.datasets.fetching import download
from bench.datasets.fetching.transfer import RemoteFile
from bench.datasets.frame import pairs_frame
from bench.datasets.score_files import read_score_file
from bench.terminal.progress import rate_text, terminal_progress
from metrics.errors import DataError, UnavailableError, UsageError
from tests.bench.datasets.adapters.synthetic_relate import write_is_and_os, write_relate, zipped_clips
from tests.bench.datasets.fetching.file_server import Served, serve


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_is_and_os(write_relate(tmp_path))


def run(*arguments: str | Path) -> Result:
    return CliRunner(env={"COLUMNS": "200", "RELATE_ROOT": ""}).invoke(datasets_app, [str(word) for word in arguments])


def test_list(root: Path) -> None:
    shown = run("list", "--data-root", root)
    assert shown.exit_code == 0
    for word in ("relate:os", "demo", "csv-validation", "here", "absent", str(root), "not to be redistributed"):
        assert word in shown.stdout


def test_list_as_json(root: Path) -> None:
    records = {record["name"]: record for record in json.loads(run("list", "--data-root", root, "--json").stdout)}
    assert records["relate"]["ratings_present"] is True
    assert records["relate"]["audio_present"] is False
    assert records["relate"]["location"] == str(root)
    assert records["demo"]["location"] is None


def test_audit(root: Path) -> None:
    (root / "RELATE_wave/audiocaps/test").mkdir(parents=True)
    soundfile.write(root / "RELATE_wave/audiocaps/test/3.wav", np.zeros(8000), 8000)
    shown = run("audit", "relate", "--data-root", root, "--screening", "none").stdout
    for text in (
        "relate, split test, screening none",
        "Tango 2",
        "rating ≤ 5",
        "audiocaps/test/3 is at 8000 Hz",
        "not the known",
    ):
        assert text in shown


def test_audit_as_json(root: Path) -> None:
    found = json.loads(run("audit", "relate:is", "--data-root", root, "--split", "train", "--json").stdout)
    assert (found["name"], found["split"], found["n_pairs"]) == ("relate:is", "train", 10)
    assert len(found["audio"]["missing"]) == 10
    assert found["audio"]["expected_rate_hz"] == 16_000


def test_audit_of_a_users_file_takes_names_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text("audio_path,text,rating,my[note]\n[red]a.wav,:dog:,4,x\n")
    shown = run("audit", path, "--scale", "1-5").stdout
    assert "[red]a.wav" in shown
    assert "my[note]" in shown
    assert "not named" in shown


def test_pairs_as_csv_for_those_who_score_elsewhere(root: Path, tmp_path: Path) -> None:
    shown = run("pairs", "relate", "--data-root", root, "--split", "train", "--screening", "none").stdout
    rows = list(csv.DictReader(io.StringIO(shown)))
    dataset = load_dataset("relate", data_root=root, split="train", screening="none")
    assert [row["pair_id"] for row in rows] == [rated.pair.pair_id for rated in dataset.pairs]
    assert [row["audio_path"] for row in rows] == [str(rated.pair.audio_path) for rated in dataset.pairs]
    assert [row["text"] for row in rows] == [rated.pair.caption for rated in dataset.pairs]
    assert {(row["source"], row["system"], row["split"]) for row in rows} >= {("natural", "audiocaps", "train")}
    assert not {"rating", "n_ratings", "score"} & set(rows[0])
    assert run("pairs", "relate", "--data-root", root, "--output", tmp_path / "pairs.csv").stdout == ""
    assert (tmp_path / "pairs.csv").read_text().count("\n") == 11


def test_pairs_of_a_users_file_need_no_scale_and_have_absolute_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("own.csv").write_text('audio_path,text,rating\na.wav,"a ""loud"", dog",1\n/far/b.wav,A cat,90\n')
    rows = list(csv.DictReader(io.StringIO(run("pairs", "own.csv").stdout)))
    assert [(row["audio_path"], row["text"]) for row in rows] == [
        ("/far/b.wav", "A cat"), (str(tmp_path / "a.wav"), 'a "loud", dog'),
    ]  # fmt: skip


@pytest.mark.parametrize("keep", [("pair_id",), ("audio_path", "text"), ("audio_path",)])
def test_pairs_come_back_as_scores(root: Path, tmp_path: Path, keep: tuple[str, ...]) -> None:
    rows = list(csv.DictReader(io.StringIO(run("pairs", "relate", "--data-root", root).stdout)))
    path = tmp_path / "mine.csv"
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerows([[*keep, "pred_score"], *([*map(row.get, keep), k] for k, row in enumerate(rows))])
    scores = read_score_file(path, pairs_frame(load_dataset("relate", data_root=root)))
    assert scores.tolist() == list(range(len(rows)))


@pytest.mark.parametrize(
    ("arguments", "error", "expected"),
    [
        (("audit", "relat"), UsageError, "did you mean 'relate'?"),
        (("audit", "relate", "--data-root", "nowhere"), UnavailableError, "bench datasets pull relate"),
        (("audit", "relate", "--split", "dev"), UsageError, "unknown split 'dev'"),
        (("pull", "relat"), UsageError, "did you mean 'relate'?"),
    ],
)
def test_errors_are_left_to_the_command_line(arguments: tuple[str, ...], error: type[Exception], expected: str) -> None:
    outcome = run(*arguments)
    assert isinstance(outcome.exception, error)
    assert expected in str(outcome.exception)


def test_broken_file(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_bytes(b"audio_path,text,rating\na.wav,\xff,1\n")
    outcome = run("audit", tmp_path / "own.csv")
    assert isinstance(outcome.exception, DataError)
    assert "line 2: byte 0xff at offset 29 is not UTF-8" in str(outcome.exception)


def test_pull_of_what_is_made_on_the_spot() -> None:
    assert "nothing to fetch" in run("pull", "demo").stdout


@pytest.mark.parametrize("audio", [True, False])
def test_pull(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, audio: bool) -> None:
    content = (write_relate(tmp_path / "published") / "scores/REL.csv").read_bytes()
    archive = zipped_clips("RELATE_wave/audiocaps/test/3.wav")
    with serve(Served({"/REL.csv": content, "/RELATE_wave.zip": archive})) as server:
        files = [RemoteFile(f"{server.url}/REL.csv", "scores/REL.csv")]
        packed = RemoteFile(f"{server.url}/RELATE_wave.zip", "RELATE_wave.zip")
        monkeypatch.setattr(download, "pull_relate", partial(download.pull_relate, rating_files=files, archive=packed))
        outcome = run("pull", "relate", *([] if audio else ["--no-audio"]), "--data-root", tmp_path / "root")
    assert outcome.exception is None
    assert (tmp_path / "root/scores/REL.csv").read_bytes() == content
    assert (tmp_path / "root/RELATE_wave/audiocaps/test/3.wav").exists() == audio
    assert ("clips: 1 came" in outcome.stdout) == audio
    assert hashlib.sha256(content).hexdigest() in outcome.stdout
    assert "not to be redistributed" in outcome.stdout
    assert outcome.stderr == ""


def test_progress_is_drawn_for_terminals_only() -> None:
    silent = io.StringIO()
    with terminal_progress(Console(file=silent, force_terminal=False)) as progress:
        progress("clips", 1, 2)
    assert silent.getvalue() == ""
    drawn = io.StringIO()
    with terminal_progress(Console(file=drawn, force_terminal=True, width=100)) as progress:
        progress("REL.csv", 5, 0)
        progress("clips", 1, 2)
        progress("clips", 2, 2)
    assert "clips" in drawn.getvalue()
    assert "100%" in drawn.getvalue()
    assert "/100" not in drawn.getvalue()


@pytest.mark.parametrize(("rate", "text"), [(0.5, "0.5/s"), (12.34, "12.3/s"), (1.16e6, "1.16 M/s"), (4e9, "4 G/s")])
def test_rates_are_short(rate: float, text: str) -> None:
    assert rate_text(rate) == text


def test_the_commands_load_nothing_heavy() -> None:
    code = (
        "import sys, bench.commands.datasets;"
        "print(*{'torch', 'pandas', 'scipy', 'soundfile', 'matplotlib'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


VOTES = """audio_path,text_a,text_b,choice,listener_id,kind,system_a,system_b
a.wav,rain,[red]a dog,a,L1,near,x,y
a.wav,rain,[red]a dog,a,L2,near,x,y
a.wav,rain,[red]a dog,b,L3,near,x,y
b.wav,a car,a bus,tie,L1,far,y,x
b.wav,a car,a bus,b,L2,far,y,x
"""


@pytest.fixture
def votes(tmp_path: Path) -> Path:
    path = tmp_path / "votes.csv"
    path.write_text(VOTES)
    soundfile.write(tmp_path / "a.wav", np.zeros(8000), 8000)
    return path


def test_votes_are_listed() -> None:
    shown = run("list").stdout
    assert "brace:audiocaps" in shown
    assert "Apache-2.0 (votes and captions)" in shown
    records = {record["name"]: record for record in json.loads(run("list", "--json").stdout)}
    assert records["brace:clotho"]["dimensions"] == ["votes"]
    assert set(records["brace:clotho"]) == set(records["relate"])


def test_audit_of_votes(votes: Path) -> None:
    found = json.loads(run("audit", votes, "--json").stdout)
    assert (found["n_pairs"], found["n_captions"], found["n_listeners"]) == (4, 4, 3)
    assert found["votes_per_comparison"] == {"2": 1, "3": 1}
    assert found["systems"] == {"x": 2, "y": 2}
    assert [one["path"] for one in found["audio"]["missing"]] == [str(votes.parent / "b.wav")]
    everything, far, near = found["groups"]
    assert (everything["label"], far["label"], near["label"]) == ("all", "far", "near")
    assert (everything["n_ties"], everything["n_equal"], everything["n_contradicted"]) == (1, 0, 1)
    # L1 and L2 are each half of a draw when the other and L3 are left; L3 is alone against two; far: a tie against b.
    assert near["one_vote"] == 0
    assert far["one_vote"] == 0
    shown = run("audit", votes)
    assert shown.exit_code == 0
    assert "which of two captions fits a clip" in shown.stdout
    assert "b.wav#" in shown.stdout


def test_audit_of_brace_says_what_it_is() -> None:
    shown = run("audit", "brace:audiocaps").stdout
    for text in ("1,145", "machine-machine", "0.998", "GAMA_broken", "275", "the publishers kept only comparisons"):
        assert text in shown


def test_pairs_of_votes_are_what_there_is_to_score(votes: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(run("pairs", votes).stdout)))
    assert [row["text"] for row in rows] == ["rain", "[red]a dog", "a car", "a bus"]
    assert rows[0]["audio_path"] == str(votes.parent / "a.wav")


def test_options_and_names_that_votes_do_not_have(votes: Path) -> None:
    for command in ("audit", "pairs"):
        refused = run(command, votes, "--split", "test")
        assert isinstance(refused.exception, UsageError)
        assert "--split has no meaning for votes" in str(refused.exception)
    assert isinstance(run("audit", votes, "--bands", "5").exception, UsageError)
    unknown = run("audit", "brace:clothoo").exception
    assert "did you mean 'brace:clotho'?" in str(unknown)
    pulled = run("pull", "brace:clotho").exception
    assert isinstance(pulled, UnavailableError)
    assert "the votes of brace:clotho are here already" in str(pulled)


def test_votes_overlap_with_ratings_by_caption_and_clip(votes: Path) -> None:
    ratings = votes.parent / "own.csv"
    ratings.write_text("audio_path,text,rating\na.wav,Rain.,4\nc.wav,a bus,9\n")
    (found,) = json.loads(run("overlap", ratings, votes, "--json").stdout)["overlaps"]
    assert found["captions"] == ["a bus", "rain"]
    assert (found["n_affected_first"], found["n_affected_second"]) == (2, 3)
