"""Scores of all metrics of a run: computed, kept from an earlier start, or taken from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from bench.analysis.leakage import Leakage, leakage_of
from bench.datasets.types import Tested
from bench.files.clips import Contents
from bench.files.scores import ScoreTable
from bench.runs.external import ExternalScores
from bench.runs.outcomes import outcomes_of
from metrics.registry import make_scorers
from metrics.types import ProgressCallback, RemarkCallback, ScorerOptions


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
    external: ExternalScores,
    folder: Path,
    progress: ProgressCallback,
    remark: RemarkCallback,
) -> Scored:
    """Score the pairs; metrics whose outcome ``folder`` keeps are not run again.

    Args:
        metrics, options: which scorers, and how they run.
        dataset: what they are tested on.
        pairs: the same as `ScoreTable` holds them.
        external: scores that were computed elsewhere.
        folder: of the run.
        progress, remark: see `bench.runs.run.run_benchmark`.
    """
    scorers = make_scorers(metrics, options, progress)
    signatures = {metric: scorer.spec.signature() for metric, scorer in scorers.items()} | external.signatures
    found = outcomes_of(scorers, dataset, pairs, folder, remark)
    outcomes = dict(found.scores) | external.outcomes
    table = ScoreTable(
        pairs,
        {metric: outcome.scores for metric, outcome in outcomes.items()},
        {metric: outcome.cosines for metric, outcome in outcomes.items() if outcome.cosines is not None},
        {metric: outcome.failures for metric, outcome in outcomes.items()},
    )
    notes = {metric: outcome.notes for metric, outcome in outcomes.items() if outcome.notes}
    return Scored(table, signatures, external.digests, notes, leakage_of(scorers, dataset), found.clips)
