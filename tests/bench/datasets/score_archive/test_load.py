"""Scores find the pairs of their own data set: all of them, of the same version and split, or not at all."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from bench.datasets.score_archive.load import PairsToScore, load_scores, names_in
from metrics.errors import DataError, UsageError
from tests.bench.datasets.score_archive.pairs import SHA256, make_entry, small, wanted

OTHER = "f" * 64


def test_in_the_order_of_the_pairs_and_nan_where_the_metric_failed() -> None:
    make_entry("mine", note="of a draft")
    said: list[str] = []
    found = load_scores("mine", wanted(ids=("p2", "p0", "p3")), said.append)
    assert found.scores["one"].tolist() == [0.1 * 2 + 0.1, 0.1, 0.1 * 3 + 0.1]
    assert np.isnan(found.scores["two"]).tolist() == [True, False, False]
    assert found.note == "of a draft"
    assert said == [
        f"scores 'mine': 1 of 4 rows of {metric} name no pair of this data set and split; they are not used"
        for metric in ("one", "two")
    ]


def test_signatures() -> None:
    entry = make_entry("mine")
    one, two = entry.facts.datasets[0].metrics
    found = load_scores("mine", wanted())
    assert found.signatures == {
        "one": f"one|scores from mine|a paper|sha256:{one.sha256[:16]}|made by: one|seed:0",
        "two": f"two|scores from mine|a paper|sha256:{two.sha256[:16]}|made by: not stated",
    }
    assert found.digests == {"one": one.sha256, "two": two.sha256}


def test_a_missing_pair_is_an_error() -> None:
    make_entry("mine")
    with pytest.raises(
        DataError,
        match=r"'mine': one has no score for 2 of 3 pairs \(first: 'p8'\); they are of relate \(test\): choose --split",
    ):
        load_scores("mine", wanted(ids=("p0", "p8", "p9")))


def test_another_version_of_the_data_is_refused() -> None:
    make_entry("mine")
    with pytest.raises(DataError, match=r"are of another version of relate: .* 0123456789abcdef….* ffffffffffffffff…;"):
        load_scores("mine", wanted(sha256=OTHER))
    make_entry("unknown", small(sha256=None))
    assert set(load_scores("unknown", wanted(sha256=OTHER)).scores) == {"one", "two"}


def test_another_data_set_is_refused() -> None:
    make_entry("mine", small(), small("xacle"))
    with pytest.raises(UsageError, match="scores 'mine' are of relate, xacle, not of demo; leave them out"):
        load_scores("mine", wanted("demo", sha256=OTHER))


def test_a_users_own_file_counts_by_its_content(tmp_path: Path) -> None:
    make_entry("mine", small("ratings.csv", None))
    for path in ("ratings.csv", str(tmp_path / "other.csv"), "C:\\data\\Ratings.CSV"):
        assert set(load_scores("mine", wanted(path, None)).scores) == {"one", "two"}
    with pytest.raises(DataError, match=r"of another version of ratings\.csv"):
        load_scores("mine", wanted("a/ratings.csv", None, OTHER))
    with pytest.raises(UsageError, match=r"are of ratings\.csv, not of a/other\.csv"):
        load_scores("mine", wanted("a/other.csv", None, OTHER))
    with pytest.raises(UsageError, match=r"are of ratings\.csv, not of relate"):
        load_scores("mine", wanted("relate", None, OTHER))


def test_a_file_that_is_data_sets_of_several_names() -> None:
    make_entry("mine", small("audioeval", None))
    assert set(load_scores("mine", wanted("audioeval:expert", None)).scores) == {"one", "two"}
    make_entry("both", small("audioeval", None), small("audioeval:expert", None, signature="another"))
    assert load_scores("both", wanted("audioeval", None)).signatures["one"].endswith("|made by: one|seed:0")
    assert load_scores("both", wanted("audioeval:expert", None)).signatures["one"].endswith("|made by: another")


def parts() -> tuple[PairsToScore, ...]:
    """Make an entry of two splits; return the pairs of each, and of both."""
    test = small()
    validation = {metric: {f"v{i}": float(i) for i in range(3)} for metric in test.scores}
    make_entry("mine", test, dataclasses.replace(test, split="validation", scores=validation))
    return wanted(), wanted(split="validation", ids=("v2", "v0")), wanted(split="all", ids=("p0", "v0", "p1"))


def test_of_several_splits_the_one_that_was_asked_for_or_all() -> None:
    test, validation, both = parts()
    assert load_scores("mine", test).scores["one"].tolist() == [0.1 * 3 + 0.1, 0.1]
    assert load_scores("mine", validation).scores["one"].tolist() == [2, 0]
    found = load_scores("mine", both)
    assert found.scores["one"].tolist() == [0.1, 0, 0.2]
    assert found.signatures["one"].split("|")[3].count("+") == 1
    assert len(found.digests["one"]) == 64


def test_another_split_than_the_scores_are_of() -> None:
    make_entry("mine")
    with pytest.raises(DataError, match=r"no score for 2 of 2 pairs .*; they are of relate \(test\)"):
        load_scores("mine", wanted(split="validation", ids=("v0", "v1")))


def test_splits_of_two_metrics_under_one_name_are_not_joined() -> None:
    test = small()
    validation = {metric: {"v0": 1.0} for metric in test.scores}
    second = dataclasses.replace(test, split="validation", scores=validation, signatures={"one": "one|seed:1"})
    make_entry("mine", test, second)
    with pytest.raises(DataError, match=r"one was not the same metric on all splits \(the signatures differ\)"):
        load_scores("mine", wanted(split="all", ids=("p0", "v0")))
    again = dataclasses.replace(test, split="validation", scores={"one": {"p0": 9.0}})
    make_entry("twice", test, again)
    with pytest.raises(DataError, match="one has two scores of pair 'p0'"):
        load_scores("twice", wanted(split="all"))


def test_names_on_the_command_line() -> None:
    assert names_in(None) == ()
    assert names_in("a, b,,a") == ("a", "b")
    assert SHA256 != OTHER
