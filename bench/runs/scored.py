"""Scores of all metrics of a run: computed, kept from an earlier start, or read from files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float

from bench.analysis.leakage import Leakage, leakage_of
from bench.datasets.types import Tested
from bench.files.clips import Contents
from bench.files.manifest import external_signature
from bench.files.scores import ScoreTable
from bench.runs.outcomes import outcomes_of
from metrics.files import sha256_of_file
from metrics.registry import make_scorers
from metrics.types import PairScores, ProgressCallback, RemarkCallback, ScorerOptions

Values = Float[np.ndarray, " pairs"]


@dataclass(frozen=True)
class FromFiles:
    """Scores that were computed elsewhere, by metric, with signatures and hashes of their files."""

    scores: Mapping[str, Values] = field(default_factory=dict)
    signatures: Mapping[str, str] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, files: Mapping[str, Path], read: Callable[[Path], Values]) -> FromFiles:
        """Read the files that ``--scores`` names."""
        scores = {name: read(path) for name, path in files.items()}
        digests = {name: sha256_of_file(path) for name, path in files.items()}
        return cls(scores, {name: external_signature(name, digest) for name, digest in digests.items()}, digests)

    def joined(self, other: FromFiles) -> FromFiles:
        """Return both; no metric is in both."""
        return FromFiles(
            {**self.scores, **other.scores},
            {**self.signatures, **other.signatures},
            {**self.digests, **other.digests},
        )


@dataclass(frozen=True)
class Scored:
    """What the scorers gave: scores of all metrics, and signatures and notes by metric.

    Attributes:
        external: see `bench.files.manifest.RunManifest`.
        leakage: what trained metrics were shown of the pairs.
        clips: what was read of the clips.
    """

    table: ScoreTable
    signatures: Mapping[str, str]
    external: Mapping[str, str]
    notes: Mapping[str, tuple[str, ...]]
    leakage: tuple[Leakage, ...]
    clips: Contents


def score(
    metrics: Sequence[str],
    options: ScorerOptions,
    dataset: Tested,
    pairs: pd.DataFrame,
    given: FromFiles,
    folder: Path,
    progress: ProgressCallback,
    remark: RemarkCallback,
) -> Scored:
    """Score the pairs; metrics whose outcome ``folder`` keeps are not run again.

    Args:
        metrics, options: which scorers, and how they run.
        dataset: what they are tested on.
        pairs: the same as `ScoreTable` holds them.
        given: scores that were computed elsewhere.
        folder: of the run.
        progress, remark: see `bench.runs.run.run_benchmark`.
    """
    scorers = make_scorers(metrics, options, progress)
    signatures = {metric: scorer.spec.signature() for metric, scorer in scorers.items()} | dict(given.signatures)
    found = outcomes_of(scorers, dataset, pairs, folder, remark)
    outcomes = dict(found.scores) | {name: PairScores(values) for name, values in given.scores.items()}
    table = ScoreTable(
        pairs,
        {metric: outcome.scores for metric, outcome in outcomes.items()},
        {metric: outcome.cosines for metric, outcome in outcomes.items() if outcome.cosines is not None},
        {metric: outcome.failures for metric, outcome in outcomes.items()},
    )
    notes = {metric: outcome.notes for metric, outcome in outcomes.items() if outcome.notes}
    return Scored(table, signatures, given.digests, notes, leakage_of(scorers, dataset), found.clips)
