"""Runs on votes: made, read back and made anew from their files, and refused where they make no sense."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from bench.analysis.leakage import find_leakage
from bench.analysis.vote_results import VoteAnalysis
from bench.datasets.voted.catalog import load_voted
from bench.files.csvfile import read_csv
from bench.runs.folder import read_run
from bench.runs.run import RunRequest
from bench.runs.vote_folder import VoteRun, is_vote_run, read_vote_run
from bench.runs.votes import run_votes
from bench.statistics.types import ResamplingPlan
from metrics.errors import DataError, UsageError
from tests.bench.reports.runs import tone
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
    return run_votes(RunRequest(str(path), ("caption-length", "random"), resampling=FEW, out=tmp_path / "out"))


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
    data = {"comparisons.csv", "votes.csv", "scores.csv", "cosines.csv", "failures.csv", "leakage.json"}
    statistics = {f"{part.name}.json" for part in fields(VoteAnalysis)}
    assert {path.name for path in run_.folder.iterdir()} == {*data, *statistics, "manifest.json", "report.md", ".lock"}


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
        run_votes(RunRequest(path, ()))
    for option, value in {"split": "test", "scale": "0-10", "screening": "none", "bands": (3.0,)}.items():
        with pytest.raises(UsageError, match=f"--{option} has no meaning for votes"):
            run_votes(RunRequest(path, ("random",), **{option: value}))
    with pytest.raises(UsageError, match="scores 'caf-score' are of brace:audiocaps"):
        run_votes(RunRequest(path, (), scores_from=("caf-score",)))


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
    assert "No comparison has votes for both sides: the figures are for" in made.out
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


def test_every_format_page_and_figures(run_: VoteRun, bench: Bench, tmp_path: Path) -> None:
    table = bench("report", run_.folder, "--format", "csv").out.splitlines()
    assert table[0].startswith("metric,stratum,statistic,estimate,low,high,n_comparisons")
    assert len(table) == 1 + 3 * len(run_.analysis.vote_agreements)
    made = bench("report", run_.folder, "--figures", tmp_path / "figures", "--format", "html", "--embed-audio", 2)
    assert made.status == 0
    assert {path.name for path in (tmp_path / "figures").glob("*.pdf")} == {
        "accuracy.pdf", "differences.pdf", "certainty.pdf"
    }  # fmt: skip
    assert "2 clips could not be embedded" in made.err
    assert (run_.folder / "report.html").exists()
    assert bench("verify", run_.folder).status == 0, "the page is made from the run, and no part of it"
    again = bench("report", run_.folder, "--output", run_.folder / "report.md")
    assert again.status == 0
    assert bench("verify", run_.folder).status == 0
    assert bench("report", run_.folder, "--output", run_.folder / "votes.csv").status == 2


def test_commands_say_what_votes_do_not_have(run_: VoteRun, bench: Bench) -> None:
    assert "--against has no meaning for a run on votes" in bench("report", run_.folder, "--against", "published").err
    other = bench("run", "--dataset", "demo", "--scores-from", "caf-score")
    assert other.status == 2
    assert "scores 'caf-score' are of brace:audiocaps, brace:clotho, not of demo" in other.err
    path = run_.manifest.dataset.name
    for option, value in (("--margin", "0.1"), ("--sentinels", "on"), ("--resample-unit", "block")):
        refused = bench("run", "--dataset", path, "--metrics", "random", option, value)
        assert refused.status == 2, option
        assert option in refused.err


def test_what_was_heard_and_what_was_seen_in_training_is_kept(tmp_path: Path) -> None:
    path = write_votes(tmp_path / "votes.csv")
    for clip in range(30):
        tone(tmp_path / f"{clip}.wav", seconds=0.3, hertz=200 + 20 * clip)
    made = run_votes(RunRequest(str(path), ("loudness", "random"), resampling=FEW, out=tmp_path / "out"))
    assert made.manifest.clips is not None
    assert made.manifest.clips.n_clips == 30
    assert made.manifest.baselines == ("loudness", "random")
    assert (made.manifest.bands, made.manifest.sentinels) == ((), False)
    assert {one.topic for one in made.analysis.verdict} == {"best", "data"}, "nothing is said of baselines alone"
    assert {len(sha256 or "") for sha256 in made.clips.values()} == {64}
    again = read_vote_run(tmp_path / "out")
    assert (again.clips, again.leakage, again.failures) == (made.clips, made.leakage, made.failures)
    remarks: list[str] = []
    tone(tmp_path / "3.wav", seconds=0.3, hertz=999)
    other = run_votes(
        RunRequest(str(path), ("loudness", "random"), resampling=FEW, out=tmp_path / "out"), remark=remarks.append
    )
    assert other.clips["3.wav"] != made.clips["3.wav"]


def test_leakage_of_trained_metrics_is_recorded(tmp_path: Path) -> None:
    captions = ["a dog barks", "rain falls", "a car passes"]
    votes = tmp_path / "votes.csv"
    rows = [f"{i % 3}.wav,{captions[i % 3]},something else {i},a,L{i}" for i in range(9)]
    votes.write_text("audio_path,text_a,text_b,choice,listener_id\n" + "\n".join(rows) + "\n", encoding="utf-8")
    dataset = load_voted(str(votes))
    part = {"captions": ["A dog barks."], "clips": {}, "listeners": ["L4"]}
    training = {"data": [{"name": "mine", "parts": {"train": part}}]}
    (found,) = find_leakage("m", training, dataset)
    assert [len(item.shared or ()) for item in found.items] == [1, 0, 1]
    assert found.n_affected == 1
    nameless = tmp_path / "nameless.csv"
    nameless.write_text("audio_path,text_a,text_b,choice\n0.wav,a dog barks,rain,a\n", encoding="utf-8")
    part["listeners"] = ["1"]
    (found,) = find_leakage("m", training, load_voted(str(nameless)))
    assert found.items[2].n_tested == 0, "listeners without names are no listeners that training knows"


def test_a_run_that_was_cut_off_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_votes(tmp_path / "votes.csv")
    request = RunRequest(str(path), ("caption-length", "random"), resampling=FEW, out=tmp_path / "out")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("bench.runs.votes.analyse_votes", killed)
        with pytest.raises(KeyboardInterrupt):
            run_votes(request)
    assert not is_vote_run(tmp_path / "out")
    remarks: list[str] = []
    run_votes(request, remark=remarks.append)
    assert remarks == ["nothing was scored: kept from an earlier start: caption-length, random"]
    whole = run_votes(replace(request, out=tmp_path / "whole"))
    assert read_vote_run(tmp_path / "out").analysis == whole.analysis


def test_a_run_is_made_again(tmp_path: Path, bench: Bench) -> None:
    votes = write_votes(tmp_path / "votes.csv")
    options = ("--resamples", 49, "--permutations", 49)
    made = bench("run", "--dataset", votes, "--metrics", "caption-length,random", "--out", tmp_path / "own", *options)
    assert made.status == 0
    packaged = ("--dataset", "brace:clotho", "--scores-from", "recovered-clap")
    assert bench("run", *packaged, "--out", tmp_path / "brace", *options).status == 0
    for name in ("own", "brace"):
        again = bench("reproduce", tmp_path / name, "--out", tmp_path / f"{name}-again")
        assert again.status == 0, again.err
        assert "Other files: none" in again.out
        assert "estimate or an end of an interval: 0\n" in again.out
    edited = (tmp_path / "own" / "scores.csv").read_text().replace(",6.0,", ",7.0,")
    (tmp_path / "own" / "scores.csv").write_text(edited)
    changed = bench("reproduce", tmp_path / "own", "--out", tmp_path / "third")
    assert changed.status == 1
    assert "is not reproduced" in changed.err


def test_files_that_were_added_or_changed_are_found(run_: VoteRun, bench: Bench) -> None:
    (run_.folder / "verdict.json").write_text("[]")
    (run_.folder / "clips.json").write_text("{}")
    found = bench("verify", run_.folder)
    assert found.status == 1
    assert "verdict.json was changed" in found.out
    assert "clips.json was added" in found.out
    assert "warning: Not all files are as the run wrote them" in bench("report", run_.folder).err


def test_a_run_is_the_same_twice_and_goes_where_it_was(run_: VoteRun, tmp_path: Path) -> None:
    again = run_votes(
        RunRequest(str(tmp_path / "votes.csv"), ("caption-length", "random"), resampling=FEW, out=run_.folder)
    )
    assert again.analysis == run_.analysis
    first, second = (dict(one.manifest.outputs) for one in (run_, again))
    del first["report.md"], second["report.md"]  # it says when it was made
    assert first == second
