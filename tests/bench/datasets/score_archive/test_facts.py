"""What ``scores.json`` says is checked before it reaches a path, a table or a signature."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.datasets.score_archive import facts as facts_module
from bench.datasets.score_archive.facts import FACTS_NAME, Facts, read_facts, write_facts
from bench.datasets.score_archive.write import NewScores, files_of
from metrics.errors import DataError
from tests.bench.datasets.score_archive.pairs import SHA256, make_entry, small

Raw = dict[str, Any]


@pytest.fixture
def raw(own_scores: Path) -> Raw:
    make_entry("mine")
    found: Raw = json.loads((own_scores / "mine" / FACTS_NAME).read_text())
    return found


def test_they_are_read_as_they_were_written(own_scores: Path, tmp_path: Path) -> None:
    facts = make_entry("mine").facts
    write_facts(facts, tmp_path)
    assert read_facts(tmp_path) == facts
    assert (tmp_path / FACTS_NAME).read_bytes() == (own_scores / "mine" / FACTS_NAME).read_bytes()
    assert facts.files == ["relate-test/one.csv", "relate-test/two.csv"]
    assert facts.metrics == ["one", "two"]


def metric(raw: Raw) -> Raw:
    found: Raw = raw["datasets"][0]["metrics"][0]
    return found


def put(name: str, value: object) -> Callable[[Raw], object]:
    return lambda raw: metric(raw).update({name: value})


def put_in_dataset(name: str, value: object) -> Callable[[Raw], object]:
    return lambda raw: raw["datasets"][0].update({name: value})


PATHS = {
    "/etc/passwd.csv": "leads out of the folder",
    "../x.csv": "leads out of the folder",
    "a/../../x.csv": "leads out of the folder",
    "C:/x.csv": "leads out of the folder",
    "C:x.csv": "leads out of the folder",
    "a\\x.csv": "has a name that no file should have",
    "\\\\host\\x.csv": "has a name that no file should have",
    "a\nb.csv": "has a name that no file should have",
    "\u202ecsv.exe": "has a name that no file should have",
    "": "has a name that no file should have",
    "con.csv": "has the name of a device",
    "aux/x.csv": "has the name of a device",
    "scores.json": "expected NAME.csv or FOLDER/NAME.csv",
    "pulled.json": "expected NAME.csv or FOLDER/NAME.csv",
    ".hidden/x.csv": "expected NAME.csv or FOLDER/NAME.csv",
    "./x.csv": "expected NAME.csv or FOLDER/NAME.csv",
    "a//x.csv": "expected NAME.csv or FOLDER/NAME.csv",
    "a/b/x.csv": "expected NAME.csv or FOLDER/NAME.csv",
    "a.csv/x.csv": "expected NAME.csv or FOLDER/NAME.csv",
    "x.py": "expected NAME.csv or FOLDER/NAME.csv",
    "x.csv:stream.csv": "expected NAME.csv or FOLDER/NAME.csv",
    "~/x.csv": "expected NAME.csv or FOLDER/NAME.csv",
    "x" * 200 + ".csv": "expected NAME.csv or FOLDER/NAME.csv",
    "relate-test/TWO.csv": "file 'relate-test/two.csv' comes twice",
}


@pytest.mark.parametrize("path", PATHS)
def test_hostile_paths(raw: Raw, tmp_path: Path, path: str) -> None:
    metric(raw)["file"] = path
    refused(raw, tmp_path, PATHS[path])


WRONG = [
    (lambda raw: raw.update(format=2), "format is 2, which a newer version of clap-bench wrote; this one reads 1"),
    (lambda raw: raw.update(format=True), "format is True, expected 1"),
    (lambda raw: raw.pop("format"), "format is None, expected 1"),
    (lambda raw: raw.pop("source"), "source is missing"),
    (lambda raw: raw.update(surprise=1), "is 'surprise', expected one of format, summary"),
    (lambda raw: raw.update(summary="a\nb"), "summary is 'a\\nb', expected one line"),
    (lambda raw: raw.update(note="\u001b[2J"), "note is '\\x1b[2J', expected one line"),
    (lambda raw: raw.update(note="x" * 2001), "expected one line of at most 2,000 characters"),
    (lambda raw: raw.update(source="a|sha256:0"), "source is 'a|sha256:0', expected a text without |"),
    (lambda raw: raw.update(licence="M|T"), "licence is 'M|T', expected a text without |"),
    (lambda raw: raw.update(documents={"evil.sh": SHA256}), "a document is called 'evil.sh', expected LICENSE"),
    (lambda raw: raw.update(documents={"NOTICE/../x": SHA256}), "a document is called 'NOTICE/../x'"),
    (lambda raw: raw.update(documents={"NOTICE": "0"}), "sha256 of NOTICE is '0', expected 64 digits"),
    (lambda raw: raw.update(datasets=[]), "datasets is empty, expected one or more"),
    (lambda raw: raw["datasets"].append(raw["datasets"][0]), "comes twice"),
    (put("metric", "rating"), "a metric cannot be called 'rating': scores.csv has the columns"),
    (put("metric", "a\u200bb"), "has characters that cannot be printed"),
    (put("metric", " "), "it is blank"),
    (put("metric", "two"), "metric 'two' comes twice"),
    (put("metric", "x" * 201), "a metric's name is"),
    (put("sha256", SHA256.upper()), "sha256 of relate-test/one.csv is"),
    (put("n_pairs", -1), "has n_pairs -1 and n_scores 4"),
    (put("n_pairs", 10**8), "has n_pairs 100000000 and n_scores 4"),
    (put("n_scores", 0), "has n_pairs 4 and n_scores 0, expected 1 or more scores"),
    (put("n_pairs", "4"), "n_pairs is '4', expected a whole number"),
    (put("signature", "a\rb"), "signature is 'a\\rb', expected one line"),
    (put_in_dataset("name", "../relate"), "a data set's name is '../relate', expected a name without slashes"),
    (put_in_dataset("name", ""), "a data set's name is '', expected a name without slashes"),
    (put_in_dataset("split", "a/b"), "split is 'a/b', expected a name without slashes"),
    (put_in_dataset("sha256", "0"), "sha256 of relate is '0', expected 64 digits"),
    (put_in_dataset("metrics", []), "relate (test) has no metrics, expected one or more"),
]


@pytest.mark.parametrize(("change", "message"), WRONG, ids=[message[:50] for _, message in WRONG])
def test_what_no_entry_may_say(raw: Raw, tmp_path: Path, change: Callable[[Raw], object], message: str) -> None:
    change(raw)
    refused(raw, tmp_path, message)


def refused(raw: object, folder: Path, message: str) -> None:
    (folder / FACTS_NAME).write_text(json.dumps(raw))
    with pytest.raises(DataError, match=re.escape(message)) as caught:
        read_facts(folder)
    assert "see docs/scores.md" in str(caught.value)


@pytest.mark.parametrize("text", ["", "[", "[]", "null", "3", "\ud800", "[" * 10**5])
def test_no_facts(tmp_path: Path, text: str) -> None:
    (tmp_path / FACTS_NAME).write_text(text, errors="surrogatepass")
    with pytest.raises(DataError, match=r"scores\.json is damaged"):
        read_facts(tmp_path)


def test_missing_linked_and_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match=r"scores\.json is missing"):
        read_facts(tmp_path)
    make_entry("mine")
    (tmp_path / FACTS_NAME).symlink_to(tmp_path / "scores" / "mine" / FACTS_NAME)
    with pytest.raises(DataError, match="is a link, expected a file"):
        read_facts(tmp_path)
    monkeypatch.setattr(facts_module, "MOST_FACTS_BYTES", 10)
    with pytest.raises(DataError, match="holds more than 10 bytes"):
        read_facts(tmp_path / "scores" / "mine")


def test_too_many_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facts_module, "MOST_FILES", 1)
    with pytest.raises(ValueError, match="it names 2 files, expected at most 1"):
        make_entry("mine")


@pytest.mark.parametrize(
    "metric",
    ["laion", "human:wsce+mae", "FILE.py:make", "con", "CON", "..", "/", "a/b", "é", "x" * 150, "-", "a b"],
)
def test_every_metric_has_a_file_that_may_be(metric: str) -> None:
    """Names that are one in another case have files of their own."""
    metrics = {metric: {"p": 1.0}, f"{metric}'": {"p": 1.0}, metric.swapcase() + "_": {"p": 1.0}}
    datasets, contents = files_of([NewScores("a/../b:C.csv".replace("/", ":"), None, None, metrics)])
    Facts(format=1, summary="", source="", datasets=datasets)
    assert len({name.casefold() for name in contents}) == 3


def test_data_sets_whose_names_are_alike_have_folders_of_their_own() -> None:
    new = [small("a:b", None), small("a-b", None), small("A-B", None), small("con", None), small("", "x")]
    with pytest.raises(ValueError, match="expected a name without slashes"):
        files_of(new)
    _, contents = files_of(new[:-1])
    assert {name.partition("/")[0] for name in contents} == {"a-b", "a-b_", "a-b__", "set-con"}
