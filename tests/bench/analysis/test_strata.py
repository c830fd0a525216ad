"""Strata: what they are called, whatever the data call their systems, and where score bands are cut."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bench.analysis.strata import (
    BY_CAPTION,
    Bands,
    Stratum,
    labels,
    masks,
    of_kind,
    parse_by,
    parse_edges,
    standard_strata,
)
from bench.datasets.types import RatingScale
from metrics.errors import UsageError

TEN = RatingScale(0.0, 10.0)
AWKWARD = [
    "all",
    "low",
    "natural",
    "a=b",
    "x,y",
    "band=low",
    "band=low,source=natural",
    "rating ≤ 5",
    "system=x",
    "human",
]


def frame(sources: list[str | None], systems: list[str | None], ratings: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"source": sources, "system": systems, "rating": ratings}, dtype=object)


def awkward() -> tuple[Stratum, ...]:
    n = len(AWKWARD)
    pairs = frame(["natural"] * n + ["synthesized"] * n, [*AWKWARD, *AWKWARD], [1.0, 9.0] * n)
    return standard_strata(pairs, Bands.cut(TEN))


def test_a_system_may_be_called_anything() -> None:
    found = awkward()
    assert len({stratum.id for stratum in found}) == len({stratum.label for stratum in found}) == len(found)
    systems = of_kind(found, "system")
    assert [stratum.id for stratum in systems] == [f"system={name}" for name in sorted(AWKWARD)]
    assert labels(systems)["system=a=b"] == "a=b"
    assert labels(systems)["system=natural"] == "system natural"
    assert [int(stratum.mask.sum()) for stratum in systems] == [2] * len(AWKWARD)
    assert {stratum.id for stratum in of_kind(found, "all")} == {"all"}
    assert {stratum.id for stratum in of_kind(found, "band")} == {"band=low", "band=high"}


def test_two_systems_that_are_written_alike_stay_apart() -> None:
    pairs = frame(["synthesized"] * 2, ["audioldm", "AudioLDM"], [1.0, 9.0])
    shown = labels(of_kind(standard_strata(pairs, Bands.cut(TEN)), "system"))
    assert shown == {"system=audioldm": "AudioLDM", "system=AudioLDM": "system AudioLDM"}


def test_order_of_reading_and_of_files() -> None:
    sources, systems = ["natural", "synthesized", "synthesized", "natural"], ["m", "s", "t", "m"]
    found = standard_strata(frame(sources, systems, [1.0, 2.0, 8.0, 9.0]), Bands.cut(TEN))
    assert [stratum.label for stratum in found] == [
        "all", "natural", "s", "t", "synthesized",
        "rating ≤ 5", "rating ≤ 5, nat.", "rating ≤ 5, syn.", "rating > 5", "rating > 5, nat.", "rating > 5, syn.",
    ]  # fmt: skip
    assert list(masks(found)) == [
        "all", "source=natural", "source=synthesized", "system=s", "system=t", "band=low", "band=high",
        "band=low,source=natural", "band=low,source=synthesized", "band=high,source=natural",
        "band=high,source=synthesized",
    ]  # fmt: skip


def test_without_sources_and_systems_there_are_all_pairs_and_bands() -> None:
    found = standard_strata(frame([None] * 3, [None] * 3, [1.0, 2.0, 4.0]), Bands.cut(TEN))
    assert [stratum.id for stratum in found] == ["all", "band=low"]
    assert not standard_strata(frame([], [], []), Bands.cut(TEN))


@pytest.mark.parametrize(
    ("scale", "edges", "names", "shown"),
    [
        ((0, 10), None, ("low", "high"), ("rating ≤ 5", "rating > 5")),
        ((1, 5), None, ("low", "high"), ("rating ≤ 3", "rating > 3")),
        ((0, 10), (3, 7), ("low", "middle", "high"), ("rating ≤ 3", "3 < rating ≤ 7", "rating > 7")),
        (
            (-3, 3),
            (-1, 0.25, 1 / 3),
            ("-3 to -1", "-1 to 0.25", "0.25 to 0.3333333333333333", "0.3333333333333333 to 3"),
            ("rating ≤ -1", "-1 < rating ≤ 0.25", "0.25 < rating ≤ 0.3333333333333333", "rating > 0.3333333333333333"),
        ),
    ],
)
def test_bands_are_named(
    scale: tuple[float, float], edges: tuple[float, ...] | None, names: tuple[str, ...], shown: tuple[str, ...]
) -> None:
    bands = Bands.cut(RatingScale(*scale), edges)
    assert (bands.names, bands.labels) == (names, shown)
    assert len(set(bands.ids_within("all"))) == len(names)


def test_every_rating_is_in_one_band_and_an_edge_belongs_to_the_band_below() -> None:
    ratings = [0.0, 3.0, 3.0000001, 5.0, 7.0, 7.1, 10.0]
    strata = of_kind(standard_strata(frame([None] * 7, [None] * 7, ratings), Bands.cut(TEN, (3.0, 7.0))), "band")
    np.testing.assert_array_equal([stratum.mask for stratum in strata], np.eye(3, dtype=bool)[[0, 0, 1, 1, 1, 2, 2]].T)


def test_edges_are_read() -> None:
    assert parse_edges("5") == (5.0,)
    assert parse_edges("-1, 2.5,1e1") == (-1.0, 2.5, 10.0)


@pytest.mark.parametrize("text", ["", "x", "3,,7", "7,3", "3,3", "nan", "3,inf", "1,2,3,4,5,6,7,8,9,10", "3;7"])
def test_what_is_no_edge_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"--bands is .*expected one to 9 numbers, each higher than the one before"):
        parse_edges(text)


@pytest.mark.parametrize("edges", [(0,), (10,), (3, 12), (-1, 5)])
def test_edges_lie_inside_the_scale(edges: tuple[float, ...]) -> None:
    with pytest.raises(UsageError, match=r"--bands has an edge at (0|10|12|-1), expected edges between 0 and 10"):
        Bands.cut(TEN, edges)
    with pytest.raises(UsageError, match="each higher"):
        Bands.cut(TEN, (7.0, 3.0))


CAPTIONS = (
    "a dog barks",
    "a dog barks, then a cat meows",
    "a dog barks while rain falls on a roof",
    "one, two, three and four things ring, and then all of them stop at once",
)


def by_captions(*kinds: str) -> tuple[Stratum, ...]:
    n = len(CAPTIONS)
    pairs = frame(["synthesized"] * n, ["1 event", "order told", "s", "s"], [1.0, 2.0, 8.0, 9.0])
    return standard_strata(pairs.assign(caption=list(CAPTIONS)), Bands.cut(TEN), kinds)


def test_captions_give_strata_to_those_who_ask() -> None:
    found = {one.id: (one.label, list(np.flatnonzero(one.mask))) for one in by_captions(*BY_CAPTION)}
    assert {key: value for key, value in found.items() if key.partition("=")[0] in BY_CAPTION} == {
        "events=1": ("1 event", [0]),
        "events=2": ("2 events", [1, 2]),
        "events=3": ("3 or more events", [3]),
        "order=untold": ("order untold", [0, 2]),
        "order=told": ("order told", [1, 3]),
        "length=1": ("up to 6 words", [0]),
        "length=2": ("7 to 12 words", [1, 2]),
        "length=3": ("13 words or more", [3]),
    }
    assert list(found) == [one.id for one in by_captions()] + [
        key for key in found if key.partition("=")[0] in BY_CAPTION
    ]


def test_a_system_that_reads_like_such_a_stratum_says_that_it_is_one() -> None:
    systems = {one.id: one.label for one in of_kind(by_captions(*BY_CAPTION), "system")}
    assert systems["system=1 event"] == "system 1 event"
    assert systems["system=order told"] == "system order told"
    assert labels(by_captions("length"))["system=1 event"] == "1 event"


def test_only_what_is_asked_for() -> None:
    kinds = {one.kind for one in by_captions("length")}
    assert kinds & set(BY_CAPTION) == {"length"}
    assert not {one.kind for one in by_captions()} & set(BY_CAPTION)


def test_by_is_read() -> None:
    assert parse_by("length, events,events") == ("events", "length")
    for text in ("", "event", "events,,length", "band"):
        with pytest.raises(UsageError, match="give one or more of events, order, length"):
            parse_by(text)
