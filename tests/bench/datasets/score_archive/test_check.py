"""Everything that is wrong with a file of scores is told, in words, with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.datasets.score_archive.check import problems_of_file, problems_of_folder, problems_on_dataset
from bench.datasets.score_archive.entries import PACKAGED
from bench.datasets.score_archive.pairs import load_pairs
from metrics.errors import UsageError
from tests.bench.datasets.score_archive.pairs import make_entry


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_all_problems_of_a_file(tmp_path: Path) -> None:
    path = write(tmp_path / "s.csv", "pair_id,score", "a,1", "b,nan", "a,x", ",2", "c,1e999")
    assert [problem.removeprefix(f"{path}, ") for problem in problems_of_file(path)] == [
        "line 3: score is 'nan', expected a finite number; remove the row if there is none",
        "line 4: score is 'x', expected a number; correct or remove the row",
        "line 4: pair_id 'a' is also on line 2; keep one row a pair",
        "line 5: pair_id is empty; fill it in or remove the row",
        "line 6: score is '1e999', expected a finite number; remove the row if there is none",
    ]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["pair_id,score"], "no rows below the header"),
        (["pair_id,value", "a,1"], "no column 'score'"),
        (["id,score", "a,1"], "found the columns score, id; give pair_id,score or audio_path,text,score"),
        (["pair_id;score", "a;1"], "separated by ';'"),
        (["pair_id,score,pred_score", "a,1,2"], "found the columns score and pred_score"),
    ],
)
def test_a_file_that_is_none(tmp_path: Path, lines: list[str], message: str) -> None:
    [problem] = problems_of_file(write(tmp_path / "s.csv", *lines))
    assert message in problem


def test_clips_may_repeat_with_other_captions(tmp_path: Path) -> None:
    assert not list(problems_of_file(write(tmp_path / "a.csv", "wavname,caption,score", "a.wav,x,1", "a.wav,y,1")))
    [problem] = problems_of_file(write(tmp_path / "b.csv", "wavname,score", "a.wav,1", "a.wav,1"))
    assert "wavname 'a.wav' is also on line 2" in problem


def test_a_folder(tmp_path: Path) -> None:
    assert list(problems_of_folder(PACKAGED / "caf-score")) == []
    [problem] = problems_of_folder(tmp_path)
    assert "scores.json is missing" in problem
    entry = make_entry("mine")
    (entry.folder / "relate-test" / "one.csv").write_text("pair_id,score\n")
    (entry.folder / "x").write_text("")
    found = list(problems_of_folder(entry.folder))
    assert len(found) == 2
    assert "is not named in scores.json" in found[0]
    assert "no rows below the header" in found[1]


def test_against_a_data_set(tmp_path: Path) -> None:
    ratings = write(tmp_path / "r.csv", "audio_path,text,rating", "a.wav,x,1", "b.wav,y,9")
    pairs = load_pairs(str(ratings))
    scores = write(tmp_path / "s.csv", "audio_path,text,score", "a.wav,x,1", "c.wav,y,1")
    [problem] = problems_on_dataset(scores, pairs)
    assert "no score for 1 of 2 pairs (first: 'b.wav / y')" in problem
    assert list(problems_on_dataset(write(scores, "audio_path,score", "a.wav,1", "b.wav,2"), pairs)) == []
    [problem] = problems_on_dataset(PACKAGED / "caf-score", pairs)
    assert "scores 'caf-score' are of brace:audiocaps, brace:clotho" in problem


def test_against_votes() -> None:
    assert list(problems_on_dataset(PACKAGED / "caf-score", load_pairs("brace:audiocaps"))) == []
    file = PACKAGED / "caf-score" / "brace-clotho" / "qwen3omni+msclap.csv"
    assert list(problems_on_dataset(file, load_pairs("brace:clotho"))) == []
    [problem] = problems_on_dataset(file, load_pairs("brace:audiocaps"))
    assert "no score for 2,070 of 2,070 pairs" in problem
    with pytest.raises(UsageError, match="--split has no meaning for votes"):
        load_pairs("brace:clotho", split="test")
