"""Means and intervals that are merged are those of all values at once."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bench.scoring.summary import Moments

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=60)


@given(values=VALUES, cuts=st.lists(st.integers(0, 60), max_size=5))
def test_merged_moments_are_those_of_the_whole(values: list[float], cuts: list[int]) -> None:
    merged = Moments()
    for part in np.split(np.array(values), sorted(min(cut, len(values)) for cut in cuts)):
        merged = merged.merge(Moments.of(part))
    assert merged.n == len(values)
    assert merged.mean == pytest.approx(np.mean(values), abs=1e-6, rel=1e-9)
    assert merged.sd == pytest.approx(np.std(values, ddof=1), abs=1e-6, rel=1e-9)


def test_nothing_cancels_far_from_zero() -> None:
    values = 1e9 + np.random.default_rng(0).normal(size=10_000)
    merged = Moments()
    for part in np.array_split(values, 37):
        merged = merged.merge(Moments.of(part))
    assert merged.sd == pytest.approx(np.std(values, ddof=1), rel=1e-9)


def test_interval_is_scipys() -> None:
    values = np.random.default_rng(1).normal(0.3, 0.1, 50)
    low, high = stats.t.interval(0.95, 49, np.mean(values), stats.sem(values))
    assert Moments.of(values).interval() == pytest.approx((low, high), rel=1e-12)


def test_one_value_has_no_interval() -> None:
    assert all(math.isnan(end) for end in Moments.of(np.array([0.5])).interval())
    assert math.isnan(Moments().sd)
