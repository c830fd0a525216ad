"""Other people's data sets, from miniature copies of their layouts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.datasets.catalog import entries, find_entry, load_dataset
from metrics.errors import ClapBenchError, DataError, UnavailableError, UsageError
from tests.bench.datasets.adapters.external_sets import (
    CAPTIONS,
    write_audioeval,
    write_musiceval,
    write_pam,
    write_xacle,
)
from tests.commands import Bench

WRITERS: dict[str, Callable[[Path], Path]] = {
    "xacle": write_xacle,
    "pam:audio": write_pam,
    "pam:music": lambda root: write_pam(root, "music"),
    "audioeval": write_audioeval,
    "musiceval": write_musiceval,
}


def test_every_external_set_has_a_miniature() -> None:
    assert set(WRITERS) == {entry.name for entry in entries() if entry.find.endswith(":find_set")}


@pytest.mark.parametrize(
    "columns",
    [
        "wav_file_name,text,score,listener_id",
        "wavname,text,score,listener_id",
        "wav_name,caption,rating,listener",
        "wave_file_name,text,11-point semantic-alignment score,listener_id",
    ],
)
def test_xacle_with_listeners(tmp_path: Path, columns: str) -> None:
    dataset = load_dataset("xacle", data_root=write_xacle(tmp_path, columns=columns))
    assert [(r.pair.caption, r.mean_rating, r.n_ratings) for r in dataset.pairs] == [
        (caption, 2 * k + 1.5, 2) for k, caption in enumerate(CAPTIONS)
    ]
    assert len(dataset.ratings) == 6
    assert {rated.pair.audio_path for rated in dataset.pairs} == {tmp_path / "wav" / f"{k}.wav" for k in range(3)}
    assert (dataset.split, dataset.scale.low, dataset.scale.high) == ("validation", 0, 10)


def test_xacle_prefers_the_file_that_names_listeners(tmp_path: Path) -> None:
    write_xacle(tmp_path, averages=True, columns="wav_file_name,text,average_score")
    path = write_xacle(tmp_path) / "meta_data" / "validation.csv"
    assert len(load_dataset("xacle", data_root=tmp_path).ratings) == 6
    path.write_text(path.read_text().replace("score", "skore", 1))
    with pytest.raises(DataError, match="no column 'score'"):
        load_dataset("xacle", data_root=tmp_path)


def test_xacle_test_part_once_it_has_scores(tmp_path: Path) -> None:
    write_xacle(tmp_path, averages=True, columns="wav_file_name,text,average_score")
    listed = tmp_path / "meta_data"
    (listed / "validation_average.csv").rename(listed / "test_with_score.csv")
    (listed / "test.csv").write_text("wav_file_name,text\n0.wav,a dog barks\n")
    assert len(load_dataset("xacle", data_root=tmp_path, split="test").pairs) == 3


@pytest.mark.parametrize("column", ["average_score", "average_semantic_alignement_score", "score"])
def test_xacle_of_which_only_averages_are_there(tmp_path: Path, column: str) -> None:
    root = write_xacle(tmp_path, averages=True, columns=f"wav_file_name,text,{column}")
    dataset = load_dataset("xacle", data_root=root)
    assert [rated.mean_rating for rated in dataset.pairs] == [1.5, 3.5, 5.5]
    assert dataset.ratings == ()
    assert "Only mean ratings are published" in dataset.notes[0]


def test_pam_rates_relevance(tmp_path: Path) -> None:
    dataset = load_dataset("pam:audio", data_root=write_pam(tmp_path))
    assert [(r.pair.pair_id, r.system, r.mean_rating) for r in dataset.pairs][2:4] == [
        ("alpha/2", "alpha", 3.0),
        ("beta/0", "beta", 1.5),
    ]
    assert dataset.pairs[0].pair.audio_path == tmp_path / "human_eval" / "audio" / "alpha" / "0.wav"
    assert len({rated.caption_id for rated in dataset.pairs}) == 3
    assert {(rated.system, rated.source) for rated in dataset.pairs} == {
        ("alpha", "synthesized"), ("beta", "synthesized"), ("real", "natural"),
    }  # fmt: skip


@pytest.mark.parametrize(("rating", "rater"), [("text_alignment", "rater_id"), ("alignment", "annotator_id")])
def test_audioeval_joins_clips_and_raters(tmp_path: Path, rating: str, rater: str) -> None:
    dataset = load_dataset("audioeval", data_root=write_audioeval(tmp_path, rating, rater))
    first = dataset.pairs[0]
    assert (first.pair.pair_id, first.pair.caption, first.system, first.mean_rating, first.n_ratings) == (
        "alpha_0", CAPTIONS[0], "alpha", 1.5, 2,
    )  # fmt: skip
    assert first.pair.audio_path == tmp_path / "data" / "alpha_0.wav"
    assert len(dataset.pairs) == 6
    assert len(dataset.ratings) == 12


def test_musiceval_takes_a_clips_own_prompt_first(tmp_path: Path) -> None:
    dataset = load_dataset("musiceval", data_root=write_musiceval(tmp_path))
    prompts = {rated.pair.pair_id.partition("track1-")[2]: rated.pair.caption for rated in dataset.pairs}
    assert prompts["S001_P002"] == "slow strings, then drums"
    assert prompts["S003_P001"] == "a choir"
    assert {rated.system for rated in dataset.pairs} == {"S001", "S002", "S003"}


@pytest.mark.parametrize("name", WRITERS)
def test_a_run_over_each(name: str, tmp_path: Path, bench: Bench) -> None:
    root = WRITERS[name](tmp_path / "data")
    result = bench(
        "run", "--dataset", name, "--data-root", root, "--metrics", "caption-length,random", "--resamples", "19",
        "--out", tmp_path / "run",
    )  # fmt: skip
    assert result.status == 0, result.err
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert manifest["dataset"]["name"] == name


@pytest.mark.parametrize("name", WRITERS)
def test_a_set_that_is_not_here_says_how_to_get_it(name: str, tmp_path: Path, bench: Bench) -> None:
    result = bench("run", "--dataset", name, "--data-root", tmp_path, "--metrics", "random")
    assert result.status == 1
    assert "no such file" in result.err
    assert "--data-root" in result.err
    assert find_entry(name).how_to_get in result.err


@pytest.mark.parametrize("name", ["xacle", "musiceval"])
def test_a_set_that_only_the_user_can_fetch(name: str, tmp_path: Path, bench: Bench) -> None:
    pulled = bench("datasets", "pull", name, "--data-root", tmp_path)
    assert pulled.status == 1
    assert f"cannot be fetched from here: {find_entry(name).how_to_get}" in pulled.err


@pytest.mark.parametrize("name", WRITERS)
def test_the_list_knows_what_is_here(name: str, tmp_path: Path) -> None:
    def present(root: Path) -> tuple[bool, bool]:
        found = find_entry(name).presence(root)
        return found.ratings, found.audio

    (tmp_path / "broken off.zip.part").touch()
    assert present(tmp_path) == (False, False)
    root = WRITERS[name](tmp_path / "data")
    assert present(root) == (True, False)
    (root / "wav").mkdir()
    (root / "wav" / "1.wav").touch()
    assert present(root) == (True, True)


Damage = Callable[[Path], object]


def replaced(name: str, old: str, new: str) -> Damage:
    def damage(root: Path) -> None:
        path = root / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))

    return damage


@pytest.mark.parametrize(
    ("name", "damage", "expected"),
    [
        ("xacle", replaced("meta_data/validation.csv", ",1,1", ",11,1"), "score is 11, expected 0 to 10"),
        ("xacle", replaced("meta_data/validation.csv", "listener_id", "who"), "is also on line 2"),
        ("xacle", replaced("meta_data/validation.csv", ",1,1", ",1,2"), "listener '2' rates pair"),
        ("pam:audio", replaced("human_eval/audio/scores.csv", "REL", "MOS"), "no column 'REL'"),
        ("pam:audio", replaced("human_eval/audio/scores.csv", "alpha,1", "alpha,0"), "is also on line 2"),
        ("audioeval", replaced("annotations/ratings.csv", "alpha_0", "gamma_0"), "clip 'gamma_0' is not in"),
        ("audioeval", replaced("data/metadata.jsonl", "{", "["), "line 1: no JSON object with file_name"),
        ("audioeval", replaced("data/metadata.jsonl", '"a dog barks"', "null"), "prompt_text is no text"),
        ("audioeval", replaced("data/metadata.jsonl", "alpha_1.wav", "alpha_0.wav"), "line 2: clip 'alpha_0' again"),
        ("musiceval", replaced("sets/test_mos_list.txt", ",3.0,", ";3.0;"), "line 1: 1 fields, expected 3"),
        ("musiceval", replaced("sets/test_mos_list.txt", "S001_P001", "song"), "expected …-S001_P001.wav"),
        ("musiceval", replaced("prompt_info.txt", "P002", "P003"), "prompt P002 of"),
    ],
)
def test_broken_files_are_named(name: str, damage: Damage, expected: str, tmp_path: Path) -> None:
    root = WRITERS[name](tmp_path)
    damage(root)
    with pytest.raises(DataError) as caught:
        load_dataset(name, data_root=root)
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("name", "options", "kind", "expected"),
    [
        ("xacle", {"split": "tset"}, UsageError, "xacle has no split 'tset'; did you mean 'test'?"),
        ("pam:audio", {"split": "test"}, UsageError, "--split has no meaning for pam:audio"),
        ("musiceval", {"screening": "released"}, UsageError, "--screening has no meaning for musiceval"),
        ("musiceval", {"split": "dev"}, UnavailableError, "dev_mos_list.txt: no such file"),
    ],
)
def test_wrong_requests(
    name: str, options: dict[str, str], kind: type[ClapBenchError], expected: str, tmp_path: Path
) -> None:
    with pytest.raises(kind) as caught:
        load_dataset(name, data_root=WRITERS[name](tmp_path), **options)  # type: ignore[arg-type]
    assert expected in str(caught.value)
