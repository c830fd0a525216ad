"""Hashes of files are read back by the names that they were written with."""

from __future__ import annotations

from pathlib import Path

from bench.files.checksums import find_altered, read_sums, write_sums


def test_names_may_hold_what_python_takes_for_the_end_of_a_line(tmp_path: Path) -> None:
    names = ["a\u2028b", "a\x85b", "a\rb", "a\x1cb", "two  spaces", " lead", "\ufeff"]
    for name in names:
        (tmp_path / name).write_text(name)
    write_sums(tmp_path, names)
    found = read_sums(tmp_path)
    assert list(found) == names
    assert not list(find_altered(tmp_path, found))
