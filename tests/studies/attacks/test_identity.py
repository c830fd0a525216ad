"""Clips are replaced under their names: before a job is resumed, between two metrics, between two runs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from bench.files import workspace
from metrics import audio, heard
from tests.commands import Bench
from tests.studies.attacks.conftest import N_CLIPS, write_clips

ROOT = Path(__file__).parents[3]
SCORE = ("score", "pairs.csv", "--out", "o", "--shard-size", "4", "--json", "--metrics")
RUN = ("run", "--dataset", "rated.csv", "--resamples", "99", "--no-store", "--metrics")
HEARS_BY_ITSELF = """
import numpy, soundfile
from metrics.types import ScorerSpec
class Peak:
    spec = ScorerSpec("peak")
    def score(self, pairs):
        return numpy.array([len(soundfile.read(pair.audio_path)[0]) / 16000.0 for pair in pairs])
def make(argument, options):
    return Peak()
"""


def mean_of(result: object) -> float:
    return float(json.loads(result.out)["means"][0]["mean"])  # type: ignore[attr-defined]


def touch(moment: float = 1_700_000_000) -> None:
    """Give every clip another time, and leave its content."""
    for k in range(N_CLIPS):
        os.utime(f"{k}.wav", (moment, moment))


class Reads:
    """Counts the bytes of clips that are read in this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.n_clips = 0
        read = audio.read_bytes

        def counted(path: Path) -> bytes:
            self.n_clips += 1
            return read(path)

        monkeypatch.setattr(audio, "read_bytes", counted)


# bench score


@pytest.mark.usefixtures("unrated")
@pytest.mark.parametrize("metric", ["duration", pytest.param("tiny", marks=pytest.mark.slow), "own.py:make"])
def test_score_follows_clips_that_were_replaced(bench: Bench, metric: str) -> None:
    Path("own.py").write_text(HEARS_BY_ITSELF, encoding="utf-8")
    first = bench(*SCORE, metric)
    write_clips(0.5)
    again = bench(*SCORE, metric)
    assert again.status == 0, again.err
    assert mean_of(again) != mean_of(first)
    assert "3 of 3 shards are scored again: their clips are not those that they were scored from" in again.err
    shutil.rmtree("o")
    assert mean_of(again) == mean_of(bench(*SCORE, metric))


@pytest.mark.usefixtures("unrated")
def test_only_shards_of_other_clips_are_scored_again(bench: Bench) -> None:
    bench(*SCORE, "duration")
    kept = {name: Path("o", name).stat().st_mtime_ns for name in ("shard-00000.parquet", "shard-00002.parquet")}
    write_clips(0.5, range(5, 6))
    result = bench(*SCORE, "duration")
    assert "1 of 3 shards are scored again" in result.err
    assert "2 of 3 shards were there, 1 was scored" in result.err
    assert {name: Path("o", name).stat().st_mtime_ns for name in kept} == kept
    assert mean_of(result) == pytest.approx((11 * 0.3 + 0.5) / 12)


@pytest.mark.usefixtures("unrated")
def test_the_same_content_at_another_time_is_the_same_clip(bench: Bench) -> None:
    first = bench(*SCORE, "duration")
    touch()
    again = bench(*SCORE, "duration")
    assert "nothing was scored: all 3 shards were there" in again.err
    assert mean_of(again) == mean_of(first)
    assert "were there" not in first.err


@pytest.mark.usefixtures("unrated")
def test_a_clip_that_was_missing_and_came_is_scored(bench: Bench) -> None:
    Path("7.wav").rename("away")
    assert bench(*SCORE, "duration").status == 3
    Path("away").rename("7.wav")
    again = bench(*SCORE, "duration")
    assert again.status == 0
    assert "1 of 3 shards are scored again" in again.err


@pytest.mark.usefixtures("unrated")
def test_unchanged_clips_are_not_read_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heard, "YOUNG_NS", 0)
    reads = Reads(monkeypatch)
    bench(*SCORE, "duration")
    assert reads.n_clips == N_CLIPS
    assert "nothing was scored" in bench(*SCORE, "duration").err
    assert reads.n_clips == N_CLIPS
    touch()
    assert "nothing was scored" in bench(*SCORE, "duration").err
    assert reads.n_clips == 2 * N_CLIPS


