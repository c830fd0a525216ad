"""Scores computed elsewhere: rows find their pairs however people name them, and no pair is joined away in silence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.datasets.score_files import read_score_file
from bench.files.scores import make_pairs_frame
from metrics.errors import DataError
from tests.bench.conftest import write_scores

CAPTIONS = ("a dog, barking", 'a "loud" bell', "rain\nand wind", "=1+1 🔔")
AUDIO = ("audio/0.wav", "audio/1.wav", "audio/2.wav", "audio/3.wav")
RELATE = ("audiocaps/test/7.wav", "tango/test/7.wav", "audiocaps/test/8.wav", "tango/test/9.wav")


def frame(
    audio: Sequence[str] = AUDIO, captions: Sequence[str] = CAPTIONS, ids: Sequence[str] | None = None
) -> pd.DataFrame:
    n = len(audio)
    columns: dict[str, list[object]] = {"pair_id": list(ids or [f"p{i}" for i in range(n)]), "audio": list(audio)}
    columns |= {"caption": list(captions), "caption_id": [f"c{i}" for i in range(n)]}
    columns |= {name: [None] * n for name in ("source", "system", "split")}
    return make_pairs_frame({**columns, "rating": [1.0] * n, "n_ratings": [1] * n})


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def read(path: Path, pairs: pd.DataFrame) -> tuple[list[float], list[str]]:
    said: list[str] = []
    return read_score_file(path, pairs, said.append).tolist(), said


def test_by_pair_id_in_any_order(tmp_path: Path) -> None:
    path = write_scores(tmp_path / "s.csv", {"p3": 3, "p0": 0.5, "p2": 2, "p1": -1})
    assert read(path, frame()) == ([0.5, -1, 2, 3], [])


def test_by_audio_and_text(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    by_audio = frame()[["audio", "caption"]].assign(score=[4.0, 3.0, 2.0, 1.0])
    by_audio.columns = ["audio_path", "text", "score"]
    by_audio[::-1].to_csv(path, index=False)
    assert read(path, frame()) == ([4, 3, 2, 1], [])


@pytest.mark.parametrize("column", ["audio_path", "wavname", "wav_file_name", "wave_file_name", "file_name"])
@pytest.mark.parametrize("score", ["score", "pred_score", "prediction_score"])
@pytest.mark.parametrize(
    "spelt", ["{}.wav", "/{}.wav", "{}", "/{}", "./{}.wav", "{}.WAV", " {}.wav ", "{}.flac"], ids=repr
)
def test_columns_and_names_as_challenges_spell_them(tmp_path: Path, column: str, score: str, spelt: str) -> None:
    lines = [f"{spelt.format(name.removesuffix('.wav'))},{k}" for k, name in enumerate(RELATE)]
    assert read(write(tmp_path / "s.csv", f"{column},{score}", *lines), frame(RELATE)) == ([0, 1, 2, 3], [])


def test_pair_ids_with_the_slash_and_ending_of_relates_wavname(tmp_path: Path) -> None:
    ids = [name.removesuffix(".wav") for name in RELATE]
    path = write_scores(tmp_path / "s.csv", {f"/{name}": k for k, name in enumerate(RELATE)})
    assert read(path, frame(RELATE, ids=ids)) == ([0, 1, 2, 3], [])


def test_backslashes_and_unicode_forms_are_spellings(tmp_path: Path) -> None:
    path = write(tmp_path / "s.csv", "audio_path,score", "audio\\cafe\u0301.wav,1", "audio/b.wav,2")
    assert read(path, frame(("audio/caf\u00e9.wav", "audio/b.wav"), CAPTIONS[:2])) == ([1, 2], [])


def test_captions_are_one_if_the_data_set_takes_them_for_one(tmp_path: Path) -> None:
    path = write(tmp_path / "s.csv", "audio_path,text,score", "a.wav,A dog  barks,1", "a.wav,a cat,2")
    assert read(path, frame(("a.wav", "a.wav"), ("a dog barks.", "A cat!"))) == ([1, 2], [])


@pytest.mark.parametrize(
    ("names", "audio"),
    [
        (("7.wav", "8"), ("wav/validation/7.wav", "wav/validation/8.wav")),
        (("validation/7.wav", "validation/8.wav"), ("wav/validation/7.wav", "wav/validation/8.wav")),
        (("/data/sets/a/7.wav", "/data/sets/a/8.wav"), ("a/7.wav", "a/8.wav")),
        (("A/7.WAV", "a/8.wav"), ("a/7.wav", "a/8.wav")),
    ],
)
def test_a_name_that_one_clip_alone_has_is_enough_and_is_said(
    tmp_path: Path, names: Sequence[str], audio: Sequence[str]
) -> None:
    path = write(tmp_path / "s.csv", "wav_file_name,pred_score", f"{names[0]},1", f"{names[1]},2")
    scores, said = read(path, frame(audio, CAPTIONS[:2]))
    assert scores == [1, 2]
    (told,) = said
    assert "rows name their pairs in another case, or by the end of the path" in told
    assert f"(first: line 2, {names[0]!r} for {audio[0]!r})" in told


def test_a_name_that_several_clips_have_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "s.csv", "wavname,score", "8,1", "7,2", "9,3")
    expected = "line 3: this row fits 2 pairs (first: 'audiocaps/test/7.wav' and 'tango/test/7.wav'); add a column"
    with pytest.raises(DataError, match=re.escape(expected)):
        read(path, frame(RELATE))


def test_a_clip_with_two_captions_needs_the_text(tmp_path: Path) -> None:
    path = write(tmp_path / "s.csv", "audio_path,score", "a.wav,1")
    with pytest.raises(DataError, match=r"this row fits 2 pairs \(first: 'a.wav' and 'a.wav'\); add a column pair_id"):
        read(path, frame(("a.wav", "a.wav"), CAPTIONS[:2]))


def test_folders_that_contradict_are_other_clips(tmp_path: Path) -> None:
    path = write(tmp_path / "s.csv", "audio_path,score", "b/7.wav,1")
    with pytest.raises(DataError, match=r"no score for 1 of 1 pairs .*, and 1 names no pair of this data set"):
        read(path, frame(("a/7.wav",), CAPTIONS[:1]))


def test_an_id_is_not_taken_for_a_file_name(tmp_path: Path) -> None:
    path = write(tmp_path / "s.csv", "audio_path,score", "1.wav,1", "2.wav,2")
    assert read(path, frame(("2.wav", "1.wav"), CAPTIONS[:2], ids=["1", "2"])) == ([2, 1], [])


def test_ids_of_the_files_own_are_passed_over_where_it_names_clips(tmp_path: Path) -> None:
    path = write(tmp_path / "s.csv", "pair_id,wavname,score", "0,/a.wav,1", "1,/b.wav,2")
    assert read(path, frame(("b.wav", "a.wav"), CAPTIONS[:2])) == ([2, 1], [])
    path = write(tmp_path / "s.csv", "pair_id,wavname,score", "p0,/a.wav,1", "p1,/b.wav,2")
    assert read(path, frame(("b.wav", "a.wav"), CAPTIONS[:2])) == ([1, 2], [])


@pytest.mark.parametrize("number", ["5", "", "nan", "?"])
def test_a_superset_is_accepted_with_a_count(tmp_path: Path, number: str) -> None:
    lines = [f"{name},{k}" for k, name in enumerate(RELATE)]
    path = write(tmp_path / "s.csv", "wavname,score", f"audiocaps/train/7.wav,{number}", *lines, "tango/train/1.wav,6")
    scores, said = read(path, frame(RELATE))
    assert scores == [0, 1, 2, 3]
    assert said == [
        f"{path}: of 6 rows 2 name no pair of this data set and split (first: line 2, 'audiocaps/train/7.wav'); they "
        "are not used"
    ]


def test_a_row_that_only_resembles_a_pair_with_a_row_of_its_own_is_none_of_it(tmp_path: Path) -> None:
    path = write(tmp_path / "s.csv", "audio_path,score", "/elsewhere/7.wav,1", "7.wav,2", "7.WAV,3")
    with pytest.raises(DataError, match=r"line 4: pair '7.wav' has a score already, on line 3; keep one row a pair"):
        read(path, frame(("7.wav",), CAPTIONS[:1]))
    path = write(tmp_path / "s.csv", "audio_path,score", "/elsewhere/7.wav,1", "7.wav,2")
    scores, said = read(path, frame(("7.wav",), CAPTIONS[:1]))
    assert scores == [2]
    assert "of 2 rows 1 names no pair of this data set and split (first: line 2, '/elsewhere/7.wav')" in said[0]


COMPLETE: dict[str, object] = {"p0": 1, "p1": 2, "p2": 3, "p3": 4}


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ({"p0": 1, "p1": 2, "p2": 3}, r"no score for 1 of 4 pairs \(first: 'p3'\); give one to every pair"),
        (COMPLETE | {"p2": "nan"}, r"line 4: score is 'nan', expected a finite number"),
        (COMPLETE | {"p2": "-inf"}, r"line 4: score is '-inf', expected a finite number"),
        (COMPLETE | {"p2": ""}, r"line 4: score is '', expected a number"),
        (COMPLETE | {"p2": "high"}, r"line 4: score is 'high', expected a number"),
        (
            {"p0": 1, "p1": 2, "p2": 3, "p_3": 4},
            r"no score for 1 of 4 pairs \(first: 'p3'\), and 1 names no pair of this data set and split "
            r"\(first: line 5, 'p_3'\); did you mean 'p3'\?; give one",
        ),
    ],
)
def test_bad_score_files_are_refused(tmp_path: Path, scores: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        read(write_scores(tmp_path / "s.csv", scores), frame())


def test_another_caption_of_the_clip_is_told(tmp_path: Path) -> None:
    path = write(tmp_path / "s.csv", "wavname,text,score", "/a.wav,a dog barks twice,1")
    expected = r"\(first: line 2, '/a.wav / a dog barks twice'\); the caption of that clip is 'a dog barks'; give one"
    with pytest.raises(DataError, match=expected):
        read(path, frame(("a.wav",), ("a dog barks",)))


@pytest.mark.parametrize("again", ["p0", "/p0", "p0.wav"])
def test_a_score_given_twice_is_refused(tmp_path: Path, again: str) -> None:
    path = write_scores(tmp_path / "s.csv", COMPLETE)
    path.write_text(path.read_text() + f"{again},1\n")
    with pytest.raises(DataError, match=r"line 6: pair 'p0' has a score already, on line 2"):
        read(path, frame())


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("text,score", "found the columns text, score; give pair_id,score or audio_path,text,score"),
        ("pair_id,value", "no column 'score'"),
        ("pair_id,score,pred_score", "found the columns score and pred_score; rename or remove all but"),
        ("", "is empty, expected a header with the columns score"),
    ],
)
def test_columns_that_are_missing_or_too_many(tmp_path: Path, header: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read(write(tmp_path / "s.csv", header, *(["1,2,3"[: 2 * header.count(",") + 1]] if header else [])), frame())


@given(order=st.permutations(range(12)), extra=st.integers(0, 3))
def test_scores_stand_in_the_order_of_the_pairs(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], extra: int
) -> None:
    audio = [f"{system}/{name}.wav" for system in ("x", "y", "z") for name in ("1", "2", "3", "4")]
    spelt = [audio[k] if k % 3 else f"/{audio[k].removesuffix('.wav')}" for k in order]
    lines = [f"{name},{k}" for name, k in zip(spelt, order, strict=True)]
    lines[extra:extra] = [f"w/{k}.wav,7" for k in range(extra)]
    path = write(tmp_path_factory.mktemp("scores") / "s.csv", "wavname,score", *lines)
    np.testing.assert_array_equal(read_score_file(path, frame(audio, audio)), range(12))
