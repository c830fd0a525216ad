"""The files of a job of ``bench score``."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from bench.files.checksums import read_sums, write_sums
from bench.files.csvfile import read_csv
from bench.files.records import from_plain
from bench.scoring import parquet
from bench.scoring.plan import MetricSignature, ScoringJob, ScoringPlan, _settle, read_plan
from bench.scoring.shard import _table as table_of_shard
from bench.scoring.source import Shard, SourceRow
from bench.scoring.summary import FAILURES_NAME, SUMMARY_NAME, ScoringSummary, summarise
from metrics.files import read_json, sha256_of_file
from metrics.types import AudioTextPair, PairScores, ScoreFailure, ScorerOptions
from tests.studies.round_trips.draw import Draw
from tests.studies.round_trips.runs import ROWS, Trips

MOST = 1e100
"""Of a score: squares of larger ones are infinite, and infinite means are null in summary.json."""


def scoring_plans(draw: Draw, place: Path) -> Trips:
    metrics = tuple(draw.values(MetricSignature, ROWS))
    shards = tuple(Shard(*row) for row in draw.rng.integers(2**62, size=(ROWS, 4)).tolist())
    written = ScoringPlan(*draw.texts(2, bytes_=True), 1, metrics, shards)
    out = place / "plan"
    out.mkdir()
    _settle(written, out)
    found = read_plan(out)
    yield "bench score: plan.json, metrics", list(metrics), list(found.metrics)
    yield "bench score: plan.json, shards", list(shards), list(found.shards)


def shards(draw: Draw, place: Path) -> Trips:
    metric = draw.metric_names(1)[0]
    pairs = [AudioTextPair(pair_id, Path("a"), "b") for pair_id in draw.unique(ROWS)]
    systems = [text or None for text in draw.texts(ROWS)]
    scores, cosines = (draw.floats(ROWS, nan=True) for _ in range(2))
    scores[np.abs(scores) > MOST] = 0.25
    failures = [ScoreFailure(pair.pair_id, reason) for pair, reason in zip(pairs, draw.texts(ROWS), strict=True)]
    source = [SourceRow("a", "b", system, pair.pair_id) for system, pair in zip(systems, pairs, strict=True)]
    notes = dict(zip(draw.unique(ROWS, bytes_=True), draw.texts(ROWS, bytes_=True), strict=True))
    shard = Shard(0, 0, ROWS)
    plan = ScoringPlan("0", "/", ROWS, (MetricSignature(metric, metric),), (shard,))
    job = ScoringJob(place / "pairs.csv", place, plan, plan.fingerprint(), ScorerOptions())
    table = table_of_shard(shard, source, pairs, {metric: PairScores(scores, cosines, tuple(failures))})
    parquet.write_table(table, job.shard_path(shard), {"notes": notes})

    facts, found = parquet.read_table(job.shard_path(shard))
    names = ("pair_id", "system", f"score:{metric}", f"cosine:{metric}", f"failure:{metric}")
    read = zip(*(found.column(name).to_numpy(zero_copy_only=False).tolist() for name in names), strict=True)
    rows = zip(
        [pair.pair_id for pair in pairs], systems, scores.tolist(), cosines.tolist(),
        [failure.reason for failure in failures], strict=True,
    )  # fmt: skip
    yield "bench score: shards", list(rows), list(read)
    yield "bench score: metadata of shards", list(notes.items()), list(facts["notes"].items())

    summary = summarise(job, notes)
    read_back: ScoringSummary = from_plain(ScoringSummary, read_json(place / SUMMARY_NAME))
    yield "bench score: summary.json", list(summary.means), list(read_back.means)
    failed = read_csv(place / FAILURES_NAME, ("row", "pair_id", "metric", "reason")).rows
    expected = [(k, failure.pair_id, metric, failure.reason) for k, failure in enumerate(failures)]
    found_failed = [(int(row["row"]), row["pair_id"], row["metric"], row["reason"]) for row in failed]
    yield "bench score: failures.csv", expected, found_failed


def sums(draw: Draw, place: Path) -> Trips:
    names = [name.replace("\n", "") for name in draw.file_names(ROWS, bytes_=False)]
    folder = place / "sums"
    folder.mkdir()
    for name in names:
        (folder / name).write_text(name)
    written = {name: sha256_of_file(folder / name) for name in names}
    write_sums(folder, names)
    yield "bench score: SHA256SUMS", list(written.items()), list(read_sums(folder).items())
    shutil.rmtree(folder)


TRIPS = (scoring_plans, shards, sums)
