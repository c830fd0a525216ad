"""Mid-ranks are scipy's."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

from bench.statistics.ranks import mid_ranks, mid_ranks_by_row

VALUES = st.lists(st.sampled_from([-1.0, 0.0, 0.5, 2.0, np.inf]), max_size=8)


@given(VALUES)
def test_ranks_are_scipys(values):
    np.testing.assert_array_equal(mid_ranks(np.array(values, dtype=float)), rankdata(values))


@given(
    st.integers(1, 5).flatmap(lambda n: st.lists(st.lists(st.sampled_from([0.0, 1.0, np.nan]), min_size=n, max_size=n)))
)
def test_ranks_by_row_are_scipys_and_leave_out_what_is_undefined(rows):
    values = np.array(rows, dtype=float).reshape(len(rows), -1 if rows else 1)
    expected = [rankdata(row, nan_policy="omit") for row in values]
    np.testing.assert_array_equal(mid_ranks_by_row(values), np.array(expected).reshape(values.shape))
