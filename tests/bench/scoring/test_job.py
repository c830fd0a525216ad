"""A job gives the scores of ``bench run``, goes on where it stopped, and belongs to one plan."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from bench.datasets.adapters.custom import load_custom
from bench.files.checksums import SUMS_NAME
from bench.scoring.engines import local
from bench.scoring.job import ScoringRequest, score_pairs
from bench.scoring.summary import FAILURES_NAME, SUMMARY_NAME
from metrics.errors import ClapBenchError, DataError, UsageError
from metrics.registry import make_scorer
from metrics.types import ScorerOptions
from tests.bench.scoring.pairs import request_for, rows_of, scores_of, write_clips, write_pairs

ROOT = Path(__file__).parents[3]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    write_clips(tmp_path)
    return write_pairs(tmp_path / "pairs.csv", rows_of(30))


def test_scores_are_those_of_the_scorer(source: Path, tmp_path: Path) -> None:
    rated = write_pairs(
        tmp_path / "rated.csv", [(a, t, "5") for a, t, _ in rows_of(30)], ("audio_path", "text", "rating")
    )
    by_text = {one.pair.caption: one.pair for one in load_custom(rated).pairs}
    pairs = [by_text[text] for _, text, _ in rows_of(30)]
    score_pairs(request_for(source, tmp_path / "out", "tiny,random"))
    table = scores_of(tmp_path / "out")
    assert table.column("row").to_pylist() == list(range(30))
    assert table.column("pair_id").to_pylist() == [pair.pair_id for pair in pairs]
    assert table.column("system").to_pylist() == [system or None for _, _, system in rows_of(30)]
    tiny = make_scorer("tiny", ScorerOptions()).score(pairs)
    np.testing.assert_allclose(table.column("score:tiny").to_numpy(), tiny.scores, atol=1e-6)
    np.testing.assert_allclose(table.column("cosine:tiny").to_numpy(), tiny.cosines, atol=1e-6)
    assert np.array_equal(table.column("score:random"), make_scorer("random", ScorerOptions()).score(pairs).scores)
    assert table.column("cosine:random").null_count == 30


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_summary_is_of_all_pairs_and_of_each_system(tmp_path: Path, kind: str) -> None:
    source = write_pairs(tmp_path / f"pairs.{kind}", rows_of(30))
    summary = score_pairs(request_for(source, tmp_path / "out"))
    table = scores_of(tmp_path / "out").to_pandas()
    by_system = {mean.system: mean for mean in summary.means}
    assert list(by_system) == [None, "alpha", "beta"]
    assert by_system[None].mean == pytest.approx(table["score:random"].mean(), rel=1e-12)
    alpha = table[table.system == "alpha"]["score:random"]
    assert by_system["alpha"].n_pairs == 10
    assert (by_system["alpha"].mean, by_system["alpha"].sd) == pytest.approx((alpha.mean(), alpha.std()), rel=1e-12)
    assert (summary.n_pairs, summary.n_shards, summary.n_failures) == (30, 4, 0)


def test_failures_are_listed_with_their_reasons_and_counted(source: Path, tmp_path: Path) -> None:
    (tmp_path / "1.wav").unlink()
    (tmp_path / "2.wav").write_bytes(b"noise")
    summary = score_pairs(request_for(source, tmp_path / "out", "loudness,random"))
    table = scores_of(tmp_path / "out").to_pandas()
    failed = table["failure:loudness"].notna()
    assert set(table[failed].row % 6) == {1, 2}
    assert table["score:loudness"].isna().equals(failed)
    assert table["failure:random"].isna().all()
    with (tmp_path / "out" / FAILURES_NAME).open(newline="") as stream:
        listed = list(csv.DictReader(stream))
    assert [int(one["row"]) for one in listed] == list(table[failed].row)
    assert [one["reason"] for one in listed] == list(table[failed]["failure:loudness"])
    mean = next(one for one in summary.means if (one.system, one.metric) == (None, "loudness"))
    assert (mean.n_pairs, mean.n_failed, summary.n_failures) == (30, 10, 10)
    assert mean.mean == pytest.approx(table["score:loudness"].mean(), rel=1e-12)


def test_what_is_there_is_not_computed_again(source: Path, tmp_path: Path) -> None:
    request = request_for(source, tmp_path / "out")
    score_pairs(request)
    before = {path.name: path.read_bytes() for path in request.out.glob("shard-*")}
    (request.out / "shard-00002.parquet").unlink()
    kept = (request.out / "shard-00001.parquet").stat().st_mtime_ns
    score_pairs(request)
    assert {path.name: path.read_bytes() for path in request.out.glob("shard-*")} == before
    assert (request.out / "shard-00001.parquet").stat().st_mtime_ns == kept
    names = {path.name for path in request.out.iterdir()}
    assert names - before.keys() - {".lock"} == {"plan.json", SUMMARY_NAME, FAILURES_NAME, SUMS_NAME}


def test_another_plan_is_refused(source: Path, tmp_path: Path) -> None:
    request = request_for(source, tmp_path / "out")
    score_pairs(request)
    others: list[tuple[ScoringRequest, str]] = [
        (replace(request, shard_size=9), "shards of 8, not 9"),
        (replace(request, metrics=("caption-length",)), "metrics random.*, not caption-length"),
        (replace(request, scorer_options=ScorerOptions(seed=1)), "metrics random.seed:0, not random.seed:1"),
        (replace(request, audio_root=tmp_path / "elsewhere"), "audio under"),
    ]
    for other, message in others:
        with pytest.raises(UsageError, match=message):
            score_pairs(other)
    write_pairs(source, rows_of(31))
    with pytest.raises(UsageError, match="pairs with sha256"):
        score_pairs(request)


def test_a_folder_of_something_else_is_refused(source: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").write_text("")
    with pytest.raises(UsageError, match="not empty and holds no scores"):
        score_pairs(request_for(source, tmp_path / "out"))


def test_a_job_that_was_killed_before_its_plan_was_whole_starts_anew(source: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / ".plan.json.x.tmp").write_text('{"sha')
    assert score_pairs(request_for(source, tmp_path / "out")) is not None


def test_a_damaged_or_foreign_shard_is_refused(source: Path, tmp_path: Path) -> None:
    request = request_for(source, tmp_path / "out")
    score_pairs(request)
    shard = request.out / "shard-00000.parquet"
    whole = shard.read_bytes()
    shard.write_bytes(whole[:-20])
    with pytest.raises(DataError, match="not a Parquet file, or was cut off"):
        score_pairs(request)
    pq.write_table(pq.read_table(request.out / "shard-00001.parquet").replace_schema_metadata(None), shard)
    with pytest.raises(DataError, match="not of this job"):
        score_pairs(request)


def test_one_pair_id_for_two_pairs_is_refused(tmp_path: Path) -> None:
    path = write_pairs(tmp_path / "p.csv", [("x", "a", "1"), ("y", "b", "1")], ("audio_path", "text", "pair_id"))
    with pytest.raises(DataError, match="'1' is that of rows 0 and 1"):
        score_pairs(request_for(path, tmp_path / "out"))


def test_processes_give_the_same_files(source: Path, tmp_path: Path) -> None:
    alone = request_for(source, tmp_path / "alone", "loudness,random")
    summary = score_pairs(alone)
    shared = score_pairs(replace(alone, out=tmp_path / "shared", processes=2))
    assert scores_of(alone.out).equals(scores_of(tmp_path / "shared"))
    assert shared.means == summary.means


@pytest.mark.slow
def test_a_killed_worker_is_replaced_and_its_shard_done(tmp_path: Path) -> None:
    write_clips(tmp_path)
    many = write_pairs(tmp_path / "many.csv", rows_of(6000))
    request = request_for(many, tmp_path / "out", "loudness", size=100, processes=2)
    killed: list[int] = []

    def kill_one() -> None:
        while len(list(request.out.glob("shard-*"))) < 3:
            time.sleep(0.005)
        killed.append(next(child.pid for child in local.multiprocessing.active_children() if child.pid))
        os.kill(killed[0], signal.SIGKILL)

    killer = threading.Thread(target=kill_one, daemon=True)
    killer.start()
    summary = score_pairs(request)
    killer.join(1)
    assert killed
    assert scores_of(request.out).column("row").to_pylist() == list(range(6000))
    assert (summary.n_shards, summary.n_failures) == (60, 0)


def test_what_a_worker_meets_is_the_jobs_error(tmp_path: Path) -> None:
    path = write_pairs(tmp_path / "p.csv", [("x", "a", "1"), ("y", "b", "1")], ("audio_path", "text", "pair_id"))
    with pytest.raises(ClapBenchError, match="'1' is that of rows 0 and 1"):
        score_pairs(request_for(path, tmp_path / "out", processes=2))


def test_workers_that_always_die_end_the_job(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "_work", _die)
    with pytest.raises(ClapBenchError, match="workers died without finishing a shard"):
        score_pairs(request_for(source, tmp_path / "out", processes=2))


def _die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.slow
def test_a_command_that_is_killed_goes_on(tmp_path: Path) -> None:
    write_clips(tmp_path)
    many = write_pairs(tmp_path / "many.csv", rows_of(3000))
    out = tmp_path / "out"
    arguments = ["score", str(many), "--out", str(out), "--metrics", "loudness", "--shard-size", "50"]
    process = subprocess.Popen([sys.executable, "-m", "bench", *arguments], env=os.environ | {"PYTHONPATH": str(ROOT)})
    while len(list(out.glob("shard-*"))) < 2 and process.poll() is None:
        time.sleep(0.005)
    process.kill()
    process.wait()
    kept = {path: path.stat().st_mtime_ns for path in out.glob("shard-*")}
    assert 0 < len(kept) < 60
    score_pairs(request_for(many, out, "loudness", size=50))
    assert all(path.stat().st_mtime_ns == moment for path, moment in kept.items())
    assert scores_of(out).column("row").to_pylist() == list(range(3000))
