"""A clip that is not there because of how its path is written."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from metrics.audio import AudioError, read_bytes

NAME = "caf\N{LATIN SMALL LETTER E WITH ACUTE}.wav"


def reason(path: Path) -> str:
    with pytest.raises(AudioError) as missing:
        read_bytes(path)
    return str(missing.value)


def test_another_unicode_form_is_named(tmp_path: Path) -> None:
    (tmp_path / unicodedata.normalize("NFD", NAME)).write_bytes(b"x")
    if (tmp_path / NAME).exists():
        pytest.skip("this file system takes both forms for one name")
    assert "written in the Unicode form NFD" in reason(tmp_path / NAME)


def test_spaces_around_a_name_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"x")
    assert "without the spaces around its name" in reason(tmp_path / " a.wav")


@pytest.mark.parametrize(
    ("name", "hint"),
    [("C:\\clips\\a.wav", "a path of Windows"), ("s3://bucket/a.wav", "this is a URL"), ("b.wav", "no such file")],
)
def test_paths_of_elsewhere(tmp_path: Path, name: str, hint: str) -> None:
    said = reason(tmp_path / name)
    assert hint in said
    assert said.endswith("no such file") == (name == "b.wav")
