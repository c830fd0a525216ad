"""Workers that need the same of the local hub at once build it once."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests import hub


def test_what_two_need_at_once_is_built_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built = []

    def build(folder: Path) -> None:
        built.append(folder)
        time.sleep(0.3)
        (folder / "config.json").write_text("{}")

    monkeypatch.setattr(hub, "BUILDERS", {"small": (("someone/small", hub.NO_COMMIT), build)})
    with ThreadPoolExecutor(2) as pool:
        assert set(pool.map(lambda _: hub.need("small", folder=tmp_path), range(2))) == {tmp_path}
    assert len(built) == 1
    repository = tmp_path / "hub" / "models--someone--small"
    assert (repository / "refs" / "main").read_text() == hub.NO_COMMIT
    assert (repository / "snapshots" / hub.NO_COMMIT / "config.json").is_file()
