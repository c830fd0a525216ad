"""A user's CSV file: what is read from it, and what every mistake in it says."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.datasets.adapters.custom import load_custom, parse_scale
from bench.datasets.captions import caption_id_of
from bench.datasets.types import RatingScale
from metrics.errors import ClapBenchError, DataError, UsageError


def write(folder: Path, *lines: str) -> Path:
    path = folder / "ratings.csv"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def error_of(folder: Path, *lines: str) -> str:
    with pytest.raises(DataError) as caught:
        load_custom(write(folder, *lines))
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    assert str(folder / "ratings.csv") in message
    return message


def test_one_row_a_pair(tmp_path: Path) -> None:
    path = write(tmp_path, "audio_path,text,rating", "clips/a.wav,A dog barks,7.5", "/far/b.wav,A dog barks,0")
    dataset = load_custom(path)
    assert dataset.name == str(path)
    assert dataset.audio_root == tmp_path
    assert dataset.ratings == ()
    first, second = sorted(dataset.pairs, key=lambda rated: -rated.mean_rating)
    assert first.pair.pair_id == f"clips/a.wav#{caption_id_of('A dog barks')}"
    assert first.pair.audio_path == tmp_path / "clips" / "a.wav"
    assert second.pair.audio_path == Path("/far/b.wav")
    assert (first.mean_rating, first.n_ratings) == (7.5, 1)
    assert (first.source, first.system, first.split) == (None, None, None)
    assert first.caption_id == second.caption_id


def test_listeners_are_averaged(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "pair_id,listener_id,rating,audio_path,text,source,system,split,caption_id",
        "p,anna,1,a.wav,A dog,synthesized,tango,test,dog",
        "q,anna,5,b.wav,A dog,natural,,test,dog",
        "p,ben,4,a.wav,A dog,synthesized,tango,test,dog",
    )
    dataset = load_custom(path, scale="1-5")
    p, q = dataset.pairs
    assert (p.pair.pair_id, p.mean_rating, p.n_ratings) == ("p", 2.5, 2)
    assert (p.source, p.system, p.split, p.caption_id) == ("synthesized", "tango", "test", "dog")
    assert (q.source, q.system) == ("natural", None)
    assert [(rating.pair_id, rating.listener_id, rating.score) for rating in dataset.ratings] == [
        ("p", "anna", 1.0),
        ("q", "anna", 5.0),
        ("p", "ben", 4.0),
    ]
    assert dataset.scale == RatingScale(1.0, 5.0)


def test_one_clip_with_two_captions_is_two_pairs(tmp_path: Path) -> None:
    path = write(tmp_path, "audio_path,text,rating", "a.wav,A dog,1", "a.wav,A cat,8")
    assert len({rated.pair.pair_id for rated in load_custom(path).pairs}) == 2


def test_splits(tmp_path: Path) -> None:
    path = write(tmp_path, "audio_path,text,rating,split", "a.wav,A,1,train", "b.wav,B,8,test")
    assert len(load_custom(path).pairs) == 2
    assert [rated.pair.caption for rated in load_custom(path, split="test").pairs] == ["B"]
    with pytest.raises(UsageError, match=r"no split 'tset'; did you mean 'test'\? \(known: test, train\)"):
        load_custom(path, split="tset")
    with pytest.raises(UsageError, match="column split is absent or empty"):
        load_custom(write(tmp_path, "audio_path,text,rating", "a.wav,A,1"), split="test")


def test_columns_that_are_not_used_are_noted(tmp_path: Path) -> None:
    path = write(tmp_path, "audio_path,text,rating,sytem", "a.wav,A,1,tango")
    assert load_custom(path).notes == ("columns not used: sytem",)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("audio_path,caption,rating", "a.wav,A,1"), "no column 'text' (found"),
        (("audio_path,text,ratings", "a.wav,A,1"), "rename 'ratings', if that is it, to 'rating'"),
        (("audio_path,text,rating", "a.wav,A,1", "b.wav,B,11"), "line 3: rating is 11, expected 0 to 10"),
        (("audio_path,text,rating", "a.wav,A,-1"), "line 2: rating is -1, expected 0 to 10"),
        (("audio_path,text,rating", "a.wav,A,good"), "line 2: rating is 'good', expected a number"),
        (("audio_path,text,rating", "a.wav,A,NaN"), "line 2: rating is 'NaN', expected a finite number"),
        (("audio_path,text,rating", "a.wav,A,"), "line 2: rating is '', expected a number"),
        (("audio_path,text,rating", ",A,1"), "line 2: audio_path is empty"),
        (("audio_path,text,rating", "a.wav, ,1"), "line 2: text is empty"),
        (("audio_path,text,rating,listener_id", "a.wav,A,1,"), "line 2: listener_id is empty"),
        (("audio_path,text,rating,source", "a.wav,A,1,synthetic"), "expected natural or synthesized or nothing; did"),
        (
            ("audio_path,text,rating", "a.wav,A,1", "a.wav,A,2"),
            "is also on line 2; remove one of them, or add a column",
        ),
        (
            ("audio_path,text,rating,listener_id", "a.wav,A,1,x", "a.wav,A,2,x"),
            "line 3: listener 'x' rates pair 'a.wav#559aead08264' again (first on line 2)",
        ),
        (
            ("audio_path,text,rating,listener_id,source", "a.wav,A,1,x,natural", "a.wav,A,2,y,synthesized"),
            "line 3: pair 'a.wav#559aead08264' has source 'synthesized', but 'natural' on line 2",
        ),
        (
            ("audio_path,text,rating,listener_id,system", "a.wav,A,1,x,tango", "a.wav,A,2,y,"),
            "has system none, but 'tango' on line 2",
        ),
        (("pair_id,audio_path,text,rating,listener_id", "p,a.wav,A,1,x", "p,b.wav,A,2,y"), "has audio_path"),
        (("audio_path,text,rating",), "no rows below the header"),
        (("audio_path,text,rating", 'a.wav,"A dog,1'), "a quote opens in this record and never closes"),
        (("audio_path,text,rating", "a.wav,A,1", "b.wav,"), "line 3: 2 fields, expected 3"),
    ],
)
def test_mistakes(tmp_path: Path, lines: tuple[str, ...], expected: str) -> None:
    assert expected in error_of(tmp_path, *lines)


def test_duplicates_of_other_splits_are_mistakes_too(tmp_path: Path) -> None:
    path = write(tmp_path, "audio_path,text,rating,split", "a.wav,A,1,train", "a.wav,A,2,train", "b.wav,B,2,test")
    with pytest.raises(DataError, match="is also on line 2"):
        load_custom(path, split="test")


@pytest.mark.parametrize(
    ("ratings", "likely"),
    [
        (("1", "5"), "1-5"),
        (("1.2", "3", "4.8"), "1-5"),
        (("0", "5"), "0-5"),
        (("0", "0.25", "1"), "0-1"),
        (("2", "6", "7"), "1-7"),
    ],
)
def test_a_scale_that_the_ratings_do_not_fill_is_asked_for(
    tmp_path: Path, ratings: tuple[str, ...], likely: str
) -> None:
    path = write(tmp_path, "audio_path,text,rating", *(f"{k}.wav,A,{rating}" for k, rating in enumerate(ratings)))
    expected = (
        f"{path}: ratings go from {ratings[0]} to {ratings[-1]}, which fills half or less of 0-10, the scale without "
        f"--scale; MSE and the score bands depend on it: give --scale {likely}, which is likely, or --scale 0-10 if "
        "that is right"
    )
    with pytest.raises(UsageError) as caught:
        load_custom(path)
    assert str(caught.value) == expected
    for scale in (likely, "0-10"):
        assert len(load_custom(path, scale=scale).pairs) == len(ratings)


def test_ratings_that_fit_no_smaller_scale_may_still_be_of_another(tmp_path: Path) -> None:
    path = write(tmp_path, "audio_path,text,rating", "a.wav,A,4", "b.wav,B,9")
    with pytest.raises(UsageError, match=r"depend on it: give the one that listeners had, e.g. --scale 0-10$"):
        load_custom(path)


@pytest.mark.parametrize("ratings", [("0", "5.1"), ("4.5", "10"), ("5", "5")])
def test_ratings_that_fill_more_than_half_or_are_all_one_need_no_scale(
    tmp_path: Path, ratings: tuple[str, str]
) -> None:
    path = write(tmp_path, "audio_path,text,rating", *(f"{k}.wav,A,{rating}" for k, rating in enumerate(ratings)))
    assert load_custom(path).scale == RatingScale(0.0, 10.0)


def test_the_scale_is_that_of_the_file_and_not_of_a_split(tmp_path: Path) -> None:
    path = write(tmp_path, "audio_path,text,rating,split", "a.wav,A,1,x", "b.wav,B,3,x", "c.wav,C,9,y")
    assert len(load_custom(path, split="x").pairs) == 2


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [("0-10", 0, 10), (" 1 - 5 ", 1, 5), ("-3-3", -3, 3), ("-3--1", -3, -1), ("0.5-1.5", 0.5, 1.5)],
)
def test_scales(text: str, low: float, high: float) -> None:
    assert parse_scale(text) == RatingScale(float(low), float(high))


@pytest.mark.parametrize("text", ["", "10", "10-0", "5-5", "0-", "a-b", "0-10-20", "0-inf", "nan-1", "٠-١"])
def test_scales_that_are_none(text: str) -> None:
    with pytest.raises(UsageError, match="expected LOW-HIGH"):
        parse_scale(text)


FIELD = st.text(alphabet='ab.,"\n é\0', max_size=6) | st.sampled_from(["1", "10", "nan", "natural", "x", "1e400", "-0"])
COLUMNS = st.lists(
    st.sampled_from(["audio_path", "text", "rating", "listener_id", "pair_id", "source", "split", ""]), max_size=8
)


@given(header=COLUMNS, rows=st.lists(st.lists(FIELD, max_size=8), max_size=5), split=st.none() | FIELD)
def test_any_table_gives_a_data_set_or_a_clear_error(
    tmp_path_factory: pytest.TempPathFactory, header: list[str], rows: list[list[str]], split: str | None
) -> None:
    path = write(tmp_path_factory.getbasetemp(), *(",".join(row) for row in [header, *rows]))
    check_outcome(path, split)


@given(
    rows=st.lists(
        st.tuples(st.sampled_from("ab"), st.sampled_from("AB"), st.integers(-1, 11), st.sampled_from("xyz")), min_size=1
    )
)
def test_plausible_tables_give_consistent_data_or_a_clear_error(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, int, str]]
) -> None:
    lines = [f"{clip}.wav,{text},{rating},{listener}" for clip, text, rating, listener in rows]
    check_outcome(write(tmp_path_factory.getbasetemp(), "audio_path,text,rating,listener_id", *lines), None)


def check_outcome(path: Path, split: str | None) -> None:
    try:
        dataset = load_custom(path, split=split)
    except ClapBenchError as caught:
        message = str(caught)
        dataset = None
    if dataset is None:
        assert len(message.splitlines()) == 1
        return
    assert len({rated.pair.pair_id for rated in dataset.pairs}) == len(dataset.pairs)
    for rated in dataset.pairs:
        given_to_it = [rating.score for rating in dataset.ratings if rating.pair_id == rated.pair.pair_id]
        assert not given_to_it or len(given_to_it) == rated.n_ratings
        assert not given_to_it or math.isclose(sum(given_to_it) / len(given_to_it), rated.mean_rating)
        assert 0 <= rated.mean_rating <= 10
