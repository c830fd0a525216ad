"""Scores that come with the package, by name: metrics are compared on votes without a model, and without a clip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from bench.datasets.brace.dataset import FOLDER, PARTS
from bench.datasets.votes import VotedDataset
from bench.files.csvfile import read_csv
from metrics.errors import DataError, UsageError, did_you_mean
from metrics.files import sha256_of_file


@dataclass(frozen=True, slots=True)
class ScoreSet:
    """Scores of several metrics on the pairs of one or more data sets.

    Attributes:
        name: as in ``--scores-from``.
        summary: what they are, in one line.
        source: where they were published, or what they were derived from.
        licence: of the scores.
        files: by data set.
        prefix: of the metrics' names.
        note: a remark that belongs under every table made from them; empty where there is none.
    """

    name: str
    summary: str
    source: str
    licence: str
    files: Mapping[str, Path]
    prefix: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class LoadedScores:
    """Scores by metric, one a pair of the data set, NaN where there is none; signatures by metric."""

    scores: Mapping[str, Float[np.ndarray, " pairs"]]
    signatures: Mapping[str, str]
    note: str


SCORE_SETS = (
    ScoreSet(
        name="caf-score",
        summary="CAF-Score: 0.8 CLAP + 0.2 rating of a language model, four CLAPs times two models",
        source="github.com/inseong00/CAF-Score, data/results/caf",
        licence="MIT",
        files={f"brace:{part}": FOLDER / f"{part}_caf_score.csv" for part in PARTS},
    ),
    ScoreSet(
        name="recovered-clap",
        summary="cosines of LAION, M2D-, MGA- and MS-CLAP: derived from caf-score, published by nobody",
        source="derived from caf-score",
        licence="MIT",
        files={f"brace:{part}": FOLDER / f"{part}_recovered_clap.csv" for part in PARTS},
        prefix="recovered:",
        note="recovered: cosines are derived from the scores of CAF-Score, on the pairs where exactly one cosine and "
        "one rating give these scores; the others have none",
    ),
)


def find_score_set(name: str) -> ScoreSet:
    """Return the scores of that name.

    Raises:
        UsageError: there are none.
    """
    for one in SCORE_SETS:
        if one.name == name:
            return one
    known = [one.name for one in SCORE_SETS]
    raise UsageError(f"unknown scores {name!r}{did_you_mean(name, known)} (known: {', '.join(known)})")


def load_score_set(name: str, dataset: VotedDataset) -> LoadedScores:
    """Return scores that come with the package, in the order of the data set's pairs.

    Raises:
        UsageError: no scores of that name, or none for this data set.
        DataError: a file is damaged.
    """
    found = find_score_set(name)
    if dataset.name not in found.files:
        raise UsageError(f"scores {name!r} are of {', '.join(found.files)}, not of {dataset.name}; leave them out")
    path = found.files[dataset.name]
    columns = read_csv(path, ("pair_id",)).ignored
    table = read_csv(path, ("pair_id", *columns))
    row_of = {pair.pair_id: row for row, pair in enumerate(dataset.pairs)}
    unknown = next((row for row in table.rows if row["pair_id"] not in row_of), None)
    if unknown is not None:
        raise DataError(f"{path}, line {unknown.line}: no such pair in {dataset.name}; install clap-bench again")
    scores = {f"{found.prefix}{name}": np.full(len(row_of), np.nan) for name in columns}
    for row in table.rows:
        for column in columns:
            scores[f"{found.prefix}{column}"][row_of[row["pair_id"]]] = row.number(column)
    digest = sha256_of_file(path)[:16]
    return LoadedScores(
        scores, {metric: f"{metric}|{found.name}|{found.source}|sha256:{digest}" for metric in scores}, found.note
    )
