"""RELATE's layout and its traps, on small files; the real files are in test_relate_release.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.analysis.audit import audit_audio
from bench.datasets.adapters import relate_release
from bench.datasets.adapters.relate import load_relate
from bench.datasets.adapters.relate_release import Counts
from bench.datasets.catalog import find_entry
from metrics.errors import DataError, UnavailableError, UsageError
from tests.bench.datasets.adapters.synthetic_relate import (
    REL_HEADER,
    Row,
    rel_rows,
    write_clips,
    write_is_and_os,
    write_relate,
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_is_and_os(write_relate(tmp_path))


def listeners_of(root: Path, **options: str) -> set[str]:
    return {rating.listener_id for rating in load_relate(root, **options).ratings}  # type: ignore[arg-type]


def test_pairs_of_the_default_selection(root: Path) -> None:
    dataset = load_relate(root)
    assert (dataset.name, dataset.split, dataset.screening) == ("relate", "test", "released")
    assert (dataset.scale.low, dataset.scale.high) == (0.0, 10.0)
    assert [rated.pair.pair_id for rated in dataset.pairs] == sorted(
        f"{system}/test/{clip}" for system in relate_release.SYSTEMS for clip in "34"
    )
    by_id = {rated.pair.pair_id: rated for rated in dataset.pairs}
    pair = by_id["audioldm2/test/3"]
    assert pair.pair.caption == 'A man says "hello" and a door closes'
    assert pair.pair.audio_path == root / "RELATE_wave" / "audioldm2" / "test" / "3.wav"
    assert (pair.source, pair.system, pair.split) == ("synthesized", "audioldm2", "test")
    assert by_id["audiocaps/test/3"].source == "natural"
    assert by_id["audiocaps/test/3"].caption_id == pair.caption_id != by_id["audioldm2/test/4"].caption_id


def test_mean_over_the_listeners_who_remain(root: Path) -> None:
    pairs = {rated.pair.pair_id: rated for rated in load_relate(root, split="train").pairs}
    # clip 1 of the first system is rated 1 by listener 0000 and 2 by 0001; the others fail the anchors
    assert pairs["audiocaps/train/1"].mean_rating == 1.5
    assert pairs["audiocaps/train/1"].n_ratings == 2


@pytest.mark.parametrize(
    ("split", "screening", "expected"),
    [
        ("train", "released", {"0000", "0001"}),
        ("test", "released", {"0000"}),
        ("csv-validation", "released", {"0000"}),
        ("validation", "released", {"0000"}),
        ("test", "anchor-mean", {"0000", "0001", "0002"}),
        ("test", "none", {"0000", "0001", "0002", "0003"}),
    ],
)
def test_screenings(root: Path, split: str, screening: str, expected: set[str]) -> None:
    assert listeners_of(root, split=split, screening=screening) == expected
    if not split.endswith("validation"):
        assert listeners_of(root, kind="is", split=split, screening=screening) == expected


def test_validation_is_half_of_test(root: Path) -> None:
    halves = [load_relate(root, split=split).pairs for split in ("validation", "csv-test")]
    assert [pair.pair.pair_id for half in halves for pair in half] == [
        f"{system}/test/{clip}" for clip in "34" for system in sorted(relate_release.SYSTEMS)
    ]
    assert {pair.split for pair in halves[0]} == {"csv-validation"}


def test_unmarked_anchors_are_dropped(root: Path) -> None:
    captions = {rated.pair.caption for rated in load_relate(root, split="train").pairs}
    assert captions == {"A dog barks", "Rain falls, then thunder rolls"}


def test_released_order_ratings_are_screened_by_the_anchors_of_is(root: Path) -> None:
    dataset = load_relate(root, kind="os", split="train")
    assert dataset.name == "relate:os"
    assert dataset.notes[0] == (
        "screening: mean of each listener's own anchors below 2 in the IS test, and captions with followed, then, "
        "before, after, which does not give the counts of RELATE's README"
    )
    assert {rated.pair.caption for rated in dataset.pairs} == {"Rain falls, then thunder rolls"}
    assert {rating.listener_id for rating in dataset.ratings} == {"0000", "0001"}
    with pytest.raises(DataError, match="no ratings are left in split train"):
        load_relate(root, kind="os", split="train", screening="anchor-mean")
    (root / "scores" / "IS.csv").unlink()
    with pytest.raises(UnavailableError, match=r"IS\.csv"):
        load_relate(root, kind="os", split="train")


@pytest.mark.parametrize("inside", [".", "RELATE_wave"])
def test_clips_lie_in_their_own_folder_or_at_the_root(root: Path, inside: str) -> None:
    (root / inside / "tango").mkdir(parents=True)
    assert load_relate(root).audio_root == root / inside


@pytest.mark.parametrize(
    "inside", [".", "RELATE_wave", "wav", "data/wav", "RELATE_wave/wav", "RELATE_wave/RELATE_wave", "what I unpacked"]
)
def test_clips_are_found_wherever_the_archive_was_unpacked(root: Path, inside: str) -> None:
    write_clips(root / inside)
    dataset = load_relate(root)
    found = audit_audio(dataset.audio_text_pairs, relate_release.SAMPLE_RATE_HZ)
    assert (found.n_clips, found.missing, found.wrong_rate) == (10, (), ())
    assert dataset.portable_name(dataset.pairs[0].pair.audio_path) == "audiocaps/test/3.wav"
    assert find_entry("relate").presence(root).audio


def test_a_folder_with_some_of_the_systems_is_not_taken_for_the_clips(root: Path) -> None:
    (root / "others" / "tango" / "test").mkdir(parents=True)
    dataset = load_relate(root)
    assert dataset.audio_root == root / "RELATE_wave"
    assert len(audit_audio(dataset.audio_text_pairs).missing) == 10


def test_root_from_the_environment(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELATE_ROOT", str(root))
    assert load_relate().pairs
    assert load_relate().audio_root == root / "RELATE_wave"
    monkeypatch.delenv("RELATE_ROOT")
    assert relate_release.data_root().name == "relate"


def test_absent_file_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError) as caught:
        load_relate(tmp_path)
    assert "scores/REL.csv" in str(caught.value)
    assert "'bench datasets pull relate'" in str(caught.value)
    assert "--data-root" in str(caught.value)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"split": "tset"}, "unknown split 'tset'; did you mean 'test'?"),
        ({"screening": "realeased"}, "unknown screening 'realeased'; did you mean 'released'?"),
        ({"split": "csv-test", "screening": "none"}, "'csv-test' exists only for relate with --screening released"),
        ({"split": "validation", "kind": "is"}, "'validation' exists only for relate with --screening released"),
    ],
)
def test_wrong_requests(root: Path, options: dict[str, str], expected: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_relate(root, **options)  # type: ignore[arg-type]
    assert expected in str(caught.value)


BROKEN = 52  # the index of the first listener's rating of /audiocaps/test/3.wav, on line 54


def error_after(root: Path, change: Row, screening: str = "released") -> str:
    rows = rel_rows()
    assert (rows[BROKEN]["wavname"], rows[BROKEN]["listener_id"]) == ("/audiocaps/test/3.wav", "0000")
    rows[BROKEN] |= change
    with pytest.raises(DataError) as caught:
        load_relate(write_relate(root, rows), screening=screening)
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    return message


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"score": "11"}, "score is 11, expected 0 to 10"),
        ({"score": "nan"}, "score is 'nan', expected a finite number"),
        ({"wavname": "/audiocaps/test/../../x.wav"}, "wavname is '/audiocaps/test/../../x.wav', expected /SYSTEM/"),
        ({"wavname": "/bark/test/3.wav"}, "wavname is '/bark/test/3.wav', expected /SYSTEM/"),
        ({"text": " "}, "text is empty"),
        ({"listener_id": ""}, "listener_id is empty"),
        ({"anchor label": "maybe"}, "'anchor label' is 'maybe', expected True or False"),
        ({"in RELATE dataset": "dev"}, "'in RELATE dataset' is 'dev', expected train or validation"),
    ],
)
def test_broken_rows_are_named(tmp_path: Path, change: Row, expected: str) -> None:
    assert f"REL.csv, line 54: {expected}" in error_after(tmp_path, change)


def test_rows_that_contradict_each_other_are_named(tmp_path: Path) -> None:
    assert (
        "line 55: pair 'audiocaps/test/3' has caption 'A man says \"hello\" and a door closes', "
        "but 'Another' on line 54; give all rows of a pair the same caption"
    ) in error_after(tmp_path, {"text": "Another"}, "none")
    assert (
        "line 55: listener '0001' rates pair 'audiocaps/test/3' again (first on line 54), expected once"
    ) in error_after(tmp_path, {"listener_id": "0001"}, "none")


def test_a_listener_without_anchors_cannot_be_screened(tmp_path: Path) -> None:
    rows = [row for row in rel_rows() if row["anchor label"] == "False" or row["listener_id"] != "0002"]
    root = write_relate(tmp_path, rows)
    with pytest.raises(DataError, match="listener '0002' rates no anchor to be screened by; use --screening none"):
        load_relate(root, screening="anchor-mean")
    assert "0002" in listeners_of(root, screening="none")


def test_other_files_than_the_release_are_used_with_a_note(root: Path) -> None:
    (note,) = load_relate(root).notes
    assert note == "REL.csv is not the known release (92 rows): its counts are not checked"


def test_counts_are_asserted_where_the_file_claims_to_be_the_release(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(relate_release.N_ROWS, "rel", 92)
    with pytest.raises(DataError) as caught:
        load_relate(root)
    assert "gives 10 pairs, 10 ratings, 1 listeners, but the release has 2,598 pairs, 7,797 ratings" in str(
        caught.value
    )
    monkeypatch.setitem(relate_release.EXPECTED_COUNTS, ("rel", "test", "released"), Counts(10, 10, 1))
    assert load_relate(root).notes == ("REL.csv differs from the known release in its bytes, though not in its counts",)
    monkeypatch.setitem(relate_release.SHA256, "scores/REL.csv", load_relate(root).source_sha256)
    assert load_relate(root).notes == ()


def test_missing_column_names_the_nearest(tmp_path: Path) -> None:
    header = tuple("in RELATE datset" if name == "in RELATE dataset" else name for name in REL_HEADER)
    with pytest.raises(
        DataError, match=r"no column 'in RELATE dataset' .*rename 'in RELATE datset', if that is it, to"
    ):
        load_relate(write_relate(tmp_path, header=header))
