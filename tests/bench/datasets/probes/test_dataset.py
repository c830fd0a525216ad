"""Probes of a data set: which comparisons there are, what is drawn together, and that nothing depends on order."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.datasets.catalog import load_dataset
from bench.datasets.probes.dataset import KINDS, make_probes, parse_kinds
from bench.datasets.probes.rules import RULES
from bench.datasets.types import RatedDataset, RatedPair, RatingScale
from metrics.errors import DataError, UsageError
from metrics.types import AudioTextPair

CAPTIONS = ("A dog barks, then a cat meows", "Rain falls", "There is a bell ringing", "A man talks while it rains")


def rated(clips: list[tuple[str, str]], ratings: list[float] | None = None) -> RatedDataset:
    """Clips with captions; equal captions have one id."""
    means = ratings or [5.0] * len(clips)
    pairs = tuple(
        RatedPair(AudioTextPair(f"p{k}", Path("/clips") / clip, text), means[k], 1, None, None, text.casefold(), None)
        for k, (clip, text) in enumerate(clips)
    )
    return RatedDataset("mine", RatingScale(0, 10), pairs, (), "0" * 64, Path("/clips"))


def four() -> RatedDataset:
    return rated([(f"{k}.wav", caption) for k, caption in enumerate(CAPTIONS)])


def test_every_caption_is_altered_once_a_kind_where_the_rule_applies() -> None:
    probes = make_probes(four())
    by_kind = {kind: [one for one in probes.comparisons if one.kind == kind] for kind in KINDS}
    assert {kind: len(found) for kind, found in by_kind.items()} == {
        "swapped": 4,
        "order": 1,
        "removed": 2,
        "negated": 3,
    }
    assert probes.not_made == {"swapped": 0, "order": 3, "removed": 2, "negated": 1}
    assert probes.n_pairs == 4
    for one in probes.comparisons:
        assert one.a.audio_path == one.b.audio_path
        assert one.a.caption in CAPTIONS
        expected = RULES[one.kind](one.a.caption) if one.kind in RULES else one.b.caption
        assert one.b.caption == expected != one.a.caption
    assert all(one.b.caption in CAPTIONS for one in by_kind["swapped"])
    a, b, ties = probes.counts()
    assert (a == 1).all()
    assert not np.any(b + ties)
    assert probes.shared == "clip"


def test_nothing_depends_on_the_order_of_the_pairs_and_little_on_the_seed() -> None:
    probes = make_probes(four())
    turned = make_probes(replace(four(), pairs=four().pairs[::-1]))
    assert {one.comparison_id: one for one in probes.comparisons} == {
        one.comparison_id: one for one in turned.comparisons
    }
    other = [make_probes(four(), seed=seed) for seed in range(12)]
    dealt = {tuple(one.b.caption for one in found.comparisons if one.kind == "swapped") for found in other}
    assert len(dealt) > 4
    ruled = {tuple(one.b.caption for one in found.comparisons if one.kind != "swapped") for found in other}
    assert len(ruled) == 1


def test_every_other_caption_is_dealt_out_equally_often() -> None:
    captions = [f"sound number {k}" for k in range(5)]
    data = rated([(f"{k}.wav", captions[k % 5]) for k in range(2000)])
    swapped = [one for one in make_probes(data, ["swapped"]).comparisons if one.a.caption == captions[2]]
    counts = np.unique([one.b.caption for one in swapped], return_counts=True)
    assert list(counts[0]) == [captions[k] for k in (0, 1, 3, 4)]
    assert counts[1].sum() == 400
    assert counts[1].min() > 70


def test_what_shares_a_clip_or_a_caption_is_drawn_together() -> None:
    data = rated([("a.wav", "Rain falls"), ("b.wav", "rain falls"), ("b.wav", "A dog barks"), ("c.wav", "A cat meows")])
    probes = make_probes(data, ["negated"])
    assert list(probes.clusters()) == [0, 0, 0, 1]
    assert probes.shared == "caption"
    several = make_probes(
        rated([("a.wav", "Rain falls"), ("a.wav", "A dog barks"), ("c.wav", "A cat meows")]), ["negated"]
    )
    assert list(several.clusters()) == [0, 0, 1]
    assert several.shared == "clip"


def test_a_clip_with_one_caption_twice_is_asked_once() -> None:
    data = rated([("a.wav", "Rain falls"), ("a.wav", "Rain falls"), ("c.wav", "A cat meows")])
    probes = make_probes(data, ["negated"])
    assert [one.comparison_id for one in probes.comparisons] == ["negated: p0", "negated: p2"]
    assert probes.n_pairs == 2


def test_clips_that_were_rated_low_may_be_left_out() -> None:
    data = rated([(f"{k}.wav", caption) for k, caption in enumerate(CAPTIONS)], [1.0, 7.0, 8.0, 9.0])
    probes = make_probes(data, ["swapped"], least_rating=7)
    assert [one.comparison_id for one in probes.comparisons] == ["swapped: p1", "swapped: p2", "swapped: p3"]
    assert probes.notes == ("clips with a mean rating below 7 are left out",)
    with pytest.raises(DataError, match=r"no clip has a mean rating of 9\.5 or more"):
        make_probes(data, least_rating=9.5)


def test_no_probe_is_an_error_and_one_caption_cannot_be_swapped() -> None:
    one = rated([("a.wav", "There is rain"), ("b.wav", "there is rain")])
    with pytest.raises(DataError, match="none of 2 captions makes a probe"):
        make_probes(one)


def test_kinds_are_read() -> None:
    assert parse_kinds("negated, order") == ("order", "negated")
    with pytest.raises(UsageError, match="give one or more of swapped, order, removed, negated"):
        parse_kinds("ordered")


def test_the_demo_makes_probes_of_every_kind() -> None:
    probes = make_probes(load_dataset("demo", with_audio=False))
    made = [one.kind for one in probes.comparisons]
    assert {kind: made.count(kind) + probes.not_made[kind] for kind in KINDS} == dict.fromkeys(KINDS, probes.n_pairs)
    assert min(made.count(kind) for kind in KINDS) > 200
