"""Pages to open, built once, and browsers to open them in."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.bench.reports.runs import full_size_run, hostile_run, page_of, small_run

ROOT = Path(__file__).resolve().parents[2]
selenium = pytest.importorskip("selenium", reason="selenium is not installed: pip install -e '.[dev]'")

from tests.browser.chromium import Browser, chromium, missing  # noqa: E402 - after the check that selenium is there


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    reason = missing()
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if reason:
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def demo_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page that ``bench demo`` ends with."""
    folder = tmp_path_factory.mktemp("demo")
    command = [sys.executable, "-m", "bench", "demo", "--resamples", "99", "--out", str(folder)]
    # In a process of its own, where no shapes are checked; with one thread, since several wait for each other for
    # minutes where other work shares the processor.
    quiet = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=quiet, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder / "sounds" / "report.html"


@pytest.fixture(scope="session")
def small_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 tones, three of them inside the page."""
    return page_of(small_run(tmp_path_factory.mktemp("small")), n_embedded=3)


@pytest.fixture(scope="session")
def hostile_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return page_of(hostile_run(tmp_path_factory.mktemp("hostile")))


@pytest.fixture(scope="session")
def full_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return page_of(full_size_run(tmp_path_factory.mktemp("full")))


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Browser]]:
    """Start a browser: ``start(width=390, dark=True)``."""
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(chromium(tmp_path / f"profile-{settings}", **settings))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One browser for the tests of a module; each opens its page anew."""
    with chromium(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


@pytest.fixture
def browser(shared: Browser) -> Iterator[Browser]:
    """That browser; after the test nothing has complained and no request has left."""
    yield shared
    assert shared.complaints() == []
    assert shared.foreign_requests() == []


@pytest.fixture(scope="session")
def pictures() -> Path:
    """Where screenshots go, for people to look at."""
    return ROOT / "build" / "screenshots"
