from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bench.datasets.types import RatedDataset
from finetune.data.features import ClipFeatures
from finetune.data.pairs import PairSet, check_ratings
from metrics.encoder import TokenisedCaption
from metrics.errors import DataError


def make_set() -> PairSet:
    """Three clips with one, three and two windows; window w holds the number w."""
    windows = np.arange(6, dtype=np.float32)[:, None, None, None] * np.ones((6, 1, 2, 2), dtype=np.float32)
    features = ClipFeatures(windows, np.array([0, 1, 4, 6]), ("a", "b", "c"), {})
    captions = tuple(TokenisedCaption((0, k, 2)) for k in range(4))
    return PairSet(features, np.array([2, 0, 1, 0]), captions, np.array([0.1, 0.2, 0.3, 0.4]))


def test_a_batch_has_every_window_of_its_clips_in_the_order_of_the_pairs() -> None:
    batch = make_set().batch(np.array([2, 1, 0]))
    assert batch.windows[:, 0, 0, 0].tolist() == [1, 2, 3, 0, 4, 5]
    assert batch.owners.tolist() == [0, 0, 0, 1, 2, 2]
    assert [caption.token_ids[1] for caption in batch.captions] == [2, 1, 0]
    assert batch.ratings.tolist() == pytest.approx([0.3, 0.2, 0.1])


def with_ratings(rated: RatedDataset, ratings: list[float]) -> RatedDataset:
    pairs = [replace(pair, mean_rating=rating) for pair, rating in zip(rated.pairs, ratings, strict=False)]
    return replace(rated, pairs=tuple(pairs))


@pytest.mark.parametrize(
    ("ratings", "message"),
    [
        ([], "no pairs; choose another split"),
        ([1.0, float("nan")], "1 of 2 mean ratings are not on the scale from 0 to 10 .*001 nan"),
        ([1.0, 11.0, -1.0], "2 of 3 mean ratings are not on the scale .*give the scale with --scale"),
        ([4.0, 4.0, 4.0], "all 3 mean ratings are 4; there is no difference to learn from"),
    ],
)
def test_ratings_that_teach_nothing_are_refused(rated: RatedDataset, ratings: list[float], message: str) -> None:
    with pytest.raises(DataError, match=message):
        check_ratings(with_ratings(rated, ratings))


def test_good_ratings_pass(rated: RatedDataset) -> None:
    check_ratings(rated)
