"""Which dimensions a data set has, which of them is the target, and what is said of one that it has not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.datasets.catalog import entries, load_dataset
from metrics.errors import DataError, UsageError
from tests.bench.datasets.adapters.external_sets import write_audioeval, write_clotho, write_musiceval, write_pam
from tests.commands import Bench

SEVERAL = {
    "pam:audio": (write_pam, "quality"),
    "clotho": (write_clotho, "quality"),
    "audioeval": (write_audioeval, "production quality"),
    "audioeval:crowd": (write_audioeval, "production quality"),
    "musiceval": (write_musiceval, "overall impression"),
}


@pytest.mark.parametrize("name", SEVERAL)
def test_every_dimension_is_read_and_either_may_be_the_target(name: str, tmp_path: Path) -> None:
    write, other = SEVERAL[name]
    root = write(tmp_path)
    first, second = load_dataset(name, data_root=root), load_dataset(name, data_root=root, dimension=other)
    [target] = [entry.dimensions[0] for entry in entries() if entry.name == name]
    assert (first.dimension, second.dimension) == (target, other)
    assert list(first.other_dimensions) == [other]
    assert list(second.other_dimensions) == [target]
    assert first.other_dimensions[other] == {one.pair.pair_id: one.mean_rating for one in second.pairs}
    assert second.other_dimensions[target] == {one.pair.pair_id: one.mean_rating for one in first.pairs}
    assert first.other_dimensions[other] != second.other_dimensions[target]
    assert len(first.ratings) == len(second.ratings)


def test_means_are_kept_where_raters_are_unknown(tmp_path: Path) -> None:
    dataset = load_dataset("musiceval", data_root=write_musiceval(tmp_path, single=False))
    assert set(dataset.other_dimensions["overall impression"].values()) == {3.0}


@pytest.mark.parametrize(
    ("name", "dimension", "expected"),
    [
        ("pam:audio", "qualty", "pam:audio has no dimension 'qualty'; did you mean 'quality'? (known: relevance, "
         "quality)"),
        ("xacle", "quality", "xacle has no dimension 'quality' (known: relevance)"),
        ("demo", "quality", "demo has no dimension 'quality' (known: relevance)"),
    ],
)  # fmt: skip
def test_an_unknown_dimension_is_named(name: str, dimension: str, expected: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        load_dataset(name, data_root=None if name == "demo" else tmp_path, dimension=dimension)
    assert str(caught.value) == expected


def test_the_only_dimension_may_be_named() -> None:
    assert load_dataset("demo", dimension="relevance", with_audio=False).dimension == "relevance"


def own(folder: Path, header: str, *rows: str) -> str:
    path = folder / "mine.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    return str(path)


def test_a_file_of_ones_own_says_what_was_rated(tmp_path: Path) -> None:
    path = own(
        tmp_path,
        "audio_path,text,rating,listener_id,rating:quality,rating: how real,rating_time",
        "a.wav,a dog,8,x,3,1,soon",
        "a.wav,a dog,6,y,5,,late",
        "b.wav,a cat,2,x,,,never",
    )
    dataset = load_dataset(path)
    assert dataset.dimension == "rating"
    assert [one.others for one in dataset.pairs] == [{"quality": 4.0, "how real": 1.0}, {}]
    assert list(dataset.other_dimensions["quality"].values()) == [4.0]
    assert dataset.notes == ("columns not used: rating_time",)


def test_a_target_of_a_file_of_ones_own_is_needed_in_every_row(tmp_path: Path) -> None:
    path = own(tmp_path, "audio_path,text,rating,rating:quality", "a.wav,a dog,8,3", "b.wav,a cat,2,")
    with pytest.raises(DataError, match="line 3: rating:quality is '', expected a number"):
        load_dataset(path, dimension="quality")
    with pytest.raises(UsageError, match=r"no dimension 'realism' \(known: rating, quality\)"):
        load_dataset(path, dimension="realism")
    full = own(tmp_path, "audio_path,text,rating,rating:quality", "a.wav,a dog,8,3", "b.wav,a cat,2,9")
    turned = load_dataset(full, dimension="quality")
    assert [(one.mean_rating, one.others) for one in turned.pairs] == [(3.0, {"rating": 8.0}), (9.0, {"rating": 2.0})]


@pytest.mark.parametrize("column", ["rating:", "rating:  ", "rating:rating"])
def test_a_column_that_names_no_dimension_is_refused(tmp_path: Path, column: str) -> None:
    path = own(tmp_path, f"audio_path,text,rating,{column}", "a.wav,a dog,8,3", "b.wav,a cat,2,4")
    with pytest.raises(DataError, match="names no dimension of its own; expected rating:NAME"):
        load_dataset(path)


def test_two_columns_of_one_dimension_are_refused(tmp_path: Path) -> None:
    path = own(tmp_path, "audio_path,text,rating,rating:q,rating: q", "a.wav,a dog,8,3,3", "b.wav,a cat,2,4,4")
    with pytest.raises(DataError, match=r"column 'rating: q' names no dimension of its own"):
        load_dataset(path)


def test_a_rating_off_the_scale_is_refused_in_every_dimension(tmp_path: Path) -> None:
    path = own(tmp_path, "audio_path,text,rating,rating:quality", "a.wav,a dog,8,30", "b.wav,a cat,2,4")
    with pytest.raises(DataError, match="line 2: rating:quality is 30, expected 0 to 10"):
        load_dataset(path)


def test_list_and_audit_name_the_dimensions(bench: Bench, tmp_path: Path) -> None:
    listed = bench("datasets", "list").out
    assert "licence: CC BY-NC 4.0; rated: textual alignment (default), overall impression" in listed
    path = own(tmp_path, "audio_path,text,rating,rating:quality", *(f"{k}.wav,{k},{k},{9 - k}" for k in range(10)))
    found = json.loads(bench("datasets", "audit", path, "--json").out)["dimensions"]
    assert found == [
        {
            "dimension": "rating",
            "n_pairs": 10,
            "mean": 4.5,
            "sd": pytest.approx(3.0277, abs=1e-4),
            "srcc": pytest.approx(1),
        },
        {
            "dimension": "quality",
            "n_pairs": 10,
            "mean": 4.5,
            "sd": pytest.approx(3.0277, abs=1e-4),
            "srcc": pytest.approx(-1),
        },
    ]
    turned = json.loads(bench("datasets", "audit", path, "--dimension", "quality", "--json").out)["dimensions"]
    assert [one["dimension"] for one in turned] == ["quality", "rating"]
    assert "what was rated, the target first" in bench("datasets", "audit", path).out
