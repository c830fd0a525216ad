"""``bench report --format html`` and the end of ``bench demo``."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bench import cli
from bench.runs.folder import read_run
from tests.bench.reports.runs import small_run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_run(tmp_path_factory.mktemp("small")).folder


def bench(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> None:
    monkeypatch.setattr(sys, "argv", ["bench", *map(str, arguments)])
    cli.main()


def leave(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> int | str | None:
    with pytest.raises(SystemExit) as left:
        bench(monkeypatch, *arguments)
    return left.value.code


def test_the_page_lies_in_the_runs_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert leave(monkeypatch, "report", folder, "--format", "html") == 0
    assert f"Page: {folder / 'report.html'}" in capsys.readouterr().err
    assert (folder / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert "report.html" not in read_run(folder).manifest.outputs


def test_another_place_and_embedded_clips(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "sub" / "page.html"
    assert leave(monkeypatch, "report", folder, "--format", "html", "--output", page, "--embed-audio", "24") == 0
    assert page.read_text(encoding="utf-8").count("data:audio/mpeg;base64,") == 23
    assert "warning: 1 clips could not be embedded" in capsys.readouterr().err


def test_embedding_belongs_to_html(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert leave(monkeypatch, "report", folder, "--embed-audio", "3") == 2
    assert "--embed-audio belongs to --format html" in capsys.readouterr().err


@pytest.mark.slow
def test_the_demo_ends_with_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert leave(monkeypatch, "demo", "--resamples", "19", "--out", tmp_path / "demo") == 0
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == f"Page to look at and listen to: {tmp_path / 'demo' / 'sounds' / 'report.html'}"
    for part in ("votes", "sounds"):
        assert (tmp_path / "demo" / part / "report.html").is_file()
        assert leave(monkeypatch, "verify", tmp_path / "demo" / part) == 0
    assert leave(monkeypatch, "reproduce", tmp_path / "demo" / "votes", "--out", tmp_path / "again") == 0
