"""Spellings of one caption are one caption: for clusters, splits, overlap and leakage."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.analysis.leakage import find_leakage
from bench.analysis.overlap import find_overlaps
from bench.datasets.adapters.custom import load_custom
from bench.datasets.captions import caption_id_of, caption_ids, caption_key, merged_captions
from finetune.data.splits import hold_out

SPELLINGS = (
    "A café: dogs bark",
    "a café: dogs bark.",
    "A CAFÉ:  dogs bark ",
    unicodedata.normalize("NFD", "A café: dogs bark"),
    "“A café: dogs bark!”",
    "Ａ café:\u00a0dogs bark。",
)


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_spellings_of_a_caption_have_one_key(spelling: str) -> None:
    assert caption_key(spelling) == caption_key(SPELLINGS[0])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a song in C#", "a song in C"),
        ("a dog barks", "a dog, barks"),
        ("dogs bark", "dog barks"),
        ("rain", "rain (loud)"),
        ("?", "!"),
        ("-5 dB", "5 dB"),
        ("café", "cafe"),
    ],
)
def test_other_words_and_signs_make_another_caption(one: str, other: str) -> None:
    assert caption_key(one) != caption_key(other)


@given(st.text())
def test_a_key_is_its_own_key_and_not_empty_unless_the_caption_is_blank(caption: str) -> None:
    key = caption_key(caption)
    assert caption_key(key) == key
    assert bool(key) == bool(caption.split())


@given(st.lists(st.sampled_from([*SPELLINGS, "a dog barks", "A dog barks.", "rain"])))
def test_ids_are_alike_exactly_where_keys_are(captions: list[str]) -> None:
    ids = caption_ids(captions)
    for one in captions:
        for other in captions:
            assert (ids[one] == ids[other]) == (caption_key(one) == caption_key(other))
    assert ids == caption_ids(reversed(captions))


def test_a_caption_with_one_spelling_keeps_the_id_of_its_text() -> None:
    captions = [*SPELLINGS, "Rain falls.", "rain"]
    assert caption_ids(captions)["Rain falls."] == caption_id_of("Rain falls.")
    assert caption_ids(captions)["rain"] == caption_id_of("rain")


def write(path: Path, captions: list[str], **columns: list[str]) -> Path:
    frame = pd.DataFrame({"audio_path": [f"{i}.wav" for i in range(len(captions))], "text": captions, "rating": 5})
    for name, values in columns.items():
        frame[name] = values
    frame.to_csv(path, index=False)
    return path


def test_pairs_are_clustered_by_spelling_and_captions_stay_verbatim(tmp_path: Path) -> None:
    loaded = load_custom(write(tmp_path / "r.csv", [*SPELLINGS, "rain"]))
    assert len({rated.caption_id for rated in loaded.pairs}) == 2
    assert [rated.pair.caption for rated in loaded.pairs] == [*SPELLINGS, "rain"]
    [remark] = loaded.remarks
    assert remark.startswith("6 captions are equal")
    assert remark.endswith("counted as 1")


def test_ids_that_the_data_give_win_row_by_row(tmp_path: Path) -> None:
    given_ids = ["x", "y", "x", "", "", "x"]
    loaded = load_custom(write(tmp_path / "r.csv", list(SPELLINGS), caption_id=given_ids))
    found = [rated.caption_id for rated in loaded.pairs]
    assert [one for one, own in zip(found, given_ids, strict=True) if own] == ["x", "y", "x", "x"]
    assert found[3] == found[4]
    assert found[3] not in "xy"


def test_no_remark_where_every_caption_has_one_spelling(tmp_path: Path) -> None:
    loaded = load_custom(write(tmp_path / "r.csv", ["rain", "rain", "a dog barks"]))
    assert loaded.remarks == loaded.notes == ()
    assert merged_captions([("Rain", "a"), ("rain", "b")]) is None


@pytest.mark.parametrize("seed", range(5))
def test_spellings_are_held_out_together(tmp_path: Path, seed: int) -> None:
    captions = [spelling for i in range(10) for spelling in (f"Caption {i}", f"caption {i}.", f" CAPTION  {i} ")]
    loaded = load_custom(write(tmp_path / "r.csv", captions))
    training, validation = hold_out(loaded.pairs, 0.3, "captions", seed)
    keys = [{caption_key(rated.pair.caption) for rated in part} for part in (training, validation)]
    assert len(validation) == 9
    assert not keys[0] & keys[1]


def test_overlap_and_leakage_see_other_spellings(tmp_path: Path) -> None:
    one = load_custom(write(tmp_path / "one.csv", ["A dog barks.", "rain"]))
    other = replace(load_custom(write(tmp_path / "other.csv", ["a dog  barks", "wind"])), name="other")
    [overlap] = find_overlaps([one, other], [{}, {}])
    assert overlap.captions == ("a dog barks",)
    assert (overlap.n_affected_first, overlap.n_affected_second) == (1, 1)
    training = {"data": [{"name": "other", "parts": {"train": {"captions": ["“a DOG barks”"]}}}]}
    [leakage] = find_leakage("m", training, one)
    assert leakage.items[0].shared == ("A dog barks.",)
    assert leakage.n_affected == 1
