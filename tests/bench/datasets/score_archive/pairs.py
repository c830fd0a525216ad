"""What tests of the archive of scores share: the pairs of data sets, and entries to be damaged."""

from __future__ import annotations

from pathlib import Path

from bench.datasets.score_archive.entries import Entry
from bench.datasets.score_archive.facts import FORMAT, Facts
from bench.datasets.score_archive.load import LoadedScores, PairsToScore, load_scores
from bench.datasets.score_archive.write import NewScores, files_of, put_in_place
from bench.datasets.votes import VotedDataset

SHA256 = "0123456789abcdef" * 4


def packaged_scores(name: str, dataset: VotedDataset) -> LoadedScores:
    """Return an entry's scores of all pairs that were voted on."""
    ids = [pair.pair_id for pair in dataset.pairs]
    return load_scores(name, PairsToScore(dataset.name, None, dataset.source_sha256, ids))


def small(
    dataset: str = "relate", split: str | None = "test", sha256: str | None = SHA256, signature: str = "one|seed:0"
) -> NewScores:
    """Return the scores of two metrics on four pairs; the second metric failed on one of them."""
    whole = {f"p{i}": 0.1 * i + 0.1 for i in range(4)}
    return NewScores(dataset, split, sha256, {"one": whole, "two": whole | {"p2": None}}, {"one": signature})


def make_entry(name: str, *new: NewScores, note: str = "") -> Entry:
    """Put an entry into the user's folder."""
    datasets, contents = files_of(new or [small()])
    facts = Facts(format=FORMAT, summary="two metrics", source="a paper", licence="MIT", note=note, datasets=datasets)
    return put_in_place(name, facts, contents)


def wanted(
    dataset: str = "relate", split: str | None = "test", sha256: str = SHA256, ids: tuple[str, ...] = ("p3", "p0")
) -> PairsToScore:
    return PairsToScore(dataset, split, sha256, ids)


def files_in(folder: Path) -> set[str]:
    """Return all files under a folder, hidden ones too."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
