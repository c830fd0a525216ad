"""Data sets by name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from bench.datasets import adapters
from bench.datasets.adapters.relate_screening import SCREENINGS, SPLITS
from bench.datasets.catalog import entries, find_entry, load_dataset
from bench.datasets.entry import DatasetEntry, resolve
from metrics.errors import DataError, UsageError
from tests.bench.datasets.adapters.synthetic_relate import write_is_and_os, write_relate


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_is_and_os(write_relate(tmp_path))


def test_relate_by_name(root: Path) -> None:
    assert load_dataset("relate", data_root=root).split == "test"
    assert load_dataset("relate:is", data_root=root, screening="none").screening == "none"
    assert load_dataset("relate:os", data_root=root, split="train").name == "relate:os"


def test_csv_file_by_path(tmp_path: Path) -> None:
    path = tmp_path / "own.CSV"
    path.write_text("audio_path,text,rating\na.wav,A,4\n")
    assert load_dataset(str(path)).pairs[0].mean_rating == 4.0
    with pytest.raises(DataError, match="expected 1 to 3"):
        load_dataset(str(path), scale="1-3")


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("relat", {}, "unknown data set 'relat'; did you mean 'relate'?"),
        ("relate:iss", {}, "did you mean 'relate:is'?"),
        ("nowhere.csv", {}, "nowhere.csv: no such file"),
        ("relate", {"scale": "0-5"}, "--scale has no meaning for relate"),
        ("own.csv", {"screening": "released"}, "--screening has no meaning for own.csv"),
        ("own.csv", {"data_root": Path("x")}, "--data-root has no meaning for own.csv"),
        ("demo", {"scale": "0-5"}, "--scale has no meaning for demo"),
    ],
)
def test_wrong_requests(name: str, options: dict[str, str], expected: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_dataset(name, **options)  # type: ignore[arg-type]
    assert expected in str(caught.value)


def test_demo_by_name(tmp_path: Path) -> None:
    pytest.importorskip("bench.datasets.demo.dataset")
    entry = find_entry("demo")
    for split in entry.splits:
        for screening in entry.screenings:
            dataset = load_dataset("demo", split=split, screening=screening, data_root=tmp_path, with_audio=False)
            assert (dataset.name, dataset.split, dataset.screening) == ("demo", split, screening)
    default = load_dataset("demo", data_root=tmp_path, with_audio=False)
    assert (default.split, default.screening) == (entry.splits[0], entry.screenings[0])


def test_defaults_come_first_in_the_listing(root: Path) -> None:
    for entry in map(find_entry, ("relate", "relate:is")):
        dataset = load_dataset(entry.name, data_root=root)
        assert (dataset.split, dataset.screening) == (entry.splits[0], entry.screenings[0])


def test_listing_tells_what_is_there(root: Path, tmp_path: Path) -> None:
    found = {entry.name: entry.presence(root) for entry in entries()}
    assert {"relate", "relate:is", "relate:os", "demo", "FILE.csv"} <= set(found)
    assert found["relate"].location == root
    assert found["relate"].ratings
    assert not found["relate"].audio
    (tmp_path / "RELATE_wave").mkdir()
    assert find_entry("relate").presence(tmp_path).audio
    assert not find_entry("relate:is").presence(tmp_path / "elsewhere").ratings
    assert found["demo"].location is None


def test_entries_name_what_the_loaders_accept() -> None:
    relate = find_entry("relate")
    assert set(relate.splits) == set(SPLITS)
    assert relate.screenings == SCREENINGS


def test_listing_and_loading_import_nothing_heavy(root: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from bench.datasets.catalog import entries, load_dataset;"
        f"[entry.presence() for entry in entries()]; load_dataset('relate', data_root=Path({str(root)!r}));"
        "print(*{'torch', 'pandas', 'scipy', 'matplotlib', 'transformers'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_a_file_in_the_folder_of_adapters_is_a_data_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "newcomer.py").write_text(
        "from pathlib import Path\n"
        "from bench.datasets.entry import DatasetEntry\n"
        "from bench.datasets.types import RatedDataset, RatingScale\n"
        "ENTRIES = (DatasetEntry(name='newcomer', summary='new', scale=None, licence='MIT', takes=frozenset(), "
        "load='bench.datasets.adapters.newcomer:load', find='bench.datasets.adapters.external:find_set'),)\n"
        "load = lambda: RatedDataset('newcomer', RatingScale(0.0, 1.0), (), (), '', Path())\n"
    )
    monkeypatch.setattr(adapters, "__path__", [*adapters.__path__, str(tmp_path)])
    entries.cache_clear()
    try:
        assert load_dataset("newcomer").name == "newcomer"
        with pytest.raises(UsageError, match="--split has no meaning for newcomer"):
            load_dataset("newcomer", split="test")
    finally:
        entries.cache_clear()


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.name)
def test_what_an_entry_names_exists(entry: DatasetEntry) -> None:
    for target in (entry.load, entry.find, entry.pull):
        assert target is None or callable(resolve(target))
    assert entry.dimensions
    assert entry.takes <= {"root", "path", "split", "screening", "dimension", "scale", "with_audio", "progress"}
