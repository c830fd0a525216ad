"""Which of the shards that are there stand: whole, of this job, and scored from the clips that are there now.

One that was scored from other clips is removed, and so becomes one that is missing. It is removed under its claim
(`bench.scoring.work`), so that of several processes none removes what another has just written.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bench.files.clips import are_still
from bench.scoring import parquet
from bench.scoring.plan import ScoringJob
from bench.scoring.shard import clips_of, make_pairs
from bench.scoring.source import Shard, read_shard
from bench.scoring.work import claimed
from metrics.errors import ClapBenchError, DataError
from metrics.types import RemarkCallback

OTHER_CLIPS = "their clips are not those that they were scored from"
NOT_NOTED = "an older version wrote them, without noting their clips"


def discard_fallen(job: ScoringJob, remark: RemarkCallback) -> None:
    """Remove the shards that do not stand, and say how many and why.

    Raises:
        DataError: a shard is damaged, or of another job.
    """
    removed = [reason for shard, reason in _fallen(job) if _discard(job, shard)]
    for reason in (OTHER_CLIPS, NOT_NOTED):
        if n := removed.count(reason):
            remark(f"{n:,} of {len(job.plan.shards):,} shards are scored again: {reason}")


def refuse_fallen(job: ScoringJob) -> None:
    """Raise `ClapBenchError` if clips changed since their shards were written."""
    if n := sum(1 for _ in _fallen(job)):
        raise ClapBenchError(
            f"the clips of {n:,} of {len(job.plan.shards):,} shards changed while they were scored; leave them alone "
            "and start the same command again: only these are scored again"
        )


def _fallen(job: ScoringJob) -> Iterator[tuple[Shard, str]]:
    for shard in job.plan.shards:
        if job.shard_path(shard).exists() and (reason := _why_fallen(job, shard)):
            yield shard, reason


def _why_fallen(job: ScoringJob, shard: Shard) -> str | None:
    facts = _facts_of(job, shard)
    if "clips" not in facts:
        return NOT_NOTED
    if not facts["clips"]["n"]:
        return None
    pairs = make_pairs(read_shard(job.source, shard), Path(job.plan.audio_root), shard)
    return None if are_still(facts["clips"], clips_of(pairs)) else OTHER_CLIPS


def _discard(job: ScoringJob, shard: Shard) -> bool:
    """Remove a shard if it is still there and has still fallen, and nobody else is at it."""
    path = job.shard_path(shard)
    with claimed(job, shard) as mine:
        fallen = mine and path.exists() and _why_fallen(job, shard) is not None
        if fallen:
            path.unlink()
    return fallen


def _facts_of(job: ScoringJob, shard: Shard) -> parquet.Facts:
    path = job.shard_path(shard)
    facts, table = parquet.read_table(path)
    if facts.get("plan") != job.fingerprint or table.num_rows != shard.n_rows:
        raise DataError(f"{path} is not of this job; remove it to have it computed again")
    return facts
