"""Scores that a run takes from elsewhere: files of the user's (``--scores``), and the archive (``--scores-from``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from bench.datasets.score_archive.load import LoadedScores, PairsToScore, load_scores
from bench.datasets.score_files import read_score_file
from bench.datasets.types import Tested
from bench.files.manifest import external_signature
from bench.files.metric_names import check_metric_names
from metrics.files import sha256_of_file
from metrics.types import PairScores, RemarkCallback, ScoreFailure


@dataclass
class ExternalScores:
    """What is known of metrics that were computed elsewhere, all by metric.

    Attributes:
        outcomes: one score a pair; a pair that the archive has no score of is a failure.
        signatures: where the scores come from.
        digests: SHA-256 of the file that they were in.
        remarks: that belong under every table made from the scores.
    """

    outcomes: dict[str, PairScores] = field(default_factory=dict)
    signatures: dict[str, str] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


def load_external(
    score_files: Mapping[str, Path],
    scores_from: Sequence[str],
    dataset: Tested,
    pairs: pd.DataFrame,
    remark: RemarkCallback,
) -> ExternalScores:
    """Read scores from elsewhere, in the order of ``pairs``: first those of the archive, then those of files.

    Args:
        score_files: by the name that each metric shall have.
        scores_from: names of entries of the archive.
        dataset: whose pairs.
        pairs: of the same pairs; see `bench.datasets.frame`.
        remark: told which rows were not used.

    Raises:
        UsageError: no such scores, none of this data set, or two metrics of one name.
        DataError: a pair has no score or two, or a file is damaged.
    """
    wanted = PairsToScore(dataset.name, dataset.split, dataset.source_sha256, list(pairs["pair_id"]))
    sets = [(name, load_scores(name, wanted, remark)) for name in scores_from]
    check_metric_names((*(metric for _, one in sets for metric in one.scores), *score_files))
    found = ExternalScores()
    for name, one in sets:
        _add(found, name, one, wanted.pair_ids)
    for metric, path in score_files.items():
        found.outcomes[metric] = PairScores(read_score_file(path, pairs, remark))
        digest = sha256_of_file(path)
        found.signatures[metric], found.digests[metric] = external_signature(metric, digest), digest
    return found


def _add(found: ExternalScores, name: str, loaded: LoadedScores, pair_ids: Sequence[str]) -> None:
    for metric, scores in loaded.scores.items():
        missing = np.flatnonzero(np.isnan(scores))
        failures = tuple(ScoreFailure(pair_ids[row], f"no score in {name}") for row in missing)
        found.outcomes[metric] = PairScores(scores, failures=failures)
    found.signatures |= loaded.signatures
    found.digests |= loaded.digests
    if loaded.note:
        found.remarks.append(loaded.note)
