"""The lock file of the reference environment: complete, hashed, and within what pyproject.toml allows."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[1]
LOCK = (ROOT / "docs" / "reference-environment.txt").read_text(encoding="utf-8")
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^ \\\n]+)((?: \\\n    --hash=sha256:[0-9a-f]{64})*)", re.MULTILINE)

pytestmark = pytest.mark.skipif(sys.version_info < (3, 11), reason="tomllib is not in Python 3.10")


def declared() -> list[Requirement]:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [text for texts in project["optional-dependencies"].values() for text in texts]
    found = [Requirement(text) for text in (*project["dependencies"], *extras)]
    return [one for one in found if one.name != "clap-bench" and (one.marker is None or one.marker.evaluate())]


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned() -> dict[str, str]:
    return {canonical(name): version for name, version, _ in PINNED.findall(LOCK)}


def test_every_package_has_hashes() -> None:
    lines = [line for line in LOCK.splitlines() if line and not line.startswith((" ", "#"))]
    assert len(lines) > 100
    assert len(pinned()) == len(lines)
    assert all("--hash=sha256:" in hashes for _, _, hashes in PINNED.findall(LOCK))


def test_what_is_declared_is_locked_within_its_range() -> None:
    found = pinned()
    for requirement in declared():
        assert canonical(requirement.name) in found, f"run 'nox -s lock': {requirement.name} is not in it"
        assert Version(found[canonical(requirement.name)]) in requirement.specifier, str(requirement)
