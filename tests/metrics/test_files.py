"""Whole or absent, files and folders alike; and the one home of the user's folders."""

from __future__ import annotations

from pathlib import Path

import platformdirs
import pytest

from metrics import files

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("durable", [True, False])
def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path, durable: bool) -> None:
    path = tmp_path / "new" / "a.txt"
    with files.replacing(path, durable=durable) as temporary:
        temporary.write_text("old")
    with pytest.raises(TypeError), files.replacing(path, durable=durable) as temporary:
        temporary.write_text(3)  # type: ignore[arg-type]
    assert path.read_text() == "old"
    assert list(path.parent.iterdir()) == [path]


def fill(folder: Path, text: str, overwrite: bool = False) -> None:
    with files.replacing_folder(folder, overwrite=overwrite) as part:
        assert list(part.iterdir()) == []
        (part / "a.txt").write_text(text)


def test_a_folder_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    folder = tmp_path / "above" / "x"
    fill(folder, "old")
    with pytest.raises(TypeError):
        fill(folder, 3, overwrite=True)  # type: ignore[arg-type]
    assert (folder / "a.txt").read_text() == "old"
    fill(folder, "new", overwrite=True)
    assert (folder / "a.txt").read_text() == "new"
    assert list(folder.parent.iterdir()) == [folder]


def test_a_folder_that_is_there_is_not_overwritten_unasked(tmp_path: Path) -> None:
    fill(tmp_path / "x", "old")
    with pytest.raises(FileExistsError):
        fill(tmp_path / "x", "new")
    assert (tmp_path / "x" / "a.txt").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_what_kills_have_left_is_no_hindrance(tmp_path: Path) -> None:
    """In the middle of writing, and between the renames and the removal of the old folder."""
    fill(tmp_path / "x", "old")
    for left in (".x.part", ".x.old"):
        (tmp_path / left).mkdir()
        (tmp_path / left / "b.txt").touch()
    fill(tmp_path / "x", "new", overwrite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
    assert (tmp_path / "x" / "a.txt").read_text() == "new"


@pytest.mark.parametrize("content", [None, b"", b"{", b"[1]", b"\xff", b"[" * 100_000])
def test_an_object_that_cannot_be_read_is_empty(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "a.json"
    if content is not None:
        path.write_bytes(content)
    assert files.read_json_object(path) == {}
    files.write_json(path, {"a": 1})
    assert files.read_json_object(path) == {"a": 1}


def test_the_cache_is_where_the_environment_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAP_BENCH_CACHE_DIR", str(tmp_path))
    assert files.cache_folder() == tmp_path
    monkeypatch.delenv("CLAP_BENCH_CACHE_DIR")
    assert files.cache_folder() == platformdirs.user_cache_path("clap-bench", appauthor=False)


def test_user_folders_have_one_home() -> None:
    sources = [path for package in ("bench", "metrics", "finetune") for path in (ROOT / package).rglob("*.py")]
    users = [path.relative_to(ROOT).as_posix() for path in sources if "import platformdirs" in path.read_text()]
    assert users == ["metrics/files.py"]
