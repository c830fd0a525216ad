"""Blocks of captions that share listeners: which they are, and whether drawing them widens intervals."""

import numpy as np
import pytest

from bench.statistics.blocks import MAX_RESAMPLES, block_spreads, blocks_of
from bench.statistics.bootstrap import bootstrap_strata
from bench.statistics.reliability import Ratings
from bench.statistics.types import ResamplingPlan
from tests.bench.statistics import relate
from tests.bench.statistics.simulate import planted_metric, rated_pairs

PLAN = ResamplingPlan(n_resamples=199)


def test_blocks_are_what_listeners_connect():
    """Captions 7 and 9 share listener 1, 9 and 4 listener 2; 5 stands alone; nobody rated 6."""
    captions = np.array([7, 7, 9, 4, 5, 6])
    ratings = Ratings(np.zeros(6), np.array([0, 1, 2, 2, 3, 4]), np.array([1, 3, 1, 2, 2, 5]))
    block = blocks_of(ratings, captions)
    assert block.tolist() == [block[0]] * 4 + [block[4], block[5]]
    assert sorted(np.unique(block)) == [0, 1, 2]


def test_blocks_are_found_by_walking_from_caption_to_listener_and_back():
    rng = np.random.default_rng(0)
    captions = rng.integers(0, 80, 90)
    pair = np.repeat(np.arange(90), 2)
    listener = rng.integers(0, 150, 180)
    expected = {caption: caption for caption in captions}
    for _ in range(90):
        for one in range(150):
            reached = set(captions[pair[listener == one]])
            lowest = min((expected[caption] for caption in reached), default=0)
            expected.update(dict.fromkeys(reached, lowest))
    found = blocks_of(Ratings(np.zeros(180), pair, listener), captions)
    same = found[:, None] == found
    theirs = np.array([expected[c] for c in captions])
    np.testing.assert_array_equal(same, theirs[:, None] == theirs)
    assert len(set(theirs)) > 5


def spreads_of(data, blocks, plan=PLAN, **options):
    strata = {"all": np.ones(len(data.human), bool)}
    return block_spreads(data.human, data.scores, strata, data.clusters, blocks, plan, **options)


def test_the_ratio_is_that_of_two_bootstraps():
    data = rated_pairs(180, n_metrics=2)
    blocks = data.clusters // 2
    found = spreads_of(data, blocks)
    errors = []
    for clusters in (blocks, data.clusters):
        everything = {"all": np.ones(180, bool)}
        [bootstrap] = bootstrap_strata(data.human, data.scores, everything, clusters, PLAN)
        errors.append(bootstrap.resampled[:, :, 0].std(axis=0, ddof=1))
    assert [one.ratio for one in found] == pytest.approx(errors[0] / errors[1])
    assert {(one.statistic, one.n_blocks, one.note) for one in found} == {("srcc", 30, "")}
    assert [one.metric for one in found] == ["metric0", "metric1"]
    assert repr(spreads_of(data, blocks, n_threads=1)) == repr(spreads_of(data, blocks, n_threads=2))


def test_blocks_with_something_in_common_widen_intervals():
    """Four captions of a block share their listeners' leniency, so that blocks are what is independent."""
    data = rated_pairs(480, n_metrics=1)
    blocks = data.clusters // 4
    shift = np.random.default_rng(1).normal(size=blocks.max() + 1)[blocks]
    with_shift = type(data)(data.human + shift, {"m": data.scores["metric0"] + 0.1 * shift}, data.clusters)
    [apart], [together] = spreads_of(data, blocks), spreads_of(with_shift, blocks)
    assert apart.ratio == pytest.approx(1, abs=0.2)
    assert together.ratio > 1.4


@pytest.mark.parametrize(
    ("n_blocks", "note"), [(1, "listeners connect all captions"), (19, "19 blocks, fewer than 20")]
)
def test_no_ratio_without_enough_blocks_and_the_reason(n_blocks, note):
    data = rated_pairs(120)
    for one in spreads_of(data, data.clusters % n_blocks):
        assert np.isnan(one.ratio)
        assert (one.n_blocks, one.note) == (n_blocks, note)


def test_constant_scores_have_no_ratio_and_say_why():
    data = rated_pairs(120)
    flat = type(data)(data.human, {"flat": np.zeros(120)}, data.clusters)
    [one] = spreads_of(flat, data.clusters)
    assert np.isnan(one.ratio)
    assert one.note == "the scores are constant"


@relate.needs_relate
@pytest.mark.relate
def test_relate_falls_apart_into_276_blocks_that_hardly_widen_intervals():
    data = relate.load()
    blocks = blocks_of(Ratings(data.score, data.pair, data.listener), data.captions)
    assert blocks.max() + 1 == 276
    scores = {f"m{i}": planted_metric(data.mean, srcc, i) for i, srcc in enumerate((0.2, 0.38, 0.48, 0.55))}
    strata = {"all": np.ones(len(blocks), bool), "natural": data.systems == "audiocaps"}
    plan = ResamplingPlan(n_resamples=MAX_RESAMPLES + 1)
    found = block_spreads(data.mean, scores, strata, data.captions, blocks, plan)
    assert [one.n_blocks for one in found] == [276] * 8
    assert all(0.88 < one.ratio < 1.13 for one in found)
    assert np.mean([one.ratio for one in found]) == pytest.approx(1, abs=0.06)
