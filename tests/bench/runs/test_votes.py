"""Runs on votes: made, read back and made anew from their files, and refused where they make no sense."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bench.files.csvfile import read_csv
from bench.runs.folder import read_run
from bench.runs.run import RunRequest
from bench.runs.vote_folder import STATISTICS, VoteRun, is_vote_run, read_vote_run
from bench.runs.votes import run_votes
from bench.statistics.types import ResamplingPlan
from metrics.errors import DataError, UsageError
from tests.commands import Bench

FEW = ResamplingPlan(n_resamples=99, n_permutations=99)


def write_votes(path: Path) -> Path:
    """Write 30 clips with two comparisons each, on which three listeners prefer the longer caption, mostly."""
    rng = np.random.default_rng(0)
    lines = ["audio_path,text_a,text_b,choice,listener_id,kind,system_a,system_b"]
    for clip in range(30):
        for kind in ("close", "far"):
            words = [f"sound {clip} {kind}" + " very" * int(n) for n in rng.permutation(5)[:2]]
            longer = "a" if len(words[0]) > len(words[1]) else "b"
            for listener in range(3):
                shorter = "b" if longer == "a" else "a"
                choice = "tie" if rng.random() < 0.1 else longer if rng.random() < 0.8 else shorter
                names = ("one", "two") if clip % 2 else ("two", "one")
                lines.append(f"{clip}.wav,{words[0]},{words[1]},{choice},L{listener},{kind},{names[0]},{names[1]}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def run_(tmp_path: Path) -> VoteRun:
    path = write_votes(tmp_path / "votes.csv")
    return run_votes(RunRequest(str(path), ("caption-length", "random"), resampling=FEW, out=tmp_path / "out"), ())


def test_a_run_is_read_back_as_it_was_made(run_: VoteRun) -> None:
    assert is_vote_run(run_.folder)
    again = read_vote_run(run_.folder)
    assert again.analysis == run_.analysis
    assert again.manifest == run_.manifest
    assert again.dataset.comparisons == run_.dataset.comparisons
    assert again.dataset.votes == run_.dataset.votes
    assert again.altered == ()
    for metric, values in run_.scores.items():
        assert np.array_equal(again.scores[metric], values)
    data = {"comparisons.csv", "votes.csv", "scores.csv", "failures.csv"}
    assert {path.name for path in run_.folder.iterdir()} == {*data, *STATISTICS, "manifest.json", "report.md", ".lock"}


def test_statistics_are_made_anew_from_the_files(run_: VoteRun) -> None:
    assert read_vote_run(run_.folder, recompute=True).analysis == run_.analysis
    strata = {one.stratum for one in run_.analysis.vote_agreements}
    assert strata == {"all", "kind:close", "kind:far"}
    assert run_.analysis.vote_agreements[0].accuracy.estimate > 0.8
    assert {one.system for one in run_.analysis.system_strengths} == {"one", "two"}


def test_an_edited_file_is_told_and_counts(run_: VoteRun) -> None:
    path = run_.folder / "votes.csv"
    text = path.read_text()
    path.write_text(text.replace(",a\n", ",x\n").replace(",b\n", ",a\n").replace(",x\n", ",b\n"))
    again = read_vote_run(run_.folder)
    assert [one.name for one in again.altered] == ["votes.csv"]
    assert again.analysis.vote_agreements[0].accuracy.estimate < 0.2


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("votes.csv", ",tie\n", ",maybe\n", "choice is 'maybe', expected a, b, tie"),
        ("votes.csv", "0.wav#", "no.wav#", "is not in comparisons.csv"),
        ("comparisons.csv", ",0.wav#", ",no.wav#", "is not in scores.csv"),
        ("vote_agreements.json", '"n_votes"', '"votes"', "vote_agreements.json is damaged"),
    ],
)
def test_a_damaged_folder_is_refused(run_: VoteRun, name: str, old: str, new: str, message: str) -> None:
    path = run_.folder / name
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(DataError, match=message):
        read_vote_run(run_.folder)


def test_runs_on_ratings_and_on_votes_are_told_apart(run_: VoteRun) -> None:
    with pytest.raises(UsageError, match="is a run on votes; give one on ratings"):
        read_run(run_.folder)


def test_nothing_to_run_and_options_without_meaning(tmp_path: Path) -> None:
    path = str(write_votes(tmp_path / "votes.csv"))
    with pytest.raises(UsageError, match="nothing to run; give --metrics, --scores or --scores-from"):
        run_votes(RunRequest(path, ()), ())
    for option, value in {"split": "test", "scale": "0-10", "screening": "none", "bands": (3.0,)}.items():
        with pytest.raises(UsageError, match=f"--{option} has no meaning for votes"):
            run_votes(RunRequest(path, ("random",), **{option: value}), ())
    with pytest.raises(UsageError, match="scores 'caf-score' are of brace:audiocaps"):
        run_votes(RunRequest(path, ()), ("caf-score",))


def test_scores_of_a_file_and_clips_that_are_missing(tmp_path: Path, bench: Bench) -> None:
    path = write_votes(tmp_path / "votes.csv")
    bench("run", "--dataset", path, "--metrics", "caption-length", "--out", tmp_path / "first", "--resamples", 19)
    rows = read_csv(tmp_path / "first" / "scores.csv", ("pair_id", "caption-length")).rows
    scores = tmp_path / "scores.csv"
    scores.write_text("pair_id,score\n" + "".join(f"{row['pair_id']},{row['caption-length']}\n" for row in rows))
    left = bench("run", "--dataset", path, "--scores", f"own={scores}", "--out", tmp_path / "second", "--resamples", 19)
    assert left.status == 0
    first, second = (read_vote_run(tmp_path / name).analysis.vote_agreements for name in ("first", "second"))
    assert [one.accuracy for one in first] == [one.accuracy for one in second]
    assert "own|scores from a file|sha256:" in (tmp_path / "second" / "report.md").read_text(encoding="utf-8")


def test_brace_without_a_model_a_network_or_a_clip(tmp_path: Path, bench: Bench) -> None:
    scores = ("--scores-from", "recovered-clap")
    options = ("--dataset", "brace:audiocaps", *scores, "--resamples", 99, "--out", tmp_path / "run")
    made = bench("run", *options)
    assert made.status == 0
    whole = (tmp_path / "run" / "report.md").read_text(encoding="utf-8")
    assert made.out.startswith(whole[: whole.index("\n\nIntervals are by bootstrap")])
    assert "All statistics are on the 681 of 1,145 comparisons of which every metric scored both sides." in made.out
    assert "the publishers kept only comparisons whose votes" in whole
    assert "No comparison has votes for both sides." in made.out
    assert "recovered: cosines are derived from" in whole
    shown = bench("report", tmp_path / "run", "--full")
    assert (shown.status, shown.out) == (0, whole)
    assert made.out.startswith(bench("report", tmp_path / "run").out)


def test_other_formats_and_the_check_of_a_folder(run_: VoteRun, bench: Bench) -> None:
    facts = json.loads(bench("report", run_.folder, "--format", "json").out)
    assert facts["manifest"]["kind"] == "votes"
    assert len(facts["vote_agreements"]) == 2 * 3
    assert "\\begin{tabular}" in bench("report", run_.folder, "--format", "latex", "--recompute").out
    assert bench("verify", run_.folder).status == 0


def test_commands_say_what_votes_do_not_have(run_: VoteRun, bench: Bench) -> None:
    refused = bench("report", run_.folder, "--format", "csv")
    assert refused.status == 2
    assert "--format csv is not there for a run on votes; choose one of markdown, latex, json" in refused.err
    assert "--figures has no meaning for a run on votes" in bench("report", run_.folder, "--figures", "figures").err
    other = bench("run", "--dataset", "demo", "--scores-from", "caf-score")
    assert other.status == 2
    assert "scores 'caf-score' are of brace:audiocaps, brace:clotho, not of demo" in other.err
    assert bench("compare", run_.folder, run_.folder).status == 2


def test_a_run_is_the_same_twice_and_goes_where_it_was(run_: VoteRun, tmp_path: Path) -> None:
    again = run_votes(
        RunRequest(str(tmp_path / "votes.csv"), ("caption-length", "random"), resampling=FEW, out=run_.folder), ()
    )
    assert again.analysis == run_.analysis
    first, second = (dict(one.manifest.outputs) for one in (run_, again))
    del first["report.md"], second["report.md"]  # it says when it was made
    assert first == second
