"""The records of results: defaults as documented, and no way to change a result after the fact."""

from __future__ import annotations

import dataclasses

import pytest

from bench.statistics import types
from bench.statistics.types import ResamplingPlan

RECORDS = [one for one in vars(types).values() if isinstance(one, type) and one.__module__ == types.__name__]


def test_a_plan_without_arguments_is_the_documented_one():
    assert ResamplingPlan() == ResamplingPlan(9999, "caption", "expanded", 0.95, 0)


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_results_cannot_be_changed_nor_given_unknown_fields(record):
    one = object.__new__(record)
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(one, dataclasses.fields(record)[0].name, "other")
    assert not hasattr(one, "__dict__")
