"""Tests that kill much in little time go first: a mutant is dead at the first failure."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


class CheapestKillersFirst:
    """A pytest plugin; what it knows of each test, failures and seconds, is kept in a file between runs."""

    def __init__(self, memory: Path) -> None:
        self.memory = memory
        self.known: dict[str, list[float]] = json.loads(memory.read_text()) if memory.exists() else {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: self._cost_of_a_kill(item.nodeid))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call":
            failures, _ = self.known.get(report.nodeid, [0, 0])
            self.known[report.nodeid] = [failures + report.failed, report.duration]

    def pytest_sessionfinish(self) -> None:
        self.memory.write_text(json.dumps(self.known))

    def _cost_of_a_kill(self, nodeid: str) -> float:
        failures, seconds = self.known.get(nodeid, [0, 0])
        return (seconds + 0.01) / (failures + 0.1)