@pytest.mark.usefixtures("unrated")
def test_scores_that_need_no_audio_read_none(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = Reads(monkeypatch)
    bench(*SCORE, "random,caption-length")
    write_clips(0.5)
    assert "nothing was scored: all 3 shards were there" in bench(*SCORE, "random,caption-length").err
    assert reads.n_clips == 0


@pytest.mark.usefixtures("unrated")
def test_a_shard_of_an_older_version_is_scored_again(bench: Bench) -> None:
    first = bench(*SCORE, "duration")
    shard = Path("o/shard-00001.parquet")
    table = pq.read_table(shard)
    facts = json.loads(table.schema.metadata[b"clap_bench"])
    older = {name: facts[name] for name in ("plan", "shard", "notes")}
    pq.write_table(table.replace_schema_metadata({b"clap_bench": json.dumps(older)}), shard)
    again = bench(*SCORE, "duration")
    assert "1 of 3 shards are scored again: an older version wrote them, without noting their clips" in again.err
    assert mean_of(again) == mean_of(first)


@pytest.mark.usefixtures("unrated")
def test_clips_replaced_between_two_metrics_of_a_shard_end_the_job(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace_after(monkeypatch, "duration")
    result = bench(*SCORE, "duration,loudness")
    assert result.status == 1
    assert "changed while" in result.err
    again = bench(*SCORE, "duration,loudness")
    assert again.status == 0, again.err
    assert mean_of(again) == pytest.approx(0.5)


@pytest.mark.usefixtures("unrated")
def test_clips_replaced_between_two_shards_end_the_job(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    replace_after(monkeypatch, "duration")
    result = bench(*SCORE, "duration")
    assert result.status == 1
    assert "1 of 3 shards" in result.err
    again = bench(*SCORE, "duration")
    assert "2 of 3 shards were there, 1 was scored" in again.err
    assert mean_of(again) == pytest.approx(0.5)


def replace_after(monkeypatch: pytest.MonkeyPatch, metric: str) -> None:
    """Replace all clips when a metric has scored for the first time."""
    from metrics.baselines import AudioBaseline

    score = AudioBaseline.score
    done: list[str] = []

    def score_and_replace(self: AudioBaseline, pairs: object) -> object:
        answer = score(self, pairs)  # type: ignore[arg-type]
        if self.spec.name == metric and not done:
            done.append(metric)
            write_clips(0.5)
        return answer

    monkeypatch.setattr(AudioBaseline, "score", score_and_replace)


# bench run

CUT_OFF = """
import sys
from bench.files import workspace
keep = workspace.save_outcome
def keep_and_end(folder, pairs, metric, *rest):
    keep(folder, pairs, metric, *rest)
    sys.exit(9)
workspace.save_outcome = keep_and_end
from bench.cli import main
sys.argv[0] = "bench"
main()
"""


def cut_off_run(*arguments: str) -> None:
    """Start a run that ends as soon as its first metric is kept."""
    command = [sys.executable, "-c", CUT_OFF, *arguments]
    ended = subprocess.run(command, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, check=False)
    assert ended.returncode == 9, ended.stderr.decode()


def cut_off_here(bench: Bench, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    """The same in this process, in a moment."""
    keep = workspace.save_outcome

    def keep_and_end(*of: object) -> None:
        keep(*of)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(workspace, "save_outcome", keep_and_end)
        assert bench(*arguments).status != 0


@pytest.mark.usefixtures("rated")
@pytest.mark.parametrize("metric", ["duration", "own.py:make"])
def test_a_resumed_run_scores_other_clips_again(bench: Bench, monkeypatch: pytest.MonkeyPatch, metric: str) -> None:
    Path("own.py").write_text(HEARS_BY_ITSELF, encoding="utf-8")
    arguments = (*RUN, f"{metric},loudness", "--out", "r")
    cut_off_here(bench, monkeypatch, *arguments)
    write_clips(0.5)
    result = bench(*arguments)
    assert result.status == 0, result.err
    assert f"{metric} is scored again: 12 of 12 clips are not those that it was scored from" in result.err
    assert set(pd.read_csv("r/scores.csv")[metric]) == {0.5}
    bench(*RUN, f"{metric},loudness", "--out", "fresh")
    assert Path("r/scores.csv").read_bytes() == Path("fresh/scores.csv").read_bytes()
    assert Path("r/clips.json").read_bytes() == Path("fresh/clips.json").read_bytes()


@pytest.mark.slow
@pytest.mark.usefixtures("rated")
def test_a_killed_run_scores_other_clips_again(bench: Bench) -> None:
    arguments = (*RUN, "tiny,loudness", "--out", "r")
    cut_off_run(*arguments)
    write_clips(0.5)
    assert bench(*arguments).status == 0
    bench(*RUN, "tiny,loudness", "--out", "fresh")
    assert Path("r/scores.csv").read_bytes() == Path("fresh/scores.csv").read_bytes()


@pytest.mark.usefixtures("rated")
def test_a_resumed_run_says_what_it_kept(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = (*RUN, "duration,loudness,random", "--out", "r")
    cut_off_here(bench, monkeypatch, *arguments)
    touch()
    result = bench(*arguments)
    assert result.status == 0, result.err
    assert "kept from an earlier start: duration; scored now: loudness, random" in result.err
    assert "scored again" not in result.err
    assert "earlier start" not in bench(*RUN, "duration", "--out", "other").err


@pytest.mark.usefixtures("rated")
def test_a_run_of_which_all_was_kept_says_so(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = (*RUN, "duration", "--out", "r")
    cut_off_here(bench, monkeypatch, *arguments)
    assert "nothing was scored: kept from an earlier start: duration" in bench(*arguments).err


@pytest.mark.usefixtures("rated")
def test_what_an_older_version_kept_is_scored_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = (*RUN, "duration", "--out", "r")
    cut_off_here(bench, monkeypatch, *arguments)
    [noted] = Path("r/.partial").glob("*/heard.json")
    noted.unlink()
    assert "duration is scored again: the clips that it was scored from were not noted" in bench(*arguments).err


@pytest.mark.usefixtures("rated")
def test_clips_replaced_between_two_metrics_end_the_run(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    replace_after(monkeypatch, "duration")
    arguments = (*RUN, "duration,loudness", "--out", "r")
    result = bench(*arguments)
    assert result.status == 1
    assert "12 clips changed while they were scored (first: 0.wav)" in result.err
    assert not Path("r/manifest.json").exists()
    again = bench(*arguments)
    assert again.status == 0, again.err
    assert "kept from an earlier start: loudness; scored now: duration" in again.err
    assert set(pd.read_csv("r/scores.csv")["duration"]) == {0.5}


@pytest.mark.slow
@pytest.mark.usefixtures("rated")
def test_reproduce_says_that_and_how_many_clips_differ(bench: Bench) -> None:
    bench(*RUN, "loudness", "--out", "r")
    assert "- nothing" in bench("reproduce", "r", "--out", "same").out
    write_clips(0.5, range(5))
    result = bench("reproduce", "r", "--out", "again")
    assert result.status == 1
    assert "- clips: 12 read → 12 read, 5 of the 12 in both with other content (first: 0.wav)" in result.out
    facts = json.loads(bench("reproduce", "r", "--out", "third", "--json").out)
    assert [change["what"] for change in facts["changes"]] == ["clips"]
    assert "5 of the 12" in bench("compare", "r", "again").out


@pytest.mark.usefixtures("rated")
def test_the_manifest_has_one_digest_of_all_clips(bench: Bench) -> None:
    bench(*RUN, "loudness", "--out", "r")
    touch()
    bench(*RUN, "loudness,random", "--out", "touched")
    digests = [json.loads(Path(run, "manifest.json").read_text())["clips"] for run in ("r", "touched")]
    assert digests[0] == digests[1]
    assert digests[0]["n_clips"] == N_CLIPS
    write_clips(0.5, range(1))
    bench(*RUN, "loudness", "--out", "other")
    assert json.loads(Path("other/manifest.json").read_text())["clips"]["sha256"] != digests[0]["sha256"]


@pytest.mark.usefixtures("rated")
def test_scores_from_files_need_no_audio(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("s.csv").write_text("pair_id,score\n" + "".join(f"p{k},{k / 20}\n" for k in range(N_CLIPS)))
    for k in range(N_CLIPS):
        Path(f"{k}.wav").unlink()
    reads = Reads(monkeypatch)
    result = bench(*RUN[:-1], "--scores", "s=s.csv", "--out", "r")
    assert result.status == 0, result.err
    assert reads.n_clips == 0
    assert not Path("r/clips.json").exists()
    assert bench("reproduce", "r", "--out", "again").status == 0


@pytest.mark.slow
@pytest.mark.usefixtures("rated")
def test_older_runs_without_clips_are_read(bench: Bench) -> None:
    bench(*RUN, "loudness", "--out", "r")
    manifest = json.loads(Path("r/manifest.json").read_text())
    del manifest["clips"], manifest["outputs"]["clips.json"]
    Path("r/manifest.json").write_text(json.dumps(manifest))
    Path("r/clips.json").unlink()
    report = bench("report", "r")
    assert (report.status, report.err) == (0, "")
    result = bench("reproduce", "r", "--out", "again")
    assert result.status == 0, result.err
    assert "- clips: not noted → 12 read" in result.out


def test_both_hearing_and_outcome_know_a_clip_that_changed_in_between() -> None:
    write_clips(names=range(1))
    with heard.listening() as clips:
        audio.identify(Path("0.wav"))
        write_clips(0.5, range(1))
        audio.load(Path("0.wav"))
    assert clips == {Path("0.wav"): heard.ClipState(None, None)}
