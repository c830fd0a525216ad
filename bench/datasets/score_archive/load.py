"""Scores of the archive for the pairs of a data set, rated or voted on: all its pairs, or an error."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from bench.datasets.score_archive.entries import Entry, file_problems, find_entry, read_scores
from bench.datasets.score_archive.facts import MetricFile, ScoredDataset
from bench.files.csvfile import quoted
from metrics.errors import DataError, UsageError
from metrics.types import RemarkCallback, no_remark

SHOWN_DIGITS = 16


@dataclass(frozen=True, slots=True)
class PairsToScore:
    """What a data set has to say for its scores to be found.

    Attributes:
        dataset: as in ``--dataset``.
        split: the part that was loaded, if there are parts.
        sha256: of its file of ratings or votes.
        pair_ids: in the order of its pairs.
    """

    dataset: str
    split: str | None
    sha256: str
    pair_ids: Sequence[str]


@dataclass(frozen=True, slots=True)
class LoadedScores:
    """Scores by metric.

    Attributes:
        scores: one a pair of the data set, NaN where the metric failed.
        signatures: which say where the scores come from.
        digests: SHA-256 of the file that the scores were in; of the files' hashes, where there were several.
        note: a remark that belongs under every table made from them.
    """

    scores: Mapping[str, Float[np.ndarray, " pairs"]]
    signatures: Mapping[str, str]
    digests: Mapping[str, str]
    note: str


def names_in(scores_from: str | None) -> tuple[str, ...]:
    """Return the names in ``--scores-from``, each once."""
    named = [] if scores_from is None else [name.strip() for name in scores_from.split(",")]
    return tuple(dict.fromkeys(name for name in named if name))


def load_scores(name: str, wanted: PairsToScore, remark: RemarkCallback = no_remark) -> LoadedScores:
    """Return all metrics that an entry has for a data set, in the order of its pairs.

    Args:
        name: of the entry.
        wanted: the pairs.
        remark: told how many rows are about other pairs.

    Raises:
        UsageError: no entry of that name, or none of its scores are of this data set.
        DataError: the scores are of another version of the data set, lack one of its pairs, or their files are not as
            the entry says.
    """
    return scores_of(find_entry(name), wanted, remark)


def scores_of(entry: Entry, wanted: PairsToScore, remark: RemarkCallback = no_remark) -> LoadedScores:
    """Do as `load_scores` does, of an entry that was found already."""
    if problem := next(file_problems(entry), None):
        raise DataError(f"scores {entry.name!r} are not used: {problem}")
    files: dict[str, list[MetricFile]] = {}
    for dataset in _of_dataset(entry, wanted):
        for one in dataset.metrics:
            files.setdefault(one.metric, []).append(one)
    row_of = {pair_id: row for row, pair_id in enumerate(wanted.pair_ids)}
    scores = {metric: _merged(entry, metric, found, row_of, wanted, remark) for metric, found in files.items()}
    return LoadedScores(
        scores,
        {metric: _signature(entry, metric, found) for metric, found in files.items()},
        {metric: _digest(found) for metric, found in files.items()},
        entry.facts.note,
    )


def _of_dataset(entry: Entry, wanted: PairsToScore) -> list[ScoredDataset]:
    """Return what of an entry is of these data; of the same split alone, if it has that.

    The hash decides: files of one's own may have any name, and some files are data sets of several names.
    """
    name = re.split(r"[\\/]", wanted.dataset)[-1]
    all_of_them = entry.facts.datasets
    of_name = [one for one in all_of_them if one.name == name]
    same = [one for one in all_of_them if one.sha256 == wanted.sha256 or (one.sha256 is None and one.name == name)]
    if of_name and not same:
        raise DataError(
            f"scores {entry.name!r} are of another version of {name}: of ratings or votes with sha256 "
            f"{str(of_name[0].sha256)[:SHOWN_DIGITS]}…, and those here have {wanted.sha256[:SHOWN_DIGITS]}…; if you "
            "know that the pairs are the same, give single files, such as "
            f"--scores NAME={entry.folder / of_name[0].metrics[0].file}"
        )
    if not same:
        known = ", ".join(dict.fromkeys(one.name for one in entry.facts.datasets))
        raise UsageError(f"scores {entry.name!r} are of {known}, not of {wanted.dataset}; leave them out")
    nearest = [one for one in same if one.name == name] or same
    return [one for one in nearest if one.split == wanted.split] or nearest


def _merged(
    entry: Entry,
    metric: str,
    files: Sequence[MetricFile],
    row_of: Mapping[str, int],
    wanted: PairsToScore,
    remark: RemarkCallback,
) -> Float[np.ndarray, " pairs"]:
    """Return a metric's scores on the pairs, out of the files of one split each."""
    if len({one.signature for one in files}) > 1:
        raise DataError(
            f"scores {entry.name!r}: {metric} was not the same metric on all splits (the signatures differ); "
            "choose one of them by --split"
        )
    found: dict[str, float | None] = {}
    for one in files:
        read = read_scores(entry, one)
        clash = next((pair_id for pair_id in read if found.get(pair_id, read[pair_id]) != read[pair_id]), None)
        if clash is not None:
            raise DataError(f"scores {entry.name!r}: {metric} has two scores of pair {quoted(clash)}; choose a --split")
        found |= read
    missing = [pair_id for pair_id in row_of if pair_id not in found]
    if missing:
        raise DataError(
            f"scores {entry.name!r}: {metric} has no score for {len(missing):,} of {len(row_of):,} pairs (first: "
            f"{quoted(missing[0])}); they are of {_labels(entry)}: choose --split and --screening as they were"
        )
    if strange := len(found) - len(row_of):
        remark(
            f"scores {entry.name!r}: {strange:,} of {len(found):,} rows of {metric} name no pair of this data set and "
            "split; they are not used"
        )
    return np.array([found[pair_id] for pair_id in wanted.pair_ids], np.float64)  # None becomes NaN


def _labels(entry: Entry) -> str:
    return ", ".join(one.label for one in entry.facts.datasets)


def _signature(entry: Entry, metric: str, files: Sequence[MetricFile]) -> str:
    """Return where the scores come from: entry, source, hash of each file, and what the metric was, as they say."""
    source = f"{entry.facts.source} ({entry.origin})" if entry.origin else entry.facts.source
    hashes = "+".join(one.sha256[:SHOWN_DIGITS] for one in files)
    made_by = files[0].signature or "not stated"
    return f"{metric}|scores from {entry.name}|{source}|sha256:{hashes}|made by: {made_by}"


def _digest(files: Sequence[MetricFile]) -> str:
    hashes = [one.sha256 for one in files]
    return hashes[0] if len(hashes) == 1 else hashlib.sha256("\n".join(hashes).encode()).hexdigest()
