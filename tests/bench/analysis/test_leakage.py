from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bench.analysis.leakage import (
    LEAKAGE_NAME,
    Leakage,
    SharedItems,
    find_leakage,
    leakage_of,
    read_leakage,
    read_training,
    write_leakage,
)
from bench.datasets.types import RatedDataset, RatedPair, Rating, RatingScale
from bench.reports.formats.markdown import render
from bench.reports.layout import Report
from bench.reports.sections.leakage import leakage_section
from bench.runs.folder import read_run
from bench.runs.run import RunRequest, run_benchmark
from metrics.errors import DataError
from metrics.registry import make_scorer
from metrics.types import AudioTextPair, ScorerOptions

ROOT = Path("/data")


def small_test() -> RatedDataset:
    def pair(pair_id: str, caption: str) -> RatedPair:
        return RatedPair(AudioTextPair(pair_id, ROOT / f"{pair_id}.wav", caption), 5.0, 1, None, None, caption, "test")

    pairs = (pair("a", "A dog barks"), pair("b", "Rain falls"), pair("c", "Rain falls"))
    ratings = (Rating("a", "ann", 4.0), Rating("b", "bob", 6.0), Rating("c", "bob", 5.0))
    return RatedDataset("mine", RatingScale(0, 10), pairs, ratings, "0" * 64, ROOT, "test")


def training(**parts: dict[str, Any]) -> dict[str, Any]:
    return {"data": [{"name": "theirs", "parts": parts}]}


CLEAN = {"captions": ["A cat meows"], "clips": {"x.wav": "ff"}, "listeners": ["eve"]}


def test_nothing_shared_is_clean() -> None:
    [leak] = find_leakage("human:x", training(train=CLEAN), small_test())
    assert leak.is_clean
    assert leak.n_affected == 0
    assert [(item.kind, item.n_tested, item.shared) for item in leak.items] == [
        ("captions", 2, ()),
        ("clips", 3, ()),
        ("listeners", 2, ()),
    ]


def test_shared_captions_clips_and_listeners_are_named() -> None:
    part = {"captions": ["a  DOG barks"], "clips": {"c.wav": ""}, "listeners": ["bob", "eve"]}
    [leak] = find_leakage("human:x", training(train=part), small_test())
    assert not leak.is_clean
    assert [item.shared for item in leak.items] == [("A dog barks",), ("c.wav",), ("bob",)]
    assert leak.n_affected == 2
    assert (leak.metric, leak.trained_on, leak.part) == ("human:x", "theirs", "train")


def test_clips_are_compared_by_content_where_both_are_known() -> None:
    part = {**CLEAN, "clips": {"a.wav": "11", "other.wav": "22"}}
    [by_name] = find_leakage("m", training(train=part), small_test())
    assert by_name.items[1].shared == ("a.wav",)
    [by_content] = find_leakage("m", training(train=part), small_test(), {"a": "99", "b": "22"})
    assert by_content.items[1].shared == ("b.wav",)


def test_clips_are_compared_by_name_where_the_training_did_not_hash_them() -> None:
    part = {**CLEAN, "clips": {"a.wav": ""}}
    [leak] = find_leakage("m", training(train=part), small_test(), {"a": "33", "b": "44"})
    assert leak.items[1].shared == ("a.wav",)


def test_every_part_of_every_data_set_behind_a_model_is_compared() -> None:
    record = {
        "data": [
            {"name": "ratings", "parts": {"train": CLEAN, "validation": CLEAN}},
            {"name": "generator", "parts": {"train": {"note": "drawn without the tested captions"}}},
        ]
    }
    leaks = find_leakage("m", record, small_test())
    assert [(leak.trained_on, leak.part) for leak in leaks] == [
        ("ratings", "train"),
        ("ratings", "validation"),
        ("generator", "train"),
    ]
    assert [item.shared for item in leaks[2].items] == [None, None, None]
    assert leaks[2].is_clean
    assert leaks[2].note == "drawn without the tested captions"


def test_training_json_is_read_where_there_is_one(tmp_path: Path) -> None:
    assert read_training(tmp_path) is None
    (tmp_path / "training.json").write_text(json.dumps({"data": []}))
    assert read_training(tmp_path) == {"data": []}


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"data": 3}'])
def test_a_damaged_record_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "training.json").write_text(content)
    with pytest.raises(DataError, match=r"training\.json is damaged"):
        read_training(tmp_path)


def shared(*captions: str) -> Leakage:
    items = (SharedItems("captions", 2, captions), SharedItems("clips", 3, ()), SharedItems("listeners", 2, None))
    return Leakage("human:x", "relate", "train", items, len(captions), "a note")


def test_leakage_is_written_and_read_back(tmp_path: Path) -> None:
    assert read_leakage(tmp_path) == ()
    write_leakage([shared("A dog barks"), shared()], tmp_path)
    assert read_leakage(tmp_path) == (shared("A dog barks"), shared())
    (tmp_path / LEAKAGE_NAME).write_text('[{"metric": 1}]')
    with pytest.raises(DataError, match=r"leakage\.json is damaged"):
        read_leakage(tmp_path)


def section_text(*leakage: Leakage) -> str:
    section = leakage_section(leakage)
    assert section is not None
    return render(Report("r", (), (section,)))


def test_the_report_says_how_far_trained_metrics_can_be_believed() -> None:
    assert leakage_section(()) is None
    assert "No tested caption, clip or listener was used in training" in section_text(shared())
    leaking = section_text(shared("A dog barks"))
    assert "**human:x saw tested captions or clips in training" in leaking
    assert "1 of 2" in leaking
    assert "a note" in leaking
    unknown = Leakage("human", "relate", "train", shared().items, None)
    assert "What human was trained on is not written down" in section_text(unknown)


@pytest.mark.slow
def test_published_variants_are_known_to_be_trained_on_relate(local_hub: Any) -> None:
    local_hub("human", "processor")
    scorers = {"human": make_scorer("human", ScorerOptions()), "random": make_scorer("random", ScorerOptions())}
    leaks = leakage_of(scorers, small_test())
    assert [(leak.metric, leak.trained_on, leak.part) for leak in leaks] == [
        ("human", "relate", "train"),
        ("human", "relate", "validation"),
    ]
    assert all(leak.n_affected is None for leak in leaks)


@pytest.mark.slow
@pytest.mark.parametrize(("split", "shared_captions"), [("validation", 60), ("test", 0)])
def test_a_run_reports_what_its_trained_metrics_have_seen(tmp_path: Path, split: str, shared_captions: int) -> None:
    metrics = ("duration", "human:tiny-wsce+mae")
    run = run_benchmark(RunRequest("demo", metrics, split, data_root=tmp_path / "demo", out=tmp_path / "run"))
    assert read_run(run.folder).leakage == run.leakage
    assert {leak.metric for leak in run.leakage} == {"human:tiny-wsce+mae"}
    found = {(leak.trained_on, leak.part): leak.items[0].shared for leak in run.leakage}
    assert len(found["demo", "validation"] or ()) == shared_captions
    assert found["demo", "train"] == ()
    report = (run.folder / "report.md").read_text()
    assert ("saw tested captions or clips in training" in report) == (shared_captions > 0)
