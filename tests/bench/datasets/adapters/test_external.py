"""Other people's data sets, from miniature copies of their layouts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.analysis.audit import audit_audio
from bench.datasets.catalog import entries, find_entry, load_dataset
from metrics.errors import ClapBenchError, DataError, UnavailableError, UsageError
from tests.bench.datasets.adapters.external_sets import (
    CAPTIONS,
    FILE_NAMES,
    write_audioeval,
    write_clotho,
    write_musiceval,
    write_pam,
    write_xacle,
)
from tests.commands import Bench

WRITERS: dict[str, Callable[[Path], Path]] = {
    "xacle": write_xacle,
    "pam:audio": write_pam,
    "pam:music": lambda root: write_pam(root, "music"),
    "clotho": write_clotho,
    "audioeval": write_audioeval,
    "audioeval:expert": write_audioeval,
    "audioeval:crowd": write_audioeval,
    "musiceval": write_musiceval,
}


def test_every_external_set_has_a_miniature() -> None:
    assert set(WRITERS) == {entry.name for entry in entries() if entry.find.endswith(":find_set")}


@pytest.mark.parametrize("name", WRITERS)
def test_every_pair_finds_its_clip(name: str, tmp_path: Path) -> None:
    root = WRITERS[name](tmp_path)
    dataset = load_dataset(name, data_root=root)
    clips = [rated.pair.audio_path for rated in dataset.pairs]
    assert len(set(clips)) == len(dataset.pairs) >= 3
    found = audit_audio(dataset.audio_text_pairs, find_entry(name).sample_rate_hz)
    assert (found.n_clips, found.missing, found.unreadable, found.wrong_rate) == (len(clips), (), (), ())
    assert set(clips) <= set(root.rglob("*.wav"))
    assert all(not dataset.portable_name(clip).startswith("/") for clip in clips)


@pytest.mark.parametrize("name", WRITERS)
def test_the_audit_finds_every_clip_and_says_which_is_missing(name: str, tmp_path: Path, bench: Bench) -> None:
    root = WRITERS[name](tmp_path / "data")
    found = json.loads(bench("datasets", "audit", name, "--data-root", root, "--json").out)["audio"]
    assert (found["n_clips"] >= 3, found["missing"]) == (True, [])
    load_dataset(name, data_root=root).pairs[1].pair.audio_path.unlink()
    again = bench("datasets", "audit", name, "--data-root", root, "--json")
    assert again.status == 0
    [missing] = json.loads(again.out)["audio"]["missing"]
    assert missing["pair_id"] == load_dataset(name, data_root=root).pairs[1].pair.pair_id


@pytest.mark.parametrize(
    "columns",
    [
        "wav_file_name,text,score,listener_id",
        "wavname,text,score,listener_id",
        "wav_name,caption,rating,listener",
        "wave_file_name,text,11-point semantic-alignment score,listener_id",
    ],
)
@pytest.mark.parametrize("slash", ["", "/"])
def test_xacle_with_listeners(tmp_path: Path, columns: str, slash: str) -> None:
    dataset = load_dataset("xacle", data_root=write_xacle(tmp_path, columns=columns, slash=slash))
    assert [(r.pair.caption, r.mean_rating, r.n_ratings) for r in dataset.pairs] == [
        (caption, 2 * k + 1.5, 2) for k, caption in enumerate(CAPTIONS)
    ]
    assert len(dataset.ratings) == 6
    clips = {rated.pair.audio_path for rated in dataset.pairs}
    assert clips == {tmp_path / "wav" / "validation" / f"{k}.wav" for k in range(3)}
    assert (dataset.split, dataset.scale.low, dataset.scale.high) == ("validation", 0, 10)


@pytest.mark.parametrize("split", ["train", "validation", "test"])
@pytest.mark.parametrize("clips", ["", None])
@pytest.mark.parametrize("home", ["", "XACLE_dataset"])
def test_clips_of_xacle_lie_by_part_or_all_in_one_folder(
    tmp_path: Path, split: str, clips: str | None, home: str
) -> None:
    write_xacle(tmp_path / home, split=split, clips=clips)
    dataset = load_dataset("xacle", data_root=tmp_path, split=split)
    expected = tmp_path / home / "wav" / (split if clips is None else "")
    assert {rated.pair.audio_path for rated in dataset.pairs} == {expected / f"{k}.wav" for k in range(3)}
    assert [rated.pair.pair_id.partition("#")[0] for rated in dataset.pairs] == ["0.wav", "1.wav", "2.wav"]
    assert find_entry("xacle").presence(tmp_path).ratings


@pytest.mark.parametrize("beside", [True, False])
def test_the_scored_test_part_of_xacle_is_a_second_folder(tmp_path: Path, beside: bool) -> None:
    home = tmp_path / "XACLE_dataset" if beside else tmp_path
    write_xacle(home)
    unrated = home / "meta_data" / "test.csv"
    unrated.write_text("wav_file_name,text\n0.wav,a dog barks\n")
    with pytest.raises(UnavailableError, match=r"test.csv: lists clips and no ratings; .*'Download test data'"):
        load_dataset("xacle", data_root=tmp_path, split="test")
    write_xacle(tmp_path / "XACLE_test_data", split="test", clips="", name="test.csv")
    dataset = load_dataset("xacle", data_root=tmp_path, split="test")
    clips = {rated.pair.audio_path for rated in dataset.pairs}
    assert clips == {tmp_path / "XACLE_test_data" / "wav" / f"{k}.wav" for k in range(3)}
    assert {dataset.portable_name(clip) for clip in clips} == {f"XACLE_test_data/wav/{k}.wav" for k in range(3)}


def test_a_clip_of_xacle_that_is_missing_is_named_where_the_baseline_has_it(tmp_path: Path) -> None:
    (write_xacle(tmp_path) / "wav" / "validation" / "1.wav").unlink()
    dataset = load_dataset("xacle", data_root=tmp_path)
    assert dataset.pairs[1].pair.audio_path == tmp_path / "wav" / "validation" / "1.wav"


def test_xacle_prefers_the_file_that_names_listeners(tmp_path: Path) -> None:
    write_xacle(tmp_path, averages=True, columns="wav_file_name,text,average_score")
    path = write_xacle(tmp_path) / "meta_data" / "validation.csv"
    assert len(load_dataset("xacle", data_root=tmp_path).ratings) == 6
    path.write_text(path.read_text().replace("score", "skore", 1))
    with pytest.raises(DataError, match="no column 'score'"):
        load_dataset("xacle", data_root=tmp_path)


def test_xacle_test_part_once_it_has_scores(tmp_path: Path) -> None:
    columns = "wav_file_name,text,average_score"
    write_xacle(tmp_path, averages=True, columns=columns, split="test", name="test_with_score.csv")
    (tmp_path / "meta_data" / "test.csv").write_text("wav_file_name,text\n0.wav,a dog barks\n")
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


def test_clotho_rates_relevance_of_clips_with_names_of_any_kind(tmp_path: Path) -> None:
    dataset = load_dataset("clotho", data_root=write_clotho(tmp_path))
    assert len(dataset.pairs) == 9
    by_id = {rated.pair.pair_id: rated for rated in dataset.pairs}
    assert set(by_id) == {f"{s}/{n.removesuffix('.wav')}" for s in ("real", "alpha", "beta") for n in FILE_NAMES}
    first = by_id["real/The Desert (Entrance)"]
    assert (first.mean_rating, first.source, first.system, first.pair.caption) == (1.3, "natural", "real", CAPTIONS[0])
    assert first.pair.audio_path == tmp_path / "wave_all_16k" / "real" / FILE_NAMES[0]
    assert by_id["beta/growl #2 [short]"].source == "synthesized"
    assert {rated.caption_id for rated in dataset.pairs} == {rated.caption_id for rated in dataset.pairs[:3]}
    assert (dataset.scale.low, dataset.scale.high, dataset.ratings) == (1, 5, ())
    assert "Only mean ratings are published" in dataset.notes[0]


@pytest.mark.parametrize(
    ("rating", "rater", "kind"),
    [("text_alignment", "rater_id", "rater_type"), ("alignment", "annotator_id", "rater_group")],
)
def test_audioeval_joins_clips_and_raters(tmp_path: Path, rating: str, rater: str, kind: str) -> None:
    root = write_audioeval(tmp_path, rating, rater, kind)
    dataset = load_dataset("audioeval", data_root=root)
    first = dataset.pairs[0]
    assert (first.pair.pair_id, first.pair.caption, first.system, first.mean_rating, first.n_ratings) == (
        "alpha_0", CAPTIONS[0], "alpha", 2.5, 4,
    )  # fmt: skip
    assert first.pair.audio_path == tmp_path / "data" / "alpha_0.wav"
    assert len(dataset.pairs) == 6
    assert len(dataset.ratings) == 24
    assert "audioeval:expert and audioeval:crowd are apart" in dataset.notes[0]


@pytest.mark.parametrize(("name", "who", "mean"), [("expert", {"e1", "e2"}, 1.5), ("crowd", {"n1", "n2"}, 3.5)])
@pytest.mark.parametrize("other", ["non_expert", "Non-Expert", "nonexpert", "crowd"])
def test_experts_and_others_are_two_targets(tmp_path: Path, name: str, who: set[str], mean: float, other: str) -> None:
    path = write_audioeval(tmp_path) / "annotations" / "ratings.csv"
    path.write_text(path.read_text().replace("non_expert", other))
    dataset = load_dataset(f"audioeval:{name}", data_root=tmp_path)
    assert (dataset.name, dataset.notes) == (f"audioeval:{name}", ())
    assert {rating.listener_id for rating in dataset.ratings} == who
    assert [rated.n_ratings for rated in dataset.pairs] == [2] * 6
    assert dataset.pairs[0].mean_rating == mean


def test_audioeval_pools_raters_of_whom_nothing_is_known(tmp_path: Path) -> None:
    root = write_audioeval(tmp_path, kind="shift")
    assert len(load_dataset("audioeval", data_root=root).ratings) == 24
    with pytest.raises(DataError, match="no column 'rater_type'"):
        load_dataset("audioeval:expert", data_root=root)


def test_musiceval_takes_a_clips_own_prompt_first(tmp_path: Path) -> None:
    dataset = load_dataset("musiceval", data_root=write_musiceval(tmp_path))
    prompts = {rated.pair.pair_id.partition("track1-")[2]: rated.pair.caption for rated in dataset.pairs}
    assert prompts["S001_P001"] == "a bright piano"
    assert prompts["S001_P002"] == 'slow strings, then "heavy" drums'
    assert prompts["S003_P001"] == "a choir"
    assert {rated.system for rated in dataset.pairs} == {"S001", "S002", "S003"}
    assert dataset.notes == ("1 of 5 clips are demos of their systems' makers, with prompts of their own.",)


def test_a_prompt_whose_quotes_are_its_own_keeps_them(tmp_path: Path) -> None:
    path = write_musiceval(tmp_path) / "prompt_info.txt"
    path.write_text('id\ttext\nP001\t"Bright" piano\nP002\ta 12" record\n')
    captions = {rated.pair.caption for rated in load_dataset("musiceval", data_root=tmp_path).pairs}
    assert captions == {'"Bright" piano', 'a 12" record', "a choir"}


@pytest.mark.parametrize("means", [True, False])
def test_musiceval_names_its_raters(tmp_path: Path, means: bool) -> None:
    dataset = load_dataset("musiceval", data_root=write_musiceval(tmp_path, means=means))
    assert {rating.listener_id for rating in dataset.ratings} == {"1", "2", "3"}
    assert [rated.n_ratings for rated in dataset.pairs] == [2] * 5
    assert [rated.mean_rating for rated in dataset.pairs] == [2.5, 3.0, 3.5, 4.0, 4.5]


def test_musiceval_with_means_alone(tmp_path: Path) -> None:
    dataset = load_dataset("musiceval", data_root=write_musiceval(tmp_path, single=False))
    assert dataset.ratings == ()
    assert (dataset.pairs[0].mean_rating, dataset.pairs[0].n_ratings) == (2.5, 5)
    assert dataset.notes[0] == "This copy has no raters (person_mos/): no noise ceiling can be estimated."


def test_musiceval_without_the_raters_names(tmp_path: Path) -> None:
    path = write_musiceval(tmp_path) / "person_mos" / "test_person_mos.txt"
    rows = [line.split(",") for line in path.read_text().splitlines()]
    path.write_text("\n".join(f"{clip},{overall},{alignment}" for clip, _, overall, alignment in rows))
    dataset = load_dataset("musiceval", data_root=tmp_path)
    assert dataset.ratings == ()
    assert [(rated.mean_rating, rated.n_ratings) for rated in dataset.pairs][1] == (3.0, 2)
    assert dataset.notes[0].startswith("This copy has no raters")


def test_single_ratings_of_all_of_musiceval_serve_each_part(tmp_path: Path) -> None:
    write_musiceval(tmp_path, split="total", means=False)
    clips = (tmp_path / "person_mos" / "total_person_mos.txt").read_text().split(",")[0]
    (tmp_path / "sets").mkdir()
    (tmp_path / "sets" / "dev_mos_list.txt").write_text(f"{clips},3.0,2.5\n")
    assert len(load_dataset("musiceval", data_root=tmp_path, split="total").pairs) == 5
    [rated] = load_dataset("musiceval", data_root=tmp_path, split="dev").pairs
    assert (rated.n_ratings, rated.mean_rating) == (2, 2.5)
    with pytest.raises(UnavailableError, match=r"train_mos_list\.txt: no such file"):
        load_dataset("musiceval", data_root=tmp_path, split="train")


def test_a_header_above_ratings_is_passed_over(tmp_path: Path) -> None:
    path = write_musiceval(tmp_path) / "person_mos" / "test_person_mos.txt"
    path.write_text("filename,rater,MI,TA\n" + path.read_text())
    assert len(load_dataset("musiceval", data_root=tmp_path).ratings) == 10


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


@pytest.mark.parametrize("name", ["xacle", "musiceval", "clotho"])
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
    assert present(root) == (True, True)
    for clip in root.rglob("*.wav"):
        clip.unlink()
    assert present(root) == (True, False)


@pytest.mark.parametrize("column", ["pred_score", "prediction_score"])
def test_a_submission_to_xacle_is_a_score_file(tmp_path: Path, bench: Bench, column: str) -> None:
    root, submission = write_xacle(tmp_path / "data"), tmp_path / "inference.csv"
    submission.write_text(f"wav_file_name,{column}\n" + "".join(f"{k}.wav,{k / 10}\n" for k in range(4)))
    result = bench(
        "run", "--dataset", "xacle", "--data-root", root, "--scores", f"mine={submission}", "--resamples", "19",
        "--out", tmp_path / "run",
    )  # fmt: skip
    assert result.status == 0, result.err
    assert "3 of 4 rows name their pairs in another case, or by the end of the path" in result.err
    assert "of 4 rows 1 names no pair of this data set and split (first: line 5, '3.wav'); they are not" in result.err
    scores = [line.rsplit(",", 1)[1] for line in (tmp_path / "run" / "scores.csv").read_text().splitlines()]
    assert scores == ["mine", "0.0", "0.1", "0.2"]


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
        ("audioeval:expert", replaced("annotations/ratings.csv", ",expert,", ",guest,"), "the rater is 'guest'"),
        (
            "audioeval:crowd",
            replaced("annotations/ratings.csv", "n1,non_expert,5,3", "n1,non_expert,5,20"),
            "text alignment is 20, expected 1 to 10",
        ),
        ("clotho", replaced("clotho_ovl_rel_test_set.csv", ",1.3", ",0.3"), "relevance is 0.3, expected 1 to 5"),
        ("clotho", replaced("clotho_ovl_rel_test_set.csv", ",alpha,", ",real,"), "is also on line 2"),
        ("musiceval", replaced("sets/test_mos_list.txt", ",3.0,", ";3.0;"), "line 1: 1 fields, expected 3"),
        ("musiceval", replaced("sets/test_mos_list.txt", "S001_P001", "S009_P001"), "1 clips of"),
        ("musiceval", replaced("person_mos/test_person_mos.txt", ",3,", ",3;"), "3 fields, expected 4 as in"),
        ("musiceval", replaced("person_mos/test_person_mos.txt", "S001_P001", "song"), "expected …-S001_P001.wav"),
        ("musiceval", replaced("person_mos/test_person_mos.txt", ",3,3.0", ",3,9"), "expected 1 to 5"),
        ("musiceval", replaced("person_mos/test_person_mos.txt", ".wav,1,", ".wav,,"), "1 is empty"),
        ("musiceval", replaced("prompt_info.txt", "P002", "P001"), "prompt 'P001' has another text than above"),
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
