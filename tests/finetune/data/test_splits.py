from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.datasets.adapters.relate import load_relate
from finetune.config import PAPER_VALIDATION_SHARE, SplitBy
from finetune.data.splits import hold_out
from metrics.errors import DataError
from tests.bench.statistics.relate import needs_relate
from tests.finetune.rated import make_pair

CAPTIONS = st.lists(st.integers(0, 30), min_size=40, max_size=120).filter(lambda c: len(set(c)) > 8)


@given(captions=CAPTIONS, seed=st.integers(0, 99), share=st.floats(0.1, 0.5))
def test_captions_are_held_out_whole_and_nothing_is_lost(captions: list[int], seed: int, share: float) -> None:
    pairs = [make_pair(str(i), f"caption {c}") for i, c in enumerate(captions)]
    training, validation = hold_out(pairs, share, "captions", seed)
    assert sorted(p.pair.pair_id for p in training + validation) == sorted(p.pair.pair_id for p in pairs)
    assert {p.caption_id for p in training}.isdisjoint(p.caption_id for p in validation)
    largest = max(captions.count(c) for c in captions)
    assert 0 <= len(validation) - round(share * len(pairs)) < largest


def test_single_pairs_are_held_out_in_the_papers_proportions() -> None:
    pairs = [make_pair(str(i), f"caption {i // 3}") for i in range(2383)]
    training, validation = hold_out(pairs, PAPER_VALIDATION_SHARE, "pairs")
    assert (len(training), len(validation)) == (1925, 458)
    assert {p.caption_id for p in training} & {p.caption_id for p in validation}


@pytest.mark.parametrize("by", ["captions", "pairs"])
def test_the_draw_depends_on_the_seed_and_not_on_the_order(by: SplitBy) -> None:
    pairs = [make_pair(str(i), f"caption {i // 3}") for i in range(90)]
    held_out = {p.pair.pair_id for p in hold_out(pairs, 0.2, by, seed=1)[1]}
    assert held_out == {p.pair.pair_id for p in hold_out(pairs[::-1], 0.2, by, seed=1)[1]}
    assert held_out != {p.pair.pair_id for p in hold_out(pairs, 0.2, by, seed=2)[1]}


def test_a_known_draw_is_the_same_on_every_machine() -> None:
    pairs = [make_pair(str(i), f"caption {i}") for i in range(10)]
    assert [p.pair.pair_id for p in hold_out(pairs, 0.3, "pairs", seed=0)[1]] == ["0", "4", "6"]


def test_one_caption_cannot_be_split() -> None:
    with pytest.raises(DataError, match="2 pairs with 1 captions cannot be split"):
        hold_out([make_pair("a"), make_pair("b")], 0.2)


def test_no_pairs_cannot_be_split() -> None:
    with pytest.raises(DataError, match="0 pairs"):
        hold_out([], 0.2)


@pytest.mark.relate
@needs_relate
def test_relate_is_split_near_the_papers_proportions_without_sharing_a_caption() -> None:
    pairs = load_relate(Path(os.environ["RELATE_ROOT"]), split="train").pairs
    training, validation = hold_out(pairs, PAPER_VALIDATION_SHARE)
    assert {p.caption_id for p in training}.isdisjoint(p.caption_id for p in validation)
    assert len(validation) / len(pairs) == pytest.approx(PAPER_VALIDATION_SHARE, abs=0.01)
