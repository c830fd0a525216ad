"""The records of results: defaults as documented, and no way to change a result after the fact."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil

import pytest

import bench.statistics
from bench.statistics.agreement import MSE, STATISTICS
from bench.statistics.types import DEFAULT_PLAN, ResamplingPlan

MODULES = [
    importlib.import_module(f"bench.statistics.{m.name}") for m in pkgutil.iter_modules(bench.statistics.__path__)
]
RECORDS = [
    one
    for module in MODULES
    for one in vars(module).values()
    if isinstance(one, type) and one.__module__ == module.__name__ and dataclasses.is_dataclass(one)
]


def test_an_error_alone_is_better_when_lower():
    assert [statistic for statistic in STATISTICS if not statistic.higher_is_better] == [MSE]


def test_a_plan_without_arguments_is_the_documented_one():
    assert DEFAULT_PLAN == ResamplingPlan() == ResamplingPlan(9999, "caption", "expanded", 0.95, 9999, 0)


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_results_cannot_be_changed_nor_given_unknown_fields(record):
    one = object.__new__(record)
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(one, dataclasses.fields(record)[0].name, "other")
    assert not hasattr(one, "__dict__")
