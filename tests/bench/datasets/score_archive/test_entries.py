"""Entries are found by name, and read only if their files are what ``scores.json`` says."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.datasets.score_archive import entries
from bench.datasets.score_archive.entries import (
    PACKAGED,
    Entry,
    check_entry_name,
    entry_names,
    entry_problems,
    find_entry,
    read_entry,
    read_scores,
)
from bench.datasets.score_archive.facts import FACTS_NAME
from bench.datasets.score_archive.load import load_scores
from bench.datasets.voted.catalog import load_voted
from metrics.errors import DataError, UsageError
from tests.bench.datasets.score_archive.pairs import files_in, make_entry, packaged_scores, wanted

ONE = "relate-test/one.csv"


@pytest.mark.parametrize("name", ["caf-score", "recovered-clap"])
def test_entries_of_the_package_are_whole_and_of_the_packages_data(name: str) -> None:
    entry = find_entry(name)
    assert entry.is_packaged
    assert entry.place == "the package"
    assert list(entry_problems(entry)) == []
    assert {one.name: one.sha256 for one in entry.facts.datasets} == {
        dataset.name: dataset.source_sha256 for dataset in map(load_voted, ("brace:audiocaps", "brace:clotho"))
    }
    assert files_in(entry.folder) == {FACTS_NAME, *entry.facts.files}
    assert set(entry.facts.documents) == {"LICENSE-CAF-Score", "NOTICE"}


def test_names(own_scores: Path) -> None:
    assert entry_names() == ["caf-score", "recovered-clap"]
    make_entry("mine")
    (own_scores / "half").mkdir()
    (own_scores / ".mine.part").mkdir()
    (own_scores / ".mine.part" / FACTS_NAME).write_text("{}")
    assert entry_names() == ["caf-score", "recovered-clap", "mine"]
    assert find_entry("mine").place == "this machine"
    with pytest.raises(UsageError, match=r"unknown scores 'caf'; did you mean 'caf-score'\? \(known: caf-score, "):
        find_entry("caf")
    with pytest.raises(UsageError, match=r"'a/b@v1' is the address of a repository; give 'bench scores pull a/b@v1'"):
        find_entry("a/b@v1")


@pytest.mark.parametrize(
    "name", ["", "..", ".x", "a/b", "a\\b", "/a", "con", "NUL.x", "a b", "a\nb", "é", "x" * 101, "-x"]
)
def test_names_that_no_entry_may_have(name: str) -> None:
    with pytest.raises(UsageError, match="scores cannot be called"):
        check_entry_name(name)


@pytest.mark.parametrize("name", ["caf-score", "CAF-Score", "recovered-clap"])
def test_nobody_takes_the_place_of_an_entry_of_the_package(name: str) -> None:
    with pytest.raises(UsageError, match="come with clap-bench; give another --name"):
        check_entry_name(name)
    make_entry(name)
    assert entry_names() == ["caf-score", "recovered-clap"]
    assert find_entry("caf-score").folder == PACKAGED / "caf-score"


def test_scores_are_read_as_they_were_written() -> None:
    entry = make_entry("mine")
    one, two = entry.facts.datasets[0].metrics
    assert read_scores(entry, one) == {f"p{i}": 0.1 * i + 0.1 for i in range(4)}
    assert read_scores(entry, two) == {"p0": 0.1, "p1": 0.2, "p2": None, "p3": 0.1 * 3 + 0.1}
    assert (one.n_pairs, one.n_scores, two.n_pairs, two.n_scores) == (4, 4, 4, 3)


def edit(entry: Entry, text: str, **facts: object) -> None:
    """Write another file of scores, with its own hash in ``scores.json``, and other facts of it."""
    path = entry.folder / ONE
    path.write_bytes(text.encode("utf-8", errors="surrogateescape"))
    raw = json.loads((entry.folder / FACTS_NAME).read_text())
    raw["datasets"][0]["metrics"][0] |= {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), **facts}
    (entry.folder / FACTS_NAME).write_text(json.dumps(raw))


ROWS = "pair_id,score\np0,{}\np1,2\np2,3\np3,4\n"
CONTENTS = {
    **{ROWS.format(word): "expected a finite number" for word in ("nan", "NaN", "inf", "-inf", "Infinity", "1e999")},
    **{ROWS.format(word): "expected a number" for word in ("null", "1_0", "0x1", "=1+1", "None", "-")},
    ROWS.format(1).replace("p1", "p0"): "pair_id 'p0' is also on line 2",
    ROWS.format(1).replace("p1", " "): "pair_id is empty",
    ROWS.format(1).replace("p1,2", "p1"): "1 fields, expected 2",
    ROWS.format(1).replace("score", "rating"): "no column 'score'",
    "pair_id,score,rating\np0,1,9\np1,1,9\np2,1,9\np3,1,9\n": "found the column 'rating', expected pair_id and",
    ROWS.format(""): "has 4 pairs and 3 scores, expected 4 and 4",
    ROWS.format(1) + "p4,5\n": "has 5 pairs and 5 scores, expected 4 and 4",
    ROWS.format("1\0"): "holds a NUL character",
    ROWS.format("\udcff"): "is not UTF-8",
    "": "is empty",
}


@pytest.mark.parametrize("text", CONTENTS, ids=list(map(repr, CONTENTS)))
def test_what_no_file_of_scores_may_hold(text: str) -> None:
    entry = make_entry("mine")
    edit(entry, text)
    problems = list(entry_problems(read_entry(entry.folder)))
    assert [CONTENTS[text] in problem for problem in problems] == [True], problems
    with pytest.raises(DataError, match=re.escape(CONTENTS[text])):
        load_scores("mine", wanted())


def test_a_lying_hash() -> None:
    entry = make_entry("mine")
    path = entry.folder / ONE
    path.write_text(path.read_text().replace("0.2", "0.9"))
    with pytest.raises(DataError, match=r"one\.csv: has sha256 \w{64}, expected \w{64} as scores\.json says"):
        load_scores("mine", wanted())


def link_file(folder: Path) -> None:
    (folder / ONE).rename(folder.parent / "elsewhere.csv")
    (folder / ONE).symlink_to(folder.parent / "elsewhere.csv")


def link_folder(folder: Path) -> None:
    (folder / "relate-test").rename(folder.parent / "elsewhere")
    (folder / "relate-test").symlink_to(folder.parent / "elsewhere")


def link_beside(folder: Path) -> None:
    (folder / "notes").symlink_to("/etc")


def add_file(folder: Path) -> None:
    (folder / "relate-test" / "run.py").write_text("")


def lose_file(folder: Path) -> None:
    (folder / ONE).unlink()


def add_pipe(folder: Path) -> None:
    os.mkfifo(folder / "pipe.csv")


DAMAGE = {
    link_file: "one.csv: is a link or a device, expected a file",
    link_folder: "relate-test: is a link or a device, expected a file",
    link_beside: "notes: is a link or a device, expected a file",
    add_file: "run.py: is not named in scores.json",
    lose_file: "one.csv: is missing, but scores.json names it",
    add_pipe: "pipe.csv: is a link or a device",
}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no links and pipes on this system")
@pytest.mark.parametrize("damage", DAMAGE)
def test_links_strange_files_and_missing_ones(damage: Callable[[Path], None]) -> None:
    entry = make_entry("mine")
    damage(entry.folder)
    assert any(DAMAGE[damage] in problem for problem in entry_problems(entry))
    with pytest.raises(DataError, match=f"scores 'mine' are not used: .*{re.escape(DAMAGE[damage])}"):
        load_scores("mine", wanted())


def test_what_file_managers_leave_behind_does_no_harm() -> None:
    entry = make_entry("mine")
    (entry.folder / ".DS_Store").write_bytes(b"\0")
    assert list(entry_problems(entry)) == []


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = make_entry("mine")
    with monkeypatch.context() as patch:
        patch.setattr(entries, "MOST_FILE_BYTES", 20)
        assert sum("holds more than 20 bytes" in problem for problem in entry_problems(entry)) == 2
    monkeypatch.setattr(entries, "MOST_TOTAL_BYTES", 200)
    assert [problem for problem in entry_problems(entry) if "bytes, expected at most 200" in problem]


def test_a_document_that_was_changed() -> None:
    entry = make_entry("mine")
    raw = json.loads((entry.folder / FACTS_NAME).read_text())
    (entry.folder / "LICENSE").write_text("MIT")
    raw["documents"] = {"LICENSE": hashlib.sha256(b"MIT").hexdigest()}
    (entry.folder / FACTS_NAME).write_text(json.dumps(raw))
    assert list(entry_problems(find_entry("mine"))) == []
    (entry.folder / "LICENSE").write_text("all rights reserved")
    assert [("LICENSE: has sha256" in problem) for problem in entry_problems(find_entry("mine"))] == [True]


def test_a_damaged_note_of_where_it_was_pulled_from() -> None:
    entry = make_entry("mine")
    for raw in ({"repo": "a/b"}, {"repo": "a", "commit": "0" * 40}, {"repo": "a/b", "commit": "main"}):
        (entry.folder / "pulled.json").write_text(json.dumps(raw))
        with pytest.raises(DataError, match="pull the scores again"):
            find_entry("mine")


def test_the_packages_scores_have_a_signature_that_says_where_they_come_from() -> None:
    dataset = load_voted("brace:clotho")
    digest = hashlib.sha256((PACKAGED / "caf-score/brace-clotho/qwen3omni+msclap.csv").read_bytes()).hexdigest()
    loaded = packaged_scores("caf-score", dataset)
    assert loaded.signatures["qwen3omni+msclap"] == (
        "qwen3omni+msclap|scores from caf-score|github.com/inseong00/CAF-Score, data/results/caf|"
        f"sha256:{digest[:16]}|made by: qwen3omni+msclap, weighted_8.json, as published"
    )
    assert loaded.digests["qwen3omni+msclap"] == digest
