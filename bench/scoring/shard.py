"""Scores one shard: rows in, a Parquet file out.

``shard-00000.parquet`` has one row a pair, in the order of the input: ``row`` (from 0, of the input), ``pair_id``,
``system``, and for each metric ``score:NAME``, ``cosine:NAME`` (before the clamp of Eq. 1; null for metrics that have
none) and ``failure:NAME``: null, or why ``score:NAME`` is null. A shard is there whole or not at all, and the same
whoever computes it, so computing one twice does no harm. Its metadata name the plan and the clips that were read
(`bench.files.clips.facts_of`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bench.datasets.captions import caption_id_of
from bench.files.clips import facts_of, listen_to, merge
from bench.scoring import parquet
from bench.scoring.plan import ScoringJob
from bench.scoring.source import Shard, SourceRow, read_shard
from metrics.errors import DataError
from metrics.plugins.contract import checked_scores
from metrics.registry import make_scorers
from metrics.types import AudioTextPair, PairScores, Scorer

if TYPE_CHECKING:
    import pyarrow as pa


class ShardScorer:
    """Holds the scorers of a job and scores its shards, one call a shard.

    Raises:
        UnavailableError: a metric cannot run here.
        DataError: a metric here is not the one that the plan names: another checkpoint, or other packages.
    """

    def __init__(self, job: ScoringJob, scorers: Mapping[str, Scorer] | None = None) -> None:
        self._job = job
        names = [one.metric for one in job.plan.metrics]
        self._scorers = make_scorers(names, job.options) if scorers is None else scorers
        for one in job.plan.metrics:
            found = self._scorers[one.metric].spec.signature()
            if found != one.signature:
                raise DataError(
                    f"metric {one.metric!r} is {found} here, the job was begun with {one.signature}; "
                    "give every machine the same packages and checkpoints"
                )

    def score(self, shard: Shard) -> None:
        """Score the pairs of a shard and write its file."""
        rows = read_shard(self._job.source, shard)
        pairs = make_pairs(rows, Path(self._job.plan.audio_root), shard)
        answers = {metric: listen_to(scorer, pairs) for metric, scorer in self._scorers.items()}
        heard = merge(clips for _, clips in answers.values())
        outcomes = {metric: checked_scores(metric, answer, pairs) for metric, (answer, _) in answers.items()}
        notes = {metric: outcome.notes for metric, outcome in outcomes.items() if outcome.notes}
        clips = facts_of(heard[path] for path in clips_of(pairs) if path in heard)
        facts = {"plan": self._job.fingerprint, "shard": shard.index, "notes": notes, "clips": clips}
        parquet.write_table(_table(shard, rows, pairs, outcomes), self._job.shard_path(shard), facts)


def make_pairs(rows: Sequence[SourceRow], audio_root: Path, shard: Shard) -> list[AudioTextPair]:
    """Return the pairs of a shard. Without a pair_id they are named as ``bench run`` names them.

    Raises:
        DataError: two pairs of the shard have one pair_id. (Shards do not know of each other's.)
    """
    pairs = [
        AudioTextPair(
            row.pair_id or f"{row.audio_path}#{caption_id_of(row.text)}", audio_root / row.audio_path, row.text
        )
        for row in rows
    ]
    first: dict[str, int] = {}
    for place, pair in enumerate(pairs):
        before = first.setdefault(pair.pair_id, place)
        if pairs[before] != pair:
            raise DataError(
                f"pair_id {pair.pair_id!r} is that of rows {shard.first_row + before} and {shard.first_row + place} "
                "(counted from 0), which differ; give each pair its own, or leave the column out"
            )
    return pairs


def clips_of(pairs: Iterable[AudioTextPair]) -> list[Path]:
    """Return the paths of the clips of some pairs, each once, in their order."""
    return list(dict.fromkeys(pair.audio_path for pair in pairs))


def _table(
    shard: Shard, rows: Sequence[SourceRow], pairs: Sequence[AudioTextPair], outcomes: Mapping[str, PairScores]
) -> pa.Table:
    import pyarrow as pa

    columns: dict[str, pa.Array] = {
        "row": pa.array(np.arange(shard.first_row, shard.first_row + shard.n_rows)),
        "pair_id": pa.array([pair.pair_id for pair in pairs], pa.string()),
        "system": pa.array([row.system for row in rows], pa.string()),
    }
    for metric, outcome in outcomes.items():
        reasons = {failure.pair_id: failure.reason for failure in outcome.failures}
        cosines = np.full(len(rows), np.nan) if outcome.cosines is None else outcome.cosines
        columns[f"score:{metric}"] = pa.array(outcome.scores, pa.float64(), from_pandas=True)  # NaN becomes null
        columns[f"cosine:{metric}"] = pa.array(cosines, pa.float64(), from_pandas=True)
        columns[f"failure:{metric}"] = pa.array([reasons.get(pair.pair_id) for pair in pairs], pa.string())
    return pa.table(columns)
