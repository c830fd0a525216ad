"""A user's CSV file of votes: what is read from it, and what every mistake in it says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.datasets.voted.catalog import is_voted, load_voted
from bench.datasets.voted.custom import load_own_votes
from bench.datasets.votes import Vote, pair_id_of
from metrics.errors import DataError, UsageError

HEADER = "audio_path,text_a,text_b,choice"
DOG, CAT = pair_id_of("x.wav", "a dog"), pair_id_of("x.wav", "a cat")


def write(folder: Path, *lines: str) -> Path:
    path = folder / "votes.csv"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def error_of(folder: Path, *lines: str) -> str:
    with pytest.raises(DataError) as caught:
        load_own_votes(write(folder, *lines))
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    assert str(folder / "votes.csv") in message
    return message


def test_two_captions_of_one_clip(tmp_path: Path) -> None:
    dataset = load_own_votes(
        write(tmp_path, HEADER, "x.wav,a dog,a cat,a", "x.wav,a dog,a cat,B", "y.wav,rain,wind,tie")
    )
    assert dataset.shared == "clip"
    assert (dataset.comparisons[0].a.pair_id, dataset.comparisons[0].b.pair_id) == (DOG, CAT)
    assert dataset.comparisons[0].a.audio_path == tmp_path / "x.wav"
    assert dataset.counts().tolist() == [[1, 0], [1, 0], [0, 1]]
    assert [vote.listener_id for vote in dataset.votes] == ["1", "2", "1"]
    assert len(dataset.pairs) == 4
    assert dataset.sides().tolist() == [[0, 2], [1, 3]]
    assert len(set(dataset.clusters())) == 2


def test_two_clips_of_one_caption(tmp_path: Path) -> None:
    lines = (
        "audio_a,audio_b,text,choice,system_a,system_b",
        "x.wav,y.wav,A dog,a,one,two",
        "z.wav,y.wav,a dog.,b,,two",
    )
    dataset = load_own_votes(write(tmp_path, *lines))
    assert dataset.shared == "caption"
    assert dataset.comparisons[0].system_a == "one"
    assert dataset.comparisons[1].system_a is None
    assert dataset.clusters().tolist() == [0, 0], "spellings of a caption are one caption"


def test_a_comparison_shown_the_other_way_round_is_the_same_one(tmp_path: Path) -> None:
    header = f"{HEADER},listener_id,kind,system_a,system_b"
    lines = (
        header,
        "x.wav,a dog,a cat,a,L1,hm,human,LTU",
        "x.wav,a cat,a dog,a,L2,hm,LTU,human",
        "x.wav,a cat,a dog,tie,L3,hm,LTU,human",
    )
    dataset = load_own_votes(write(tmp_path, *lines))
    (comparison,) = dataset.comparisons
    assert (comparison.kind, comparison.system_a, comparison.system_b) == ("hm", "human", "LTU")
    votes = [Vote(comparison.comparison_id, *answer) for answer in (("L1", "a"), ("L2", "b"), ("L3", "tie"))]
    assert list(dataset.votes) == votes


def test_a_comparison_of_a_pair_with_itself_is_not_turned(tmp_path: Path) -> None:
    dataset = load_own_votes(write(tmp_path, HEADER, "x.wav,a dog,a dog,a", "x.wav,a dog,a dog,a"))
    assert dataset.counts()[:, 0].tolist() == [2, 0, 0]


def test_columns_that_are_not_used_are_named(tmp_path: Path) -> None:
    dataset = load_own_votes(write(tmp_path, f"{HEADER},mood", "x.wav,a dog,a cat,a,good"))
    assert dataset.notes == ("columns not used: mood",)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((HEADER, "x.wav,a dog,a cat,left"), "line 2: choice is 'left', expected a, b or tie"),
        ((HEADER, "x.wav,a dog,a cat,"), "line 2: choice is empty"),
        ((HEADER, "x.wav,,a cat,a"), "line 2: text_a is empty"),
        (
            ("audio_path,text,choice", "x.wav,a dog,a"),
            "expected audio_path,text_a,text_b,choice or audio_a,audio_b,text",
        ),
        (("audio_path,text_a,text_b,audio_a,audio_b,text,choice", "x,a,b,x,y,a,a"), "remove those of one of them"),
        ((f"{HEADER},listener_id", "x.wav,a dog,a cat,a,", "x.wav,a dog,a cat,a,L"), "listener_id is empty"),
        (
            (f"{HEADER},listener_id", "x.wav,a dog,a cat,a,L", "x.wav,a cat,a dog,a,L"),
            "line 3: listener 'L' votes on comparison",
        ),
        (
            (f"{HEADER},kind", "x.wav,a dog,a cat,a,hh", "x.wav,a dog,a cat,b,hm"),
            "has 'hm' as kind, but 'hh' on line 2",
        ),
        (
            (f"{HEADER},comparison_id", "x.wav,a dog,a cat,a,7", "x.wav,a dog,a cow,b,7"),
            "has another pair as b, but the pair on line 2",
        ),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, lines: tuple[str, ...], expected: str) -> None:
    assert expected in error_of(tmp_path, *lines)


def test_a_file_without_choices_holds_no_votes(tmp_path: Path) -> None:
    path = tmp_path / "ratings.csv"
    path.write_text("audio_path,text,rating\nx.wav,a dog,3\n")
    assert not is_voted(str(path))
    assert not is_voted(str(tmp_path / "missing.csv"))
    assert not is_voted("relate")
    assert is_voted(str(write(tmp_path, HEADER, "x.wav,a dog,a cat,a")))
    assert is_voted("brace:clotho")
    assert is_voted("brace:clothes"), "so that the error names the right one"


def test_names_that_are_unknown(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"unknown data set of votes 'brace:audiocap'; did you mean 'brace:audiocaps'\?"
    ):
        load_voted("brace:audiocap")
    with pytest.raises(UsageError, match="--data-root has no meaning"):
        load_voted(str(write(tmp_path, HEADER, "x.wav,a dog,a cat,a")), tmp_path)
    with pytest.raises(UsageError, match="no such file"):
        load_voted(str(tmp_path / "missing.csv"))


def test_counts_do_not_depend_on_the_order_of_votes(tmp_path: Path) -> None:
    rows = [f"c{i % 7}.wav,a dog,a cat,{'ab'[i % 2]},L{i}" for i in range(40)]
    forth = load_own_votes(write(tmp_path, f"{HEADER},listener_id", *rows))
    counted = {
        one.comparison_id: column for one, column in zip(forth.comparisons, forth.counts().T.tolist(), strict=True)
    }
    back = load_own_votes(write(tmp_path, f"{HEADER},listener_id", *rows[::-1]))
    again = {one.comparison_id: column for one, column in zip(back.comparisons, back.counts().T.tolist(), strict=True)}
    assert counted == again
    assert np.sum(forth.counts()) == 40
