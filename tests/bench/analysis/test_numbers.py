"""Printed numbers: a sign can be read, and what lies in an interval lies in the printed interval."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.analysis.numbers import decimal, p_text, round_number

FINITE = st.floats(-2, 2) | st.floats(-1e-3, 1e-3)


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(0.12345, 3, "0.123"), (0.0004, 3, "0.0004"), (-0.0004, 3, "-0.0004"), (-1e-9, 3, "0.000"), (0.0, 3, "0.000")],
)
def test_decimals(value: float, digits: int, text: str) -> None:
    assert decimal(value, digits) == text


@given(FINITE, FINITE, st.integers(2, 4))
def test_larger_numbers_never_look_smaller(a: float, b: float, digits: int) -> None:
    low, high = sorted((a, b))
    assert float(decimal(low, digits)) <= float(decimal(high, digits))


@given(FINITE, st.integers(2, 4))
def test_a_sign_can_be_read(value: float, digits: int) -> None:
    if abs(value) > 10 ** -(digits + 3):
        assert math.copysign(1, float(decimal(value, digits))) == math.copysign(1, value)
        assert float(decimal(value, digits)) != 0


@given(st.floats(1e-6, 1))
def test_a_bound_is_not_below_what_it_bounds(p: float) -> None:
    assert float(p_text(p, at_most=True).removeprefix("p ≤ ")) >= p - 1e-9


@pytest.mark.parametrize(
    ("p", "at_most", "text"),
    [
        (0.0123, False, "p = 0.012"),
        (0.0001, False, "p < 0.001"),
        (0.0001, True, "p ≤ 0.0001"),
        (0.0036, True, "p ≤ 0.004"),
        (math.nan, True, ""),
    ],
)
def test_p_values(p: float, at_most: bool, text: str) -> None:
    assert p_text(p, at_most) == text


@pytest.mark.parametrize(("value", "text"), [(45123, "45,000"), (858, "860"), (9.4, "9"), (0.2, "1")])
def test_round_numbers(value: float, text: str) -> None:
    assert round_number(value) == text
