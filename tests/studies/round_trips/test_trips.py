"""Every journey of the study, with few values: so that it can be run at length at any time."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.studies.round_trips import elsewhere, jobs, runs, votes
from tests.studies.round_trips.__main__ import Trip, travel
from tests.studies.round_trips.draw import Draw


@pytest.mark.slow
@pytest.mark.parametrize(
    "trip", [*runs.TRIPS, *votes.TRIPS, *jobs.TRIPS, *elsewhere.TRIPS], ids=lambda trip: trip.__name__
)
def test_what_is_written_is_read(trip: Trip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    compared, different = travel(trip, 20, Draw(1))
    assert min(compared.values()) >= 20
    assert not different.total()
